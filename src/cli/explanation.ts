import { findCondition } from '../api/conditions.ts';
import { progressDeadlineSecondsOf, replicasOf } from '../api/defaults.ts';
import type { Rollout } from '../api/rollout.ts';
import type { ReplicaSet } from '../api/workloads.ts';
import { isInconclusivePause } from '../core/rollout/position.ts';
import { hashOf } from '../core/rollout/replica-set.ts';
import { revisionOf } from '../core/rollout/revisions.ts';
import { stepText } from '../core/rollout/step-text.ts';
import { formatSeconds, parsePauseDurationMs } from '../lib/duration.ts';
import { parseTimestampMs, waitStartMs } from '../lib/timestamp.ts';
import { ownedBy, type Relatives } from './relatives.ts';
import { metricsOf } from './view/measured.ts';
import { podState } from './view/pod-state.ts';
import { phaseShown } from './view/rollout-phase.ts';
import { replicaSetTags } from './view/nodes.ts';
import { rolloutView } from './view/rollout-view.ts';

/** Why a Rollout is where it is, from what anybody with read access can see. */
export interface Explanation {
  readonly name: string;
  readonly phase: string;
  readonly message: string;
  /** Where in its update it is. */
  readonly stands: string;
  readonly waitsFor: readonly string[];
  readonly wakes: readonly string[];
  readonly facts: readonly string[];
  readonly commands: readonly { readonly verb: string; readonly effect: string }[];
}

export function explanationOf(rollout: Rollout, relatives: Relatives, nowMs: number): Explanation {
  const look: Look = { rollout, relatives, nowMs, hold: holdOf(rollout) };
  const shown = phaseShown(rollout);
  return {
    name: rollout.metadata.name,
    ...shown,
    stands: standsAt(look),
    waitsFor: look.hold === 'nothing' ? [] : [...waits(look), ...podTroubles(look), ...measurements(look)],
    wakes: wakes(look),
    facts: facts(look).filter((fact) => !shown.message.includes(fact)),
    commands: commands(look),
  };
}

/** What keeps a Rollout from going on, first of all. */
type Hold = 'unseen' | 'invalid' | 'aborted' | 'userPause' | 'pause' | 'inconclusive' | 'progress' | 'nothing';

interface Look {
  readonly rollout: Rollout;
  readonly relatives: Relatives;
  readonly nowMs: number;
  readonly hold: Hold;
}

function holdOf(rollout: Rollout): Hold {
  const { status = {}, spec } = rollout;
  if (phaseShown(rollout).message.startsWith('waiting for rollout spec update')) return 'unseen';
  if (status.abort === true || findCondition(status.conditions, 'Progressing')?.reason === 'RolloutAborted')
    return 'aborted';
  if (findCondition(status.conditions, 'InvalidSpec')?.status === 'True') return 'invalid';
  if (spec.paused === true) return 'userPause';
  const pauses = status.pauseConditions ?? [];
  if (pauses.some(isInconclusivePause)) return 'inconclusive';
  if (pauses.length > 0) return 'pause';
  return status.phase === 'Healthy' ? 'nothing' : 'progress';
}

function standsAt(look: Look): string {
  const { status = {}, spec } = look.rollout;
  const to = versionText(look, status.currentPodHash);
  if (status.stableRS === undefined) return `It installs its first version${to === '' ? '' : `,${to}`}.`;
  if (status.stableRS === status.currentPodHash) return `All of it runs the stable version,${to}.`;
  const from = versionText(look, status.stableRS);
  const { steps = [], stepsDone = 0 } = rolloutView(look.rollout, look.relatives);
  if (look.hold === 'aborted') return `The update to${to} was aborted; traffic belongs to the stable version,${from}.`;
  if (spec.strategy?.blueGreen !== undefined) {
    const isActive = status.blueGreen?.activeSelector === status.currentPodHash;
    return `It updates from${from} to${to}; the active Service leads to the ${isActive ? 'new' : 'old'} version.`;
  }
  const step = steps[stepsDone];
  const where = step === undefined ? 'all steps are done' : `step ${stepsDone + 1} of ${steps.length} (${step.text})`;
  return `It updates from${from} to${to}; ${where}.`;
}

