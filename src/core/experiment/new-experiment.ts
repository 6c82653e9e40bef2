import type { Experiment, ExperimentSpec, ExperimentTemplate } from '../../api/experiment.ts';
import { KINDS } from '../../api/kinds.ts';
import { apiVersionOf, controllerReference } from '../../api/kube-object.ts';
import { POD_TEMPLATE_HASH_LABEL, REVISION_ANNOTATION } from '../../api/labels.ts';
import type { CanaryStep, Rollout } from '../../api/rollout.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { resolveRolloutArguments } from '../analysis/rollout-arguments.ts';

export type ExperimentStep = NonNullable<CanaryStep['experiment']>;

export interface NewExperimentRequest {
  readonly rollout: Rollout;
  readonly step: ExperimentStep;
  readonly name: string;
  readonly revision: number;
  /** The versions that the step can name; undefined while one is not there. */
  readonly canary: ReplicaSet | undefined;
  readonly stable: ReplicaSet | undefined;
  readonly latestHash: string;
  readonly stableHash: string;
}

export type NewExperimentOutcome =
  | { readonly ok: true; readonly experiment: Experiment }
  | { readonly ok: false; readonly message: string };

/** The Experiment to create for a step, with the pod templates as the ReplicaSets of the Rollout have them. */
export function newExperimentFor(request: NewExperimentRequest): NewExperimentOutcome {
  const { rollout, step, revision } = request;
  const templates: ExperimentTemplate[] = [];
  for (const asked of step.templates) {
    const replicaSet = asked.specRef === 'stable' ? request.stable : request.canary;
    if (replicaSet === undefined) return { ok: false, message: `experiment: there is no ${asked.specRef} ReplicaSet` };
    templates.push(templateFrom(asked, replicaSet));
  }
  const analyses: NonNullable<ExperimentSpec['analyses']>[number][] = [];
  for (const { args = [], ...analysis } of step.analyses ?? []) {
    const resolved = resolveRolloutArguments(args, request);
    if (!resolved.ok) return { ok: false, message: `experiment: ${resolved.message}` };
    analyses.push({ ...analysis, ...(resolved.args.length === 0 ? {} : { args: resolved.args }) });
  }
  const spec: ExperimentSpec = {
    templates,
    ...defined('duration', step.duration),
    ...defined('progressDeadlineSeconds', rollout.spec.progressDeadlineSeconds),
    ...(analyses.length === 0 ? {} : { analyses }),
    ...defined('scaleDownDelaySeconds', step.scaleDownDelaySeconds),
    ...defined('dryRun', step.dryRun),
    ...defined('analysisRunMetadata', step.analysisRunMetadata),
  };
  const experiment: Experiment = {
    apiVersion: apiVersionOf(KINDS.experiment),
    kind: KINDS.experiment.kind,
    metadata: {
      name: request.name,
      namespace: rollout.metadata.namespace,
      labels: { ...rollout.metadata.labels, [POD_TEMPLATE_HASH_LABEL]: request.latestHash },
      annotations: { [REVISION_ANNOTATION]: String(revision) },
      ownerReferences: [controllerReference(KINDS.rollout, rollout.metadata)],
    },
    spec,
  };
  return { ok: true, experiment };
}

/** The labels that a step adds are part of the selector too: they tell these pods from those of the Rollout. */
function templateFrom(asked: ExperimentStep['templates'][number], replicaSet: ReplicaSet): ExperimentTemplate {
  const { template, selector, minReadySeconds } = replicaSet.spec;
  const { labels = {}, annotations = {} } = asked.metadata ?? {};
  const chosen = asked.selector ?? selector;
  const wantsService = asked.weight !== undefined || asked.service !== undefined;
  return {
    name: asked.name,
    ...defined('replicas', asked.replicas),
    ...defined('minReadySeconds', minReadySeconds),
    selector: { ...chosen, matchLabels: { ...chosen.matchLabels, ...labels } },
    template: {
      ...template,
      metadata: {
        ...template.metadata,
        labels: { ...template.metadata?.labels, ...labels },
        ...(template.metadata?.annotations === undefined && Object.keys(annotations).length === 0
          ? {}
          : { annotations: { ...template.metadata?.annotations, ...annotations } }),
      },
    },
    ...(wantsService ? { service: asked.service ?? {} } : {}),
  };
}

function defined<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [one in Key]?: Value | undefined } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [one in Key]?: Value });
}
