import type { AnalysisRun } from '../../api/analysis.ts';
import { KINDS } from '../../api/kinds.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { HttpRoute, Pod, ReplicaSet } from '../../api/workloads.ts';
import type { Kube } from '../../ports/kube.ts';
import { continueChronicle, EMPTY_CHRONICLE } from './chronicle.ts';
import type { Chronicle } from './chronicle.ts';
import { viewMeasurements, viewRevisions, viewRollout, viewWeights } from './rollout-view.ts';
import type { MeasurementView, RevisionView, RolloutView, Weights } from './rollout-view.ts';

export interface ClusterView {
  readonly rollout: RolloutView | undefined;
  readonly weights: Weights | undefined;
  readonly revisions: readonly RevisionView[];
  readonly measurements: readonly MeasurementView[];
}

export interface Observer {
  readonly view: () => ClusterView;
  readonly chronicle: () => Chronicle;
  readonly pods: () => readonly Pod[];
  readonly close: () => void;
}

/** Watches the Rollout and all around it, and keeps the chronicle. */
export function startObserver(
  kube: Kube,
  subject: {
    readonly namespace: string;
    readonly name: string;
    readonly route: string;
    readonly services: { readonly stable: string; readonly canary: string };
  },
): Observer {
  const { namespace, name } = subject;
  const rollouts = kube.caches.open<Rollout>(KINDS.rollout, { namespace });
  const routes = kube.caches.open<HttpRoute>(KINDS.httpRoute);
  const replicaSets = kube.caches.open<ReplicaSet>(KINDS.replicaSet, { namespace });
  const pods = kube.caches.open<Pod>(KINDS.pod, { namespace });
  const runs = kube.caches.open<AnalysisRun>(KINDS.analysisRun, { namespace });
  let chronicle = EMPTY_CHRONICLE;
  let weightBefore = 0;

  function currentWeights(): Weights | undefined {
    const route = routes.get(namespace, subject.route);
    return route === undefined ? undefined : viewWeights(route, subject.services);
  }

  function take(): void {
    const rollout = rollouts.get(namespace, name);
    if (rollout === undefined) return;
    const weights = currentWeights();
    chronicle = continueChronicle(chronicle, { rollout: viewRollout(rollout), weights, weightBefore });
    weightBefore = weights?.canary ?? 0;
  }

  const stops = [rollouts.subscribe(take), routes.subscribe(take)];
  return {
    view: () => {
      const found = rollouts.get(namespace, name);
      const rollout = found === undefined ? undefined : viewRollout(found);
      return {
        rollout,
        weights: currentWeights(),
        revisions:
          rollout === undefined ? [] : viewRevisions(rollout, replicaSets.list(namespace), pods.list(namespace)),
        measurements: viewMeasurements(runs.list(namespace)),
      };
    },
    chronicle: () => chronicle,
    pods: () => pods.list(namespace),
    close: () => {
      for (const stop of stops) stop();
    },
  };
}