/** ` revision 2 (shop:2)`. */
function versionText({ rollout, relatives }: Look, hash: string | undefined): string {
  const replicaSet = ownedBy(relatives.replicaSets, rollout.metadata.uid).find(
    (candidate) => hash !== undefined && hashOf(candidate) === hash,
  );
  if (replicaSet === undefined) return hash === undefined ? '' : ` ${hash}`;
  const images = (replicaSet.spec.template.spec?.containers ?? []).map(({ image }) => image ?? '').join(', ');
  return ` revision ${revisionOf(replicaSet)} (${images})`;
}

function waits(look: Look): readonly string[] {
  const { rollout, hold } = look;
  const { conditions } = rollout.status ?? {};
  const waiting = findCondition(conditions, 'Waiting');
  const said = waiting?.status === 'True' ? [waiting.message] : [];
  switch (hold) {
    case 'unseen': {
      const seen = rollout.status?.observedGeneration ?? 'none';
      return [`the controller to take up generation ${rollout.metadata.generation} of the spec; it has seen ${seen}`];
    }
    case 'invalid':
      return [findCondition(conditions, 'InvalidSpec')?.message ?? 'a valid spec'];
    case 'aborted':
      return said.length > 0 ? said : ['a new template or a retry'];
    case 'userPause':
      return ['somebody to resume it: spec.paused is true'];
    case 'inconclusive':
      return ['somebody to judge: a measurement was neither good nor bad'];
    case 'pause':
      return said.length > 0 ? said : ['the end of its pause'];
    case 'progress':
      return said.length > 0 ? said : [phaseShown(rollout).message || 'pods to come and go'];
    case 'nothing':
      return [];
  }
}

/** Pods with the same trouble are told together. */
function podTroubles({ rollout, relatives }: Look): readonly string[] {
  return ownedBy(relatives.replicaSets, rollout.metadata.uid).flatMap((replicaSet) => {
    const wanted = replicaSet.spec.replicas ?? 1;
    if (wanted === 0) return [];
    const pods = ownedBy(relatives.pods, replicaSet.metadata.uid);
    const states = pods.map((pod) => ({ name: pod.metadata.name, ...podState(pod) })).filter(({ ready }) => !ready);
    const lines = grouped(states.map(({ name, reason = 'not ready' }) => ({ name, reason })));
    const failure = replicaSet.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    const refused =
      failure?.status === 'True' ? [`no pod can be made: ${failure.message ?? failure.reason ?? ''}`] : [];
    if (lines.length + refused.length === 0) return [];
    const available = replicaSet.status?.availableReplicas ?? 0;
    const head = `pods of revision ${revisionOf(replicaSet)}${roleText(rollout, replicaSet)}: ${available} of ${wanted} available`;
    return [[head, ...refused, ...lines].join('\n')];
  });
}

function roleText(rollout: Rollout, replicaSet: ReplicaSet): string {
  const tags = replicaSetTags(rollout, replicaSet);
  return tags.length === 0 ? '' : ` (${tags.join(', ')})`;
}

/** How many names a line shows. */
const NAMES_MAX = 3;

function grouped(troubles: readonly { readonly name: string; readonly reason: string }[]): readonly string[] {
  return [...Map.groupBy(troubles, ({ reason }) => reason)].map(([reason, group]) => {
    const names = group.slice(0, NAMES_MAX).map(({ name }) => name);
    const more = group.length > NAMES_MAX ? ` and ${group.length - NAMES_MAX} more` : '';
    return `${names.join(', ')}${more}: ${reason}`;
  });
}

function measurements({ rollout, relatives, nowMs }: Look): readonly string[] {
  const running = ownedBy(relatives.analysisRuns, rollout.metadata.uid).filter(({ status }) =>
    [undefined, 'Pending', 'Running'].includes(status?.phase),
  );
  return running.map((run) => {
    const lines = metricsOf(run, nowMs).map(({ name, phase, counts, last, next }) => {
      const due = next === '' ? '' : `; next ${next}`;
      return `${name}: ${phase}, ${counts}, last ${last}${due}`;
    });
    return [`AnalysisRun ${run.metadata.name}`, ...lines].join('\n');
  });
}

