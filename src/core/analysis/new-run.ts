import type { AnalysisRun } from '../../api/analysis.ts';
import { KINDS } from '../../api/kinds.ts';
import { apiVersionOf, controllerReference } from '../../api/kube-object.ts';
import {
  INSTANCE_ID_LABEL,
  POD_TEMPLATE_HASH_LABEL,
  REVISION_ANNOTATION,
  ROLLOUT_TYPE_LABEL,
  STEP_INDEX_LABEL,
} from '../../api/labels.ts';
import type { RolloutType } from '../../api/labels.ts';
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts';
import { resolveRolloutArguments } from './rollout-arguments.ts';
import { freeRunName, runNameOf } from './run-name.ts';
import { runSpecFrom } from './templates.ts';
import type { RunSpecProblem, TemplateSources } from './templates.ts';

export interface NewRunRequest extends TemplateSources {
  readonly rollout: Rollout;
  /** The block of the Rollout that asks for the run. */
  readonly analysis: RolloutAnalysis;
  readonly kind: RolloutType;
  /** For kind Step. */
  readonly stepIndex?: number;
  readonly latestHash: string;
  /** Empty before the first version is stable. */
  readonly stableHash: string;
  readonly revision: number;
  /** Names of AnalysisRuns that exist already, whoever owns them. */
  readonly takenNames: readonly string[];
}

export type NewRunOutcome =
  | { readonly ok: true; readonly run: AnalysisRun }
  /** `message` says what to do, in the API's words where it has some. */
  | { readonly ok: false; readonly code: NewRunProblem; readonly message: string };

export type NewRunProblem = RunSpecProblem | 'argumentField';

/** The AnalysisRun to create for an update's step, background or promotion, complete with labels, owner and arguments. */
export function newRunFor(request: NewRunRequest): NewRunOutcome {
  const { rollout, analysis, latestHash, stableHash } = request;
  const args = resolveRolloutArguments(analysis.args ?? [], { rollout, stableHash, latestHash });
  if (!args.ok) return { ok: false, code: 'argumentField', message: args.message };
  const outcome = runSpecFrom(
    {
      templates: analysis.templates ?? [],
      args: args.args,
      dryRun: analysis.dryRun ?? [],
      measurementRetention: analysis.measurementRetention ?? [],
    },
    request,
  );
  if (!outcome.ok) return outcome;
  return { ok: true, run: { ...identity(request), spec: outcome.spec } };
}

function identity(request: NewRunRequest): Pick<AnalysisRun, 'apiVersion' | 'kind' | 'metadata'> {
  const { rollout, kind, latestHash, revision, stepIndex } = request;
  const base = runNameOf({ rolloutName: rollout.metadata.name, hash: latestHash, revision, kind, stepIndex });
  return {
    apiVersion: apiVersionOf(KINDS.analysisRun),
    kind: KINDS.analysisRun.kind,
    metadata: {
      name: freeRunName(base, new Set(request.takenNames)),
      namespace: rollout.metadata.namespace,
      labels: labelsOf(request),
      annotations: {
        ...request.analysis.analysisRunMetadata?.annotations,
        [REVISION_ANNOTATION]: String(revision),
      },
      ownerReferences: [controllerReference(KINDS.rollout, rollout.metadata)],
    },
  };
}

function labelsOf(request: NewRunRequest): Readonly<Record<string, string>> {
  const { rollout, kind, stepIndex } = request;
  const instanceId = rollout.metadata.labels?.[INSTANCE_ID_LABEL];
  return {
    ...rollout.spec.selector?.matchLabels,
    ...request.analysis.analysisRunMetadata?.labels,
    [POD_TEMPLATE_HASH_LABEL]: request.latestHash,
    [ROLLOUT_TYPE_LABEL]: kind,
    ...(kind === 'Step' ? { [STEP_INDEX_LABEL]: String(stepIndex ?? 0) } : {}),
    ...(instanceId === undefined ? {} : { [INSTANCE_ID_LABEL]: instanceId }),
  };
}
