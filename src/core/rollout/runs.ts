import type { AnalysisPhase, AnalysisRun } from '../../api/analysis.ts';
import {
  POD_TEMPLATE_HASH_LABEL,
  REVISION_ANNOTATION,
  ROLLOUT_TYPE_LABEL,
  STEP_INDEX_LABEL,
  type RolloutType,
} from '../../api/labels.ts';
import type { RolloutAnalysis, RolloutStatus } from '../../api/rollout.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import { newRunFor } from '../analysis/new-run.ts';
import { distrustCause, trustedPhase } from '../analysis/trusted-phase.ts';
import { isUnderWay } from '../analysis/under-way.ts';
import { canCarryAll, isCutOver, isFastTracked, previewIsReady } from './blue-green.ts';
import type { Position } from './position.ts';
import { isWithinRollbackWindow } from './promotion.ts';
import { indexOf } from './step-weights.ts';
import { currentStep } from './steps.ts';
import type { World } from './world.ts';

export type RunKind = RolloutType;

/** The run that measures this part of the update, as the status names it. */
export interface NamedRun {
  readonly name: string;
  /** Undefined while it is not there yet. */
  readonly run: AnalysisRun | undefined;
}

function namedRun(world: World, kind: RunKind): NamedRun | undefined {
  const recorded = recordedRuns(world.status)[kind];
  if (recorded === undefined || recorded.name === '') return undefined;
  return { name: recorded.name, run: world.runs.find((run) => run.metadata.name === recorded.name) };
}

export type RecordedRun = NonNullable<NonNullable<RolloutStatus['canary']>['currentStepAnalysisRunStatus']>;

/** The runs that a status names, with the phases in which it saw them. */
export function recordedRuns({ canary, blueGreen }: RolloutStatus): Readonly<Record<RunKind, RecordedRun | undefined>> {
  return {
    Step: canary?.currentStepAnalysisRunStatus ?? undefined,
    Background: canary?.currentBackgroundAnalysisRunStatus ?? undefined,
    PrePromotion: blueGreen?.prePromotionAnalysisRunStatus ?? undefined,
    PostPromotion: blueGreen?.postPromotionAnalysisRunStatus ?? undefined,
  };
}

/** The analysis that should be under way at this position. */
export function wantedAnalysis(world: World, position: Position, kind: RunKind): RolloutAnalysis | undefined {
  if (!updateIsMeasured(position)) return undefined;
  if (world.blueGreen !== undefined) return blueGreenAnalysis(world, position, kind);
  if (isWithinRollbackWindow(world, position)) return undefined;
  const { steps } = world.settings;
  const index = indexOf(position, steps);
  if (kind === 'Step') return currentStep(world, position)?.analysis;
  if (kind !== 'Background') return undefined;
  const background = world.rollout.spec.strategy?.canary?.analysis;
  return background !== undefined && index >= Math.min(background.startingStep ?? 0, steps.length)
    ? background
    : undefined;
}

/** A finished measurement before the switch stays the verdict of this update after it. */
function blueGreenAnalysis(world: World, position: Position, kind: RunKind): RolloutAnalysis | undefined {
  const { prePromotionAnalysis, postPromotionAnalysis } = world.blueGreen ?? {};
  if (isFastTracked(world, position)) return undefined;
  if (kind === 'PrePromotion') return prePromotionAnalysis;
  return kind === 'PostPromotion' && isCutOver(world, position) ? postPromotionAnalysis : undefined;
}

/** Pods that are to be measured are there. */
function mayBegin(world: World, position: Position, kind: RunKind): boolean {
  switch (kind) {
    case 'Step':
    case 'Background':
      return true;
    case 'PrePromotion':
      return !isCutOver(world, position) && previewIsReady(world, position);
    case 'PostPromotion':
      return canCarryAll(world, position);
  }
}

/** There is an update, and it is neither aborted nor hurried. */
export function updateIsMeasured(position: Position): boolean {
  if (position.stableHash === '' || position.currentHash === position.stableHash) return false;
  return !position.abort && !position.promoteFull;
}

/** What a wanted analysis found out so far. */
export function verdictOf(world: World, position: Position, kind: RunKind): AnalysisPhase | undefined {
  if (wantedAnalysis(world, position, kind) === undefined) return undefined;
  const run = runOfPosition(world, position, kind)?.run;
  return run === undefined ? undefined : trustedPhase(run);
}