function wakes(look: Look): readonly string[] {
  const { rollout, relatives, nowMs, hold } = look;
  switch (hold) {
    case 'nothing':
      return ['a new pod template, or new steps'];
    case 'unseen':
      return [
        'the controller, as soon as it looks; if it does not, it is not running or not responsible for this namespace',
      ];
    case 'invalid':
      return ['an edit of the spec, or of the object that it names'];
    case 'aborted':
      return [...trafficWakes(rollout), 'a new pod template, the old one, or a retry'];
    case 'userPause':
      return ['only a person: resume, or promote'];
    case 'inconclusive':
      return ['only a person: promote, or abort'];
    case 'pause': {
      const endsAtMs = pauseEndsAtMs(rollout);
      if (endsAtMs === undefined) return ['only a person: promote, or abort'];
      return [
        `time: the pause ends in ${formatSeconds(Math.max(0, endsAtMs - nowMs))}, at ${new Date(endsAtMs).toISOString()}`,
      ];
    }
    case 'progress': {
      const measures = isMeasured(rollout, relatives);
      const waiting = findCondition(rollout.status?.conditions, 'Waiting');
      const cause = WAKES[waiting?.status === 'True' ? waiting.reason : ''] ?? 'a change of its pods';
      return [cause, ...(measures && waiting?.reason !== 'Analysis' ? ['the verdict of a measurement'] : [])];
    }
  }
}

/** After an abort the traffic may still be on its way back. */
function trafficWakes({ status = {} }: Rollout): readonly string[] {
  const waiting = findCondition(status.conditions, 'Waiting');
  return waiting?.status === 'True' && waiting.reason.startsWith('Traffic') ? [WAKES[waiting.reason] ?? ''] : [];
}

/** By the reason of the condition Waiting. */
const WAKES: Readonly<Record<string, string>> = {
  Pods: 'a change of its pods',
  Endpoints: 'the Service that leads to other pods',
  TrafficRouter: 'the object of the traffic router, once it can be used',
  TrafficPropagation: 'the traffic router, once it obeys the weight that was written',
  Analysis: 'the verdict of a measurement',
  Timer: 'time',
};

function pauseEndsAtMs({ spec, status = {} }: Rollout): number | undefined {
  const start = status.pauseConditions?.[0]?.startTime;
  const startMs = start === undefined ? undefined : waitStartMs(start);
  if (startMs === undefined) return undefined;
  const { blueGreen, canary } = spec.strategy ?? {};
  if (blueGreen !== undefined) {
    const seconds = blueGreen.autoPromotionSeconds ?? 0;
    return seconds > 0 ? startMs + seconds * 1_000 : undefined;
  }
  const duration = canary?.steps?.[status.currentStepIndex ?? 0]?.pause?.duration ?? undefined;
  const durationMs = duration === undefined ? undefined : parsePauseDurationMs(duration);
  return durationMs === undefined ? undefined : startMs + durationMs;
}

function facts(look: Look): readonly string[] {
  const { rollout, hold, relatives } = look;
  const { status = {}, spec } = rollout;
  const view = rolloutView(rollout, relatives);
  const found: string[] = [];
  const aborted = findCondition(status.conditions, 'Progressing');
  if (hold === 'aborted' && aborted !== undefined) found.push(aborted.message);
  const broken = findCondition(status.conditions, 'ReconcileError');
  if (broken?.status === 'True') found.push(broken.message);
  if (view.weightVerified === false)
    found.push(`weight ${view.actualWeight} is written, but the data plane has not shown it yet`);
  else if (hold !== 'nothing' && spec.strategy?.canary !== undefined && view.setWeight !== view.actualWeight)
    found.push(`${view.actualWeight} % of the traffic are on the new version, ${view.setWeight} % are wanted`);
  if (status.promoteFull === true) found.push('a full promotion was asked for: steps, pauses and analyses are skipped');
  const restart = spec.restartAt ?? undefined;
  if (restart !== undefined && restart !== status.restartedAt) found.push(`its pods are to restart at ${restart}`);
  const deadline = hold === 'progress' ? deadlineText(look) : undefined;
  if (deadline !== undefined) found.push(deadline);
  if (relatives.hidden.length > 0)
    found.push(`you may not list ${relatives.hidden.join(', ')}, so they are left out here`);
  if (replicasOf(spec) === 0) found.push('it is scaled to 0');
  return found;
}

