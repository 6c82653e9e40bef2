import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import { isOver } from './metric-verdict.ts';

/** It has not ended, nobody told it to, and it is not on its way out: it may be taken up, or told to end. */
export function isUnderWay({ metadata, spec, status }: AnalysisRun | Experiment): boolean {
  return !isOver(status?.phase) && spec.terminate !== true && metadata.deletionTimestamp === undefined;
}
