import { findCondition } from '../../api/conditions.ts';
import type { EventNotice } from '../../api/kube-write.ts';
import { REVISION_ANNOTATION } from '../../api/labels.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import type { Plans } from './plans.ts';
import type { Position } from './position.ts';
import { currentRevision } from './promotion.ts';
import { recordedRuns, type RecordedRun } from './runs.ts';
import type { World } from './world.ts';

export interface EventsInput {
  readonly position: Position;
  /** What the moves of the chart have to tell. */
  readonly notices: readonly EventNotice[];
  readonly status: RolloutStatus;
  readonly plans: Plans;
}

/** What there is to tell about a pass, in the order of the API: the new version, its pods, traffic, then the update. */
export function eventsOf(world: World, { position, notices, status, plans }: EventsInput): readonly EventNotice[] {
  const aboutPods = plans.replicaSets.writes.flatMap((write) => write.notices);
  const end = notices.findIndex(({ reason }) => ENDS.includes(reason));
  const onTheWay = end === -1 ? notices : notices.slice(0, end);
  const ended = notices.slice(onTheWay.length);
  return [
    ...firstSightNotices(world),
    ...revisionNotices(world, position),
    ...aboutPods.filter(({ reason }) => reason === 'NewReplicaSetCreated'),
    ...notCompletedNotices(world, position, status),
    ...weightNotices(world, status),
    ...runNotices(world, position, status),
    ...experimentNotices(plans),
    ...onTheWay,
    ...plans.released.map((service) => service.notice),
    ...plans.services.map((service) => service.notice),
    ...aboutPods.filter(({ reason }) => reason !== 'NewReplicaSetCreated'),
    ...failureNotices(world, plans),
    ...ended,
    ...conditionNotices(world, status),
  ];
}

/** What a step leads to is told after it, but an update ends with what its end brought about. */
const ENDS = ['RolloutAborted', 'RolloutCompleted'];

/** A Rollout that no pass has looked at yet. */
function firstSightNotices(world: World): readonly EventNotice[] {
  const { observedGeneration, conditions } = world.status;
  if (observedGeneration !== undefined || conditions !== undefined) return [];
  const { namespace = '', name } = world.rollout.metadata;
  const message = `Rollout resource added to informer: ${namespace}/${name}`;
  return [{ type: 'Normal', reason: 'RolloutAddedToInformer', message }];
}

/**
 * An update begins when what was complete no longer is; one that supersedes it is told by its revision. The first version of
 * a canary begins and is complete at once, that of blue-green was never anything else.
 */
function notCompletedNotices(world: World, position: Position, status: RolloutStatus): readonly EventNotice[] {
  const [before, after] = [world.status, status].map(
    ({ conditions }) => findCondition(conditions, 'Completed')?.status,
  );
  const isFirst = (world.status.stableRS ?? '') === '' && position.stableHash !== '';
  const begins = isFirst ? world.blueGreen === undefined : before !== 'False' && after === 'False';
  if (!begins) return [];
  const revision = currentRevision(world, position);
  const message = `Rollout not completed, started update to revision ${revision} (${position.currentHash})`;
  return [{ type: 'Normal', reason: 'RolloutNotCompleted', message }];
}

/** Told once, also of a version whose ReplicaSet is refused: the Rollout gets its revision only when there is one. */
function revisionNotices(world: World, position: Position): readonly EventNotice[] {
  if (world.problems.length > 0 || world.status.currentPodHash === position.currentHash) return [];
  const revision = String(currentRevision(world, position));
  if (world.rollout.metadata.annotations?.[REVISION_ANNOTATION] === revision) return [];
  return [{ type: 'Normal', reason: 'RolloutUpdated', message: `Rollout updated to revision ${revision}` }];
}