/** The deadline counts while pods are what is waited for: not people, and not a measurement. */
function deadlineText({ rollout, relatives, nowMs }: Look): string | undefined {
  const { spec, status = {} } = rollout;
  const progressing = findCondition(status.conditions, 'Progressing');
  const step = spec.strategy?.canary?.steps?.[status.currentStepIndex ?? 0];
  const isHeld = step?.pause !== undefined || step?.analysis !== undefined || step?.experiment !== undefined;
  const sinceMs = parseTimestampMs(progressing?.lastUpdateTime);
  if (isHeld || isMeasured(rollout, relatives) || sinceMs === undefined) return undefined;
  if (progressing?.status !== 'True' || progressing.reason === 'NewReplicaSetAvailable') return undefined;
  const leftMs = sinceMs + progressDeadlineSecondsOf(spec) * 1_000 - nowMs;
  if (leftMs <= 0) return undefined;
  const end = spec.progressDeadlineAbort === true ? 'aborted' : 'Degraded';
  return `without any progress it is ${end} in ${formatSeconds(leftMs)} (progressDeadlineSeconds: ${progressDeadlineSecondsOf(spec)})`;
}

function isMeasured(rollout: Rollout, relatives: Relatives): boolean {
  return ownedBy(relatives.analysisRuns, rollout.metadata.uid).some(({ status }) => status?.phase === 'Running');
}

function commands({ rollout, hold, relatives }: Look): Explanation['commands'] {
  const { name } = rollout.metadata;
  const { spec, status = {} } = rollout;
  const { steps = [], stepsDone = 0 } = rolloutView(rollout, relatives);
  const next = spec.strategy?.canary?.steps?.[stepsDone + 1];
  const onward =
    next === undefined ? 'on to the full size' : `on to step ${stepsDone + 2} of ${steps.length} (${stepText(next)})`;
  const switchOver = spec.strategy?.blueGreen === undefined ? onward : 'switches the active Service to the new version';
  const isUpdate = status.stableRS !== undefined && status.stableRS !== status.currentPodHash;
  const full = { verb: `promote ${name} --full`, effect: 'all at once: no more steps, pauses or analyses' };
  const abort = { verb: `abort ${name}`, effect: 'back to the stable version' };
  switch (hold) {
    case 'nothing':
    case 'unseen':
      return [];
    case 'invalid':
      return [
        { verb: 'lint -f FILE', effect: 'checks the manifest before you apply it' },
        ...(isUpdate ? [abort] : []),
      ];
    case 'aborted':
      return [
        { verb: `retry ${name}`, effect: 'tries the same version again from its first step' },
        ...undoToStable(rollout, relatives),
      ];
    case 'userPause':
      return [{ verb: `resume ${name}`, effect: 'takes spec.paused back' }, ...(isUpdate ? [abort] : [])];
    case 'pause':
    case 'inconclusive':
      return [{ verb: `promote ${name}`, effect: switchOver }, full, abort];
    case 'progress':
      if (!isUpdate) return [];
      return [...(steps.length > stepsDone ? [{ verb: `skip ${name}`, effect: onward }] : []), full, abort];
  }
}

/** The revision before the newest need not be the stable one, so it is named. */
function undoToStable(rollout: Rollout, relatives: Relatives): Explanation['commands'] {
  const { metadata, status = {} } = rollout;
  const stable = ownedBy(relatives.replicaSets, metadata.uid).find(
    (replicaSet) => hashOf(replicaSet) !== '' && hashOf(replicaSet) === status.stableRS,
  );
  if (stable === undefined) return [];
  const revision = revisionOf(stable);
  return [
    { verb: `undo ${metadata.name} --to-revision ${revision}`, effect: 'makes the stable version the wanted one' },
  ];
}