const KINDS_OF_RUN: readonly RunKind[] = ['Background', 'Step', 'PrePromotion', 'PostPromotion'];

const NAMES: Readonly<Record<RunKind, string>> = {
  Step: 'Step-based analysis',
  Background: 'Background analysis',
  PrePromotion: 'Blue/green pre-promotion analysis',
  PostPromotion: 'Blue/green post-promotion analysis',
};

/** `Step-based analysis phase error/failed: message`, as the condition and the event of an abort say it. */
export function failureText(world: World, position: Position): string | undefined {
  for (const kind of KINDS_OF_RUN) {
    const verdict = verdictOf(world, position, kind);
    if (verdict !== 'Failed' && verdict !== 'Error') continue;
    const message = runOfPosition(world, position, kind)?.run?.status?.message ?? '';
    return `${NAMES[kind]} phase error/failed${message === '' ? '' : `: ${message}`}`;
  }
  return undefined;
}

/** A run that was under way when the last pass looked is over. */
export function measurementEnded(world: World): boolean {
  return (['PrePromotion', 'PostPromotion'] as const).some((kind) => {
    const recorded = recordedRuns(world.status)[kind]?.status;
    const run = namedRun(world, kind)?.run;
    return (recorded === 'Running' || recorded === 'Pending') && isOver(run?.status?.phase);
  });
}

/** A run of this update is under way. */
export function isMeasuring(world: World, position: Position): boolean {
  return KINDS_OF_RUN.some((kind) => {
    const verdict = verdictOf(world, position, kind);
    return verdict === 'Pending' || verdict === 'Running';
  });
}

export function isInconclusive(world: World, position: Position): boolean {
  return KINDS_OF_RUN.some((kind) => verdictOf(world, position, kind) === 'Inconclusive');
}

/** What makes good-looking runs of this update prove nothing: `AnalysisRun web-1-2 proves nothing: …`. */
export function distrustText(world: World, position: Position): string | undefined {
  const causes = KINDS_OF_RUN.flatMap((kind) => {
    const wanted =
      wantedAnalysis(world, position, kind) === undefined ? undefined : runOfPosition(world, position, kind);
    const cause = wanted?.run === undefined ? undefined : distrustCause(wanted.run);
    return cause === undefined ? [] : [`AnalysisRun ${wanted?.name} proves nothing: ${cause}`];
  });
  return causes.length === 0 ? undefined : causes.join('; ');
}

export interface RunPlan {
  readonly step: PlannedRun | undefined;
  readonly background: PlannedRun | undefined;
  readonly prePromotion: PlannedRun | undefined;
  readonly postPromotion: PlannedRun | undefined;
  /** Runs that measure nothing any more. */
  readonly terminate: readonly AnalysisRun[];
  /** Why a wanted run cannot be made. */
  readonly failures: readonly string[];
}

export interface PlannedRun {
  readonly name: string;
  readonly run: AnalysisRun | undefined;
  readonly create: AnalysisRun | undefined;
}

export interface RunPlanInput {
  readonly revision: number;
  /** No run is begun while the update may not move; those under way go on. */
  readonly mayStart: boolean;
  /** A user resumed after an inconclusive verdict, so it is measured again. */
  readonly again: boolean;
}

export function planRuns(world: World, position: Position, input: RunPlanInput): RunPlan {
  const failures: string[] = [];
  const step = planRun('Step');
  const background = planRun('Background');
  const prePromotion = planRun('PrePromotion');
  const postPromotion = planRun('PostPromotion');
  const planned = [step, background, prePromotion, postPromotion];
  const kept = new Set(isCutShort(position) ? [] : planned.map((plan) => plan?.name));
  const terminate = world.runs.filter(
    (run) =>
      isUnderWay(run) && !kept.has(run.metadata.name) && (isCutShort(position) || !isAhead(world, position, run)),
  );
  return { step, background, prePromotion, postPromotion, terminate, failures };

  function planRun(kind: RunKind): PlannedRun | undefined {
    const analysis = wantedAnalysis(world, position, kind);
    if (analysis === undefined) return lastWord(world, position, kind);
    const named = runOfPosition(world, position, kind);
    const stale = input.again && named?.run !== undefined && trustedPhase(named.run) === 'Inconclusive';
    if (named?.run !== undefined && !stale) return { name: named.name, run: named.run, create: undefined };
    if (!input.mayStart || !mayBegin(world, position, kind))
      return named === undefined ? undefined : { name: named.name, run: undefined, create: undefined };
    const made = newRun(world, position, { kind, analysis, revision: input.revision });
    if (typeof made === 'string') {
      failures.push(made);
      return undefined;
    }
    const adopted = world.runs.find((run) => isTheSame(run, made));
    return adopted === undefined
      ? { name: made.metadata.name, run: undefined, create: made }
      : { name: adopted.metadata.name, run: adopted, create: undefined };
  }
}

