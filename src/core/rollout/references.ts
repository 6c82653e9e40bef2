import { serviceReferences } from '../../api/validation/references.ts';
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { isPodMetadataPending } from './role-metadata.ts';

/** Names of everything that a decision over this Rollout reads by name, each once. */
export interface RolloutReferences {
  readonly services: readonly string[];
  readonly analysisTemplates: readonly string[];
  readonly clusterAnalysisTemplates: readonly string[];
}

/** True while a decision looks at single pods: they are restarted, or get the metadata of another role. */
export function needsPods(rollout: Rollout, replicaSets: readonly ReplicaSet[]): boolean {
  const { restartAt } = rollout.spec;
  const restarts = restartAt !== undefined && restartAt !== null && restartAt !== rollout.status?.restartedAt;
  return restarts || replicaSets.some(isPodMetadataPending);
}

export function referencesOf(rollout: Rollout): RolloutReferences {
  const templates = [
    ...analysesOf(rollout).flatMap((analysis) => analysis.templates ?? []),
    ...(rollout.spec.strategy?.canary?.steps ?? []).flatMap((step) => step.experiment?.analyses ?? []),
  ];
  const named = (clusterScope: boolean): readonly string[] =>
    unique(
      templates
        .filter((template) => (template.clusterScope ?? false) === clusterScope)
        .map((template) => template.templateName ?? '')
        .filter((name) => name !== ''),
    );
  return {
    services: unique(serviceReferences(rollout).map((reference) => reference.name)),
    analysisTemplates: named(false),
    clusterAnalysisTemplates: named(true),
  };
}

function analysesOf(rollout: Rollout): readonly RolloutAnalysis[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  const steps = (canary?.steps ?? []).map((step) => step.analysis);
  const all = [canary?.analysis, ...steps, blueGreen?.prePromotionAnalysis, blueGreen?.postPromotionAnalysis];
  return all.filter((analysis) => analysis !== undefined && analysis !== null);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
