import type { Clock } from '../../ports/clock.ts';
import type { Git, Kustomize, YamlParser } from '../../ports/git.ts';
import type { KindDirectory, Kube, WorkQueue } from '../../ports/kube.ts';
import type { Telemetry } from '../../ports/telemetry.ts';

export interface GitSourceControllerInput {
  readonly kube: Kube;
  readonly kinds: KindDirectory;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
  readonly git: Git;
  readonly yaml: YamlParser;
  readonly kustomize: Kustomize;
  readonly options: GitSourceOptions;
}

export interface GitSourceOptions {
  /** The only namespace that is watched; all of them when absent. */
  readonly namespace?: string;
  readonly workers: number;
  /** Only GitSources that carry this instance id; without one, only those that carry none. */
  readonly instanceId?: string;
  /** Whether a GitSource may apply to other namespaces and to kinds of the whole cluster. */
  readonly scope: 'own-namespace' | 'cluster';
  /** Whether repositories on the controller's own disk may be read. The Git adapter has a list of its own, which must agree. */
  readonly fileUrls: 'allowed' | 'refused';
}