/** Under way for the very thing that a run would be made for: whoever made it had recorded it in a status that is not seen yet. */
function isTheSame(run: AnalysisRun, made: AnalysisRun): boolean {
  const [found, wanted] = [run.metadata, made.metadata];
  const revision = (metadata: AnalysisRun['metadata']): string | undefined =>
    metadata.annotations?.[REVISION_ANNOTATION];
  return (
    isUnderWay(run) &&
    deepEqual(found.labels, wanted.labels) &&
    revision(found) === revision(wanted) &&
    deepEqual(run.spec, made.spec)
  );
}

/**
 * A run of this version from further on than the status is: what was read of the Rollout is older than what was read of the
 * run. To end a run cannot be undone, and its step would take the end for a success, so it waits for the status to catch up.
 */
function isAhead(world: World, position: Position, { metadata }: AnalysisRun): boolean {
  const labels = metadata.labels ?? {};
  if (labels[POD_TEMPLATE_HASH_LABEL] !== position.currentHash || position.currentHash === position.stableHash)
    return false;
  const { steps } = world.settings;
  const index = indexOf(position, steps);
  switch (labels[ROLLOUT_TYPE_LABEL]) {
    case 'Step':
      return Number(labels[STEP_INDEX_LABEL]) > index;
    case 'Background':
      return index < (world.rollout.spec.strategy?.canary?.analysis?.startingStep ?? 0);
    case 'PostPromotion':
      return !isCutOver(world, position);
    default:
      return false;
  }
}

/** Nothing more is measured, but what was stays in sight. */
function isCutShort(position: Position): boolean {
  return position.currentHash !== position.stableHash && (position.abort || position.promoteFull);
}

/** Nothing is measured now: what was stays in sight after the update was cut short, and after a blue-green one was promoted. */
function lastWord(world: World, position: Position, kind: RunKind): PlannedRun | undefined {
  const named = namedRun(world, kind);
  if (named?.run?.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] !== position.currentHash) return undefined;
  const isPromoted = world.blueGreen !== undefined && position.currentHash === position.stableHash;
  if (!isCutShort(position) && !(isPromoted && isOver(named.run.status?.phase))) return undefined;
  return { name: named.name, run: named.run, create: undefined };
}

/** The recorded run, unless it belongs to an earlier step or version. */
function runOfPosition(world: World, position: Position, kind: RunKind): NamedRun | undefined {
  const named = namedRun(world, kind);
  if (named?.run === undefined) return named;
  const labels = named.run.metadata.labels ?? {};
  if (labels[POD_TEMPLATE_HASH_LABEL] !== position.currentHash) return undefined;
  const index = labels[STEP_INDEX_LABEL];
  if (kind === 'Step' && index !== undefined && index !== String(indexOf(position, world.settings.steps)))
    return undefined;
  return named;
}

interface NewRunInput {
  readonly kind: RunKind;
  readonly analysis: RolloutAnalysis;
  readonly revision: number;
}

function newRun(world: World, position: Position, input: NewRunInput): AnalysisRun | string {
  const { observation } = world;
  const outcome = newRunFor({
    rollout: world.rollout,
    analysis: input.analysis,
    kind: input.kind,
    stepIndex: indexOf(position, world.settings.steps),
    latestHash: position.currentHash,
    stableHash: position.stableHash,
    revision: input.revision,
    takenNames: [...world.runs.map((run) => run.metadata.name), ...(observation.takenNames ?? [])],
    analysisTemplates: observation.analysisTemplates,
    clusterAnalysisTemplates: observation.clusterAnalysisTemplates,
  });
  return outcome.ok ? outcome.run : outcome.message;
}
