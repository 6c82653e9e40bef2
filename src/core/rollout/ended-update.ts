import type { RolloutStatus } from '../../api/rollout.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { UpdateDuration } from './update-duration.ts';

export interface EndedUpdate {
  /** Promoted, FastPromoted, Aborted, Superseded, RolledBack or FastRolledBack. */
  readonly status: string;
  readonly totalSeconds: number;
  /** How much of that people were waited for. */
  readonly manualPauseSeconds: number;
}

/** The update that ends with this change of status, if one does. One that is superseded is known by its successor only. */
export function endedUpdate(before: RolloutStatus, after: RolloutStatus): EndedUpdate | undefined {
  const known = before.duration ?? undefined;
  const next = after.duration ?? undefined;
  if (next === undefined || known?.finishedAt !== undefined) return undefined;
  if (known !== undefined && known.rolloutStartedAt !== next.rolloutStartedAt)
    return lengthOf(known, 'Superseded', next.rolloutStartedAt);
  return next.finishedAt === undefined ? undefined : lengthOf(next, next.completionStatus ?? '', next.finishedAt);
}

function lengthOf(update: UpdateDuration, status: string, endedAt: string | undefined): EndedUpdate | undefined {
  const startedMs = parseTimestampMs(update.rolloutStartedAt);
  const endedMs = parseTimestampMs(endedAt);
  if (startedMs === undefined || endedMs === undefined) return undefined;
  const totalSeconds = Math.max(0, (endedMs - startedMs) / 1_000);
  const pausedMs = parseTimestampMs(update.manualPauseStartedAt);
  const running = pausedMs === undefined ? 0 : Math.max(0, (endedMs - pausedMs) / 1_000);
  const paused = (update.totalManualPauseDurationSeconds ?? 0) + running;
  return { status, totalSeconds, manualPauseSeconds: Math.min(totalSeconds, paused) };
}
