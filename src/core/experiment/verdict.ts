import type { AnalysisPhase } from '../../api/analysis.ts';
import type { ExperimentStatus } from '../../api/experiment.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import { doubtsOf, isDurationOver, REQUIRED_COMPLETED, requirement, type Doubt } from './ending.ts';
import type { ExperimentObservation } from './observation.ts';

export interface ExperimentVerdict {
  readonly phase: AnalysisPhase;
  readonly message: string;
}

/** From best to worst. */
const VERSIONS: readonly string[] = ['Successful', 'Running', 'Progressing', 'Error', 'Failed'];
const ANALYSES: readonly AnalysisPhase[] = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed'];

const PHASE_OF_VERSIONS: Readonly<Record<string, AnalysisPhase>> = {
  Successful: 'Successful',
  Running: 'Running',
  Progressing: 'Pending',
  Error: 'Error',
  Failed: 'Failed',
};

/**
 * What versions and analyses come to. Something bad ends the experiment at once; something good only when every
 * measurement is over, and none of them reads good without having measured.
 */
export function verdictOf(observation: ExperimentObservation, status: ExperimentStatus): ExperimentVerdict {
  const { spec } = observation.experiment;
  const versions = worst(
    (status.templateStatuses ?? []).map(({ status: phase = 'Progressing', message = '' }) => ({ phase, message })),
    VERSIONS,
  );
  const ofVersions = { phase: PHASE_OF_VERSIONS[versions.phase] ?? 'Pending', message: versions.message };
  if (versions.phase === 'Failed' || versions.phase === 'Error') return ofVersions;
  const analyses = worst(
    (status.analysisRuns ?? []).map(({ phase, message = '' }) => ({ phase, message })),
    ANALYSES,
  );
  if (isOver(analyses.phase) && analyses.phase !== 'Successful') return analyses;
  switch (requirement(spec, status, observation.analysisRuns)) {
    case 'met':
      return { phase: 'Successful', message: REQUIRED_COMPLETED };
    case 'unproven':
      // Who ends it knows that it proves nothing.
      return spec.terminate === true ? openVerdict(observation, status, ofVersions) : unproven(observation, status);
    case 'open':
      return openVerdict(observation, status, ofVersions);
  }
}

/** Nothing is bad, and no required analysis has decided it. */
function openVerdict(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  ofVersions: ExperimentVerdict,
): ExperimentVerdict {
  const { experiment, nowMs, analysisRuns } = observation;
  const { spec } = experiment;
  const isMeasured = analysesAreOver(observation, status);
  if (spec.terminate === true) {
    if (!isMeasured) return { phase: 'Running', message: ofVersions.message };
    return { phase: 'Successful', message: terminated(doubtsOf(spec, status, analysisRuns)) };
  }
  if (!isDurationOver(spec, status, nowMs) || ofVersions.phase !== 'Successful') return ofVersions;
  if (!isMeasured) return { phase: 'Running', message: '' };
  return doubtsOf(spec, status, analysisRuns).length === 0 ? ofVersions : unproven(observation, status);
}

/** Those that were begun; a termination before that leaves nothing to wait for. */
function analysesAreOver({ experiment }: ExperimentObservation, status: ExperimentStatus): boolean {
  const recorded = status.analysisRuns ?? [];
  const begun = experiment.spec.terminate === true || recorded.length === (experiment.spec.analyses ?? []).length;
  return begun && recorded.every(({ phase }) => isOver(phase));
}

function unproven(observation: ExperimentObservation, status: ExperimentStatus): ExperimentVerdict {
  const doubts = doubtsOf(observation.experiment.spec, status, observation.analysisRuns);
  const message = doubts.map(({ analysis, cause }) => `Analysis '${analysis}' proves nothing: ${cause}`).join('; ');
  return { phase: 'Inconclusive', message };
}

function terminated(doubts: readonly Doubt[]): string {
  const names = doubts.map(({ analysis }) => analysis).join(', ');
  return names === '' ? 'Experiment Terminated' : `Experiment Terminated (not measured: ${names})`;
}

function worst<Phase extends string>(
  found: readonly { readonly phase: Phase; readonly message: string }[],
  order: readonly Phase[],
): { readonly phase: Phase; readonly message: string } {
  const [best] = order;
  if (best === undefined) throw new Error('phases have an order');
  let result: { readonly phase: Phase; readonly message: string } = { phase: best, message: '' };
  for (const one of found) {
    if (order.indexOf(one.phase) > order.indexOf(result.phase)) result = one;
  }
  return result;
}
