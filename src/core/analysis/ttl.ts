import type { AnalysisRun } from '../../api/analysis.ts';
import { waitStartMs } from '../../lib/timestamp.ts';

/** When a run that ended is deleted (milliseconds since the epoch); undefined when it stays. */
export function deletionTimeMs(run: Pick<AnalysisRun, 'spec' | 'status'>): number | undefined {
  const { ttlStrategy } = run.spec;
  const { completedAt, phase } = run.status ?? {};
  if (ttlStrategy === undefined || completedAt === undefined) return undefined;
  const { secondsAfterCompletion, secondsAfterFailure, secondsAfterSuccess } = ttlStrategy;
  const own = phase === 'Successful' ? secondsAfterSuccess : phase === 'Failed' ? secondsAfterFailure : undefined;
  const seconds = own ?? secondsAfterCompletion;
  const endedMs = waitStartMs(completedAt);
  return seconds === undefined || endedMs === undefined ? undefined : endedMs + seconds * 1_000;
}
