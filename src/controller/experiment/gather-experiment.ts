import type { Experiment } from '../../api/experiment.ts';
import { controllerOf } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ExperimentObservation, Refusal, TakenByOthers } from '../../core/experiment/observation.ts';
import { OWNER, type RolloutCaches } from '../rollout/caches.ts';
import { additionalServicesOf } from '../rollout/reads.ts';
import { templatesFor } from '../rollout/gather-templates.ts';

export interface ExperimentInput {
  readonly experiment: Experiment;
  readonly nowMs: number;
  readonly taken: TakenByOthers;
  readonly refusals: readonly Refusal[];
}

/** Collects from the caches all that a decision over this Experiment may depend on. */
export function gatherExperiment(caches: RolloutCaches, input: ExperimentInput): ExperimentObservation {
  const { experiment } = input;
  const uid = experiment.metadata.uid ?? '';
  const analyses = experiment.spec.analyses ?? [];
  const named = (clusterScope: boolean): readonly string[] =>
    analyses.filter((analysis) => (analysis.clusterScope ?? false) === clusterScope).map((one) => one.templateName);
  return {
    ...input,
    weighted: weightedServices(caches, experiment),
    replicaSets: caches.replicaSets.byIndex(OWNER, uid),
    services: caches.services.byIndex(OWNER, uid),
    analysisRuns: caches.analysisRuns.byIndex(OWNER, uid),
    ...templatesFor(caches, experiment.metadata.namespace ?? '', {
      analysisTemplates: named(false),
      clusterAnalysisTemplates: named(true),
    }),
  };
}

/** By the Rollout that the Experiment is a step of: what it records is in its routes, or may be. */
function weightedServices(caches: RolloutCaches, experiment: Experiment): readonly string[] {
  const rollout = rolloutOf(caches, experiment);
  return rollout === undefined ? [] : additionalServicesOf(rollout);
}

/** The Rollout that an Experiment is a step of, if it is one. */
export function rolloutOf(caches: RolloutCaches, experiment: Experiment): Rollout | undefined {
  const owner = controllerOf(experiment);
  if (owner?.kind !== KINDS.rollout.kind) return undefined;
  const rollout = caches.rollouts.get(experiment.metadata.namespace ?? '', owner.name);
  return rollout?.metadata.uid === owner.uid ? rollout : undefined;
}
