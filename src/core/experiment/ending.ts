import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment, ExperimentSpec, ExperimentStatus, ExperimentTemplateStatus } from '../../api/experiment.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { waitStartMs } from '../../lib/timestamp.ts';
import { tampering } from '../analysis/foreign-changes.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import { unmeasuredMetrics } from '../analysis/run-verdict.ts';
import { distrustCause } from '../analysis/trusted-phase.ts';
import type { ExperimentObservation } from './observation.ts';

type AnalysisStatus = NonNullable<ExperimentStatus['analysisRuns']>[number];
type AnalysisSpec = NonNullable<ExperimentSpec['analyses']>[number];

/** Undefined without a duration, or before all versions were available. */
export function endsAtMs(spec: ExperimentSpec, status: ExperimentStatus): number | undefined {
  const durationMs = parseDurationMs(spec.duration ?? '');
  const startMs = waitStartMs(status.availableAt ?? '');
  return durationMs === undefined || startMs === undefined ? undefined : Math.ceil(startMs + durationMs);
}

export function isDurationOver(spec: ExperimentSpec, status: ExperimentStatus, nowMs: number): boolean {
  const endMs = endsAtMs(spec, status);
  return endMs !== undefined && nowMs >= endMs;
}

/** Nothing more is begun, every measurement ends, and the pods go. */
export function isEnding(spec: ExperimentSpec, status: ExperimentStatus, runs: readonly AnalysisRun[]): boolean {
  if (spec.terminate === true || isOver(status.phase)) return true;
  if ((status.templateStatuses ?? []).some((template) => isBadTemplate(template.status))) return true;
  if ((status.analysisRuns ?? []).some((run) => isOver(run.phase) && run.phase !== 'Successful')) return true;
  return requirement(spec, status, runs) !== 'open';
}

/** This version runs no more pods: the experiment ends, or the version itself has failed. */
export function isOnItsWayOut(
  { experiment, analysisRuns }: Pick<ExperimentObservation, 'experiment' | 'analysisRuns'>,
  status: ExperimentStatus,
  template: string,
): boolean {
  return isEnding(experiment.spec, status, analysisRuns) || isBadTemplate(recordedVersion(status, template)?.status);
}

export function isBadTemplate(phase: string | undefined): boolean {
  return phase === 'Failed' || phase === 'Error';
}

/** What the status says of a version. */
export function recordedVersion(status: ExperimentStatus, template: string): ExperimentTemplateStatus | undefined {
  return status.templateStatuses?.find(({ name }) => name === template);
}

/**
 * How the analyses that the experiment waits for have ended: `open` while one has not, or when there are none;
 * `unproven` when one was cut short or measured nothing, which is not good although it reads Successful.
 */
export function requirement(
  spec: ExperimentSpec,
  status: ExperimentStatus,
  runs: readonly AnalysisRun[],
): 'open' | 'met' | 'unproven' {
  const required = (spec.analyses ?? []).filter((analysis) => analysis.requiredForCompletion === true);
  if (required.length === 0) return 'open';
  const states = required.map((analysis) => {
    const recorded = analysisStatusOf(status, analysis);
    if (recorded?.phase !== 'Successful') return 'open';
    return doubtAbout(analysis, recorded, runs) === undefined ? 'met' : 'unproven';
  });
  if (states.includes('unproven')) return 'unproven';
  return states.every((state) => state === 'met') ? 'met' : 'open';
}

export interface Doubt {
  readonly analysis: string;
  /** `it ended before it had measured errors` */
  readonly cause: string;
}

/** Analyses that read Successful and prove nothing. Those that the experiment itself ended only need a measurement. */
export function doubtsOf(
  spec: ExperimentSpec,
  status: ExperimentStatus,
  runs: readonly AnalysisRun[],
): readonly Doubt[] {
  return (spec.analyses ?? []).flatMap((analysis): readonly Doubt[] => {
    const recorded = analysisStatusOf(status, analysis);
    if (recorded === undefined) return [{ analysis: analysis.name, cause: 'it was never begun' }];
    const cause = recorded.phase === 'Successful' ? doubtAbout(analysis, recorded, runs) : undefined;
    return cause === undefined ? [] : [{ analysis: analysis.name, cause }];
  });
}

function doubtAbout(
  analysis: AnalysisSpec,
  recorded: AnalysisStatus,
  runs: readonly AnalysisRun[],
): string | undefined {
  const run = runs.find(({ metadata }) => metadata.name === recorded.analysisRun);
  // Deleted since: what was recorded of it is all that is left.
  if (run === undefined) return undefined;
  if (analysis.requiredForCompletion === true) return distrustCause(run);
  const unmeasured = unmeasuredMetrics(run.spec, run.status?.metricResults ?? []);
  if (unmeasured.length > 0) return `it ended before it had measured ${unmeasured.join(', ')}`;
  return tampering(run);
}

export function analysisStatusOf(status: ExperimentStatus, analysis: AnalysisSpec): AnalysisStatus | undefined {
  return status.analysisRuns?.find(({ name }) => name === analysis.name);
}

/**
 * Why an Experiment that reads Successful proves nothing; undefined where it does. Stricter than the phase: one that was
 * ended from outside reads Successful to tools, unless all that it waited for was measured.
 */
export function distrustOfExperiment(experiment: Experiment): string | undefined {
  const { spec, status = {} } = experiment;
  if (status.phase !== 'Successful') return undefined;
  const tampered = tampering(experiment);
  if (tampered !== undefined) return tampered;
  if (spec.terminate !== true || status.message === REQUIRED_COMPLETED) return undefined;
  return 'it was ended before its time';
}

export const REQUIRED_COMPLETED = 'Required AnalysisRuns completed';