function weightNotices(world: World, status: RolloutStatus): readonly EventNotice[] {
  const before = world.status.canary?.weights?.canary.weight;
  const after = status.canary?.weights?.canary.weight;
  if (after === undefined) return [];
  const swapped = world.settings.pingPong && world.status.canary?.stablePingPong !== status.canary?.stablePingPong;
  // All traffic was seen on the Service that is the stable one from now on.
  const seen = swapped ? [before, world.settings.weightTotal, after] : [before, after];
  return seen.slice(1).flatMap((weight, index) => {
    const previous = seen[index];
    if (previous === weight) return [];
    const from = previous === undefined ? '' : ` from ${previous}`;
    return [{ type: 'Normal', reason: 'TrafficWeightUpdated', message: `Traffic weight updated${from} to ${weight}` }];
  });
}

function runNotices(world: World, position: Position, status: RolloutStatus): readonly EventNotice[] {
  const before = recordedRuns(world.status);
  const after = recordedRuns(status);
  return (['Step', 'Background', 'PrePromotion', 'PostPromotion'] as const).flatMap((kind) => {
    const run = after[kind] ?? endedRun(world, before[kind]);
    return wasStopped(world, position, run) ? [] : runNotice(kind, before[kind], run);
  });
}

/** Ended because nobody needs it any more: whatever it reads then, it proves nothing. */
function wasStopped(world: World, position: Position, run: RecordedRun | undefined): boolean {
  const needless = position.abort || position.promoteFull || position.currentHash === position.stableHash;
  if (!needless || (run?.status !== 'Successful' && run?.status !== 'Inconclusive')) return false;
  return world.runs.some(({ metadata, spec }) => metadata.name === run.name && spec.terminate === true);
}

/** The verdict with which the update went on in the same pass, so that status never shows it. */
function endedRun(world: World, before: RecordedRun | undefined): RecordedRun | undefined {
  const run = world.runs.find(({ metadata }) => metadata.name === before?.name);
  const phase = run?.status?.phase;
  return run !== undefined && phase !== undefined && isOver(phase)
    ? { name: run.metadata.name, status: phase }
    : undefined;
}

function experimentNotices({ experiments: { current } }: Plans): readonly EventNotice[] {
  if (current?.create === undefined) return [];
  return [{ type: 'Normal', reason: 'ExperimentCreated', message: `Created Experiment '${current.name}'` }];
}

/** Told once; the condition Waiting says so as long as it lasts. */
function failureNotices(world: World, { runs, experiments }: Plans): readonly EventNotice[] {
  const known = findCondition(world.status.conditions, 'Waiting')?.message;
  return [...runs.failures, ...experiments.failures]
    .filter((message) => known?.includes(message) !== true)
    .map((message) => ({ type: 'Warning', reason: 'ReconciliationError', message }));
}

function runNotice(
  kind: string,
  before: RecordedRun | undefined,
  after: RecordedRun | undefined,
): readonly EventNotice[] {
  // A run that nobody has taken up yet has nothing to tell.
  if (after === undefined || after.status === 'Pending') return [];
  const known = before?.name === after.name && before.status !== 'Pending';
  const previous = known ? before.status : undefined;
  if (previous === after.status) return [];
  const bad = after.status === 'Failed' || after.status === 'Error';
  return [
    {
      type: bad ? 'Warning' : 'Normal',
      reason: `AnalysisRun${after.status}`,
      message: `${kind} Analysis Run '${after.name}' Status New: '${after.status}' Previous: '${previous ?? (before === undefined ? 'NoPreviousStatus' : '')}'`,
    },
  ];
}

/** Errors are a state, and a state that begins is told once. */
function conditionNotices(world: World, status: RolloutStatus): readonly EventNotice[] {
  const notices: EventNotice[] = [];
  const invalid = findCondition(status.conditions, 'InvalidSpec');
  if (invalid !== undefined && findCondition(world.status.conditions, 'InvalidSpec')?.message !== invalid.message)
    notices.push({ type: 'Warning', reason: 'InvalidSpec', message: invalid.message });
  const progressing = findCondition(status.conditions, 'Progressing');
  const before = findCondition(world.status.conditions, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded' && before?.reason !== progressing.reason)
    notices.push({ type: 'Warning', reason: progressing.reason, message: progressing.message });
  return notices;
}
