import type { Commit } from '../git-repository/demo-repository.ts';
import type { LoadSnapshot } from '../load/load-statistics.ts';
import type { MeasurementView, RevisionView, RolloutView, Weights } from './rollout-view.ts';

/** Everything that the terminal shows and the story waits for, at one moment. */
export interface World {
  readonly atMs: number;
  /** Since the demo started. */
  readonly elapsedMs: number;
  readonly headline: string;
  readonly rollout: RolloutView | undefined;
  readonly weights: Weights | undefined;
  readonly revisions: readonly RevisionView[];
  readonly measurements: readonly MeasurementView[];
  readonly load: LoadSnapshot;
  readonly commits: readonly Commit[];
  readonly slack: readonly string[];
  readonly controller: { readonly pid: number | undefined; readonly restarts: number };
}

/** Places that a user may want to look at. */
export interface Places {
  readonly kubeconfigPath: string;
  readonly gatewayUrl: string;
  readonly prometheusUrl: string;
  readonly repository: string;
}
