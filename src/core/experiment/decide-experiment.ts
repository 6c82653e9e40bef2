import { findCondition } from '../../api/conditions.ts';
import { experimentProgressDeadlineSecondsOf } from '../../api/defaults.ts';
import type { ExperimentStatus } from '../../api/experiment.ts';
import { KINDS } from '../../api/kinds.ts';
import { terminationOf, type EventNotice, type KubeWrite } from '../../api/kube-write.ts';
import { invalidExperimentMessage } from '../../api/validation/experiment.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { formatTimestampMs } from '../../lib/timestamp.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import { analysisStatuses, planAnalyses, templatesDueMs } from './analyses.ts';
import { conditionsOf, invalidConditions } from './conditions.ts';
import { endsAtMs } from './ending.ts';
import { analysisNotices, phaseNotices, versionNotices } from './notices.ts';
import type { ExperimentObservation } from './observation.ts';
import { planReplicaSet } from './replica-sets.ts';
import { planService } from './services.ts';
import { verdictOf } from './verdict.ts';
import { deadlineMs, versionStatuses } from './versions.ts';

/** What one pass over an Experiment wants. An unchanged world gives the same status and no writes. */
export interface ExperimentDecision {
  /** The whole next status; the shell writes the difference on the main object, guarded by resourceVersion. */
  readonly status: ExperimentStatus;
  /** In order, after the status was written. */
  readonly writes: readonly KubeWrite[];
  /** Follow from the status alone. */
  readonly events: readonly EventNotice[];
  /** Tell of the writes. */
  readonly deeds: readonly EventNotice[];
  /** Of `events`, those that the Rollout of the Experiment tells too. */
  readonly rolloutEvents: readonly EventNotice[];
  readonly wakeAtMs?: number;
}

/** Each move needs the one before it, and there are fewer kinds of them. */
const MOVES_MAX = 10;

/** The single door to experiments: what the status should be, what to make, scale and end, and when to look again. */
export function decideExperiment(observation: ExperimentObservation): ExperimentDecision {
  const { experiment, nowMs } = observation;
  const before = experiment.status ?? {};
  if (experiment.metadata.deletionTimestamp !== undefined) return nothing(before);
  const invalid = invalidExperimentMessage(experiment);
  if (invalid !== undefined) return refuse(observation, invalid);
  const status = settle(observation, before);
  const next = { ...status, conditions: conditionsOf(experiment, status, nowMs) };
  const versions = experiment.spec.templates.map((template) => ({
    pods: planReplicaSet(observation, next, template),
    service: planService(observation, next, template),
  }));
  const analyses = planAnalyses(observation, next);
  const aboutAnalyses = analysisNotices(before, next);
  return {
    status: next,
    writes: [
      ...versions.flatMap(({ pods, service }) => [...pods.writes, ...service]),
      ...analyses.terminate.map(({ run }) => terminationOf(KINDS.analysisRun, run)),
      ...analyses.create.map((object): KubeWrite => ({ verb: 'create', kind: KINDS.analysisRun, object })),
    ],
    events: [...versionNotices(before, next), ...aboutAnalyses, ...phaseNotices(before, next)],
    deeds: [
      ...versions.flatMap(({ pods }) => pods.notices),
      ...analyses.terminate.map(({ analysis, run }): EventNotice => {
        const message = `Terminating ${analysis} (${run.metadata.name})`;
        return { type: 'Normal', reason: 'AnalysisRunTerminating', message };
      }),
    ],
    rolloutEvents: aboutAnalyses,
    ...earliest(nowMs, [...moments(observation, next), ...versions.map(({ pods }) => pods.wakeAtMs)]),
  };
}

function nothing(status: ExperimentStatus): ExperimentDecision {
  return { status, writes: [], events: [], deeds: [], rolloutEvents: [] };
}

/** A spec that makes no sense is left alone until it is put right. */
function refuse({ experiment, nowMs }: ExperimentObservation, message: string): ExperimentDecision {
  const before = experiment.status ?? {};
  const known = findCondition(before.conditions, 'InvalidSpec')?.message;
  const status = { ...before, conditions: invalidConditions(experiment, message, nowMs) };
  const events: EventNotice[] = known === message ? [] : [{ type: 'Warning', reason: 'InvalidSpec', message }];
  return { ...nothing(status), events };
}

/** Takes every move that the world allows. */
function settle(observation: ExperimentObservation, before: ExperimentStatus): ExperimentStatus {
  let status = before;
  for (let move = 0; move < MOVES_MAX; move += 1) {
    const next = advance(observation, status);
    if (deepEqual(next, status)) return status;
    status = next;
  }
  throw new Error(`Experiment ${observation.experiment.metadata.name} does not settle`);
}

function advance(observation: ExperimentObservation, before: ExperimentStatus): ExperimentStatus {
  const templateStatuses = versionStatuses(observation, before);
  const everyVersionRuns = templateStatuses.every(({ status }) => status === 'Running');
  const availableAt = before.availableAt ?? (everyVersionRuns ? formatTimestampMs(observation.nowMs) : undefined);
  const seen = { ...before, templateStatuses, ...(availableAt === undefined ? {} : { availableAt }) };
  const analysisRuns = analysisStatuses(observation, seen);
  const measured = { ...seen, ...(analysisRuns.length === 0 ? { analysisRuns: undefined } : { analysisRuns }) };
  // The verdict stays what it was.
  if (isOver(before.phase)) return measured;
  const { phase, message } = verdictOf(observation, measured);
  return { ...measured, phase, message: message === '' ? undefined : message };
}

/** Moments at which time alone changes something. */
function moments(observation: ExperimentObservation, status: ExperimentStatus): readonly (number | undefined)[] {
  const { spec } = observation.experiment;
  if (isOver(status.phase)) return [];
  const deadlineSeconds = experimentProgressDeadlineSecondsOf(spec);
  const deadlines = (status.templateStatuses ?? [])
    .filter((version) => version.status === 'Progressing')
    .map((version) => deadlineMs(version, deadlineSeconds) + 1);
  return [endsAtMs(spec, status), templatesDueMs(observation), ...deadlines];
}

function earliest(nowMs: number, times: readonly (number | undefined)[]): Pick<ExperimentDecision, 'wakeAtMs'> {
  const ahead = times.filter((time) => time !== undefined).filter((time) => time > nowMs && Number.isFinite(time));
  return ahead.length === 0 ? {} : { wakeAtMs: Math.min(...ahead) };
}
