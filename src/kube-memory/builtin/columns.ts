import type { KubeObject } from '../../api/kube-object.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import type { ColumnDefinition } from '../resource.ts';

/** Building stones of the tables that `kubectl get` prints for built-in kinds; cells hold the very texts that a real server computes. */
export function column(name: string, value: CellOf, wide: 'always' | 'wide' = 'always'): ColumnDefinition {
  return { name, type: 'string', priority: wide === 'wide' ? 1 : 0, value };
}

export function countColumn(name: string, value: CellOf): ColumnDefinition {
  return { name, type: 'integer', priority: 0, value };
}

export type CellOf = (object: KubeObject, nowMs: number) => string | number | boolean | undefined;

export const ageColumn: ColumnDefinition = column('Age', (object, nowMs) => since(object.metadata.creationTimestamp, nowMs));

/** Time since a timestamp, `<unknown>` when there is none. */
export function since(timestamp: string | undefined, nowMs: number): string {
  const ms = parseTimestampMs(timestamp);
  return ms === undefined ? '<unknown>' : humanDuration(nowMs - ms);
}

/**
 * The short durations of `kubectl get`: two units while they tell something, one later (`90s`, `2m5s`, `12m`, `3h10m`, `12h`, `2d3h`, `10d`,
 * `2y30d`). Thresholds as in HumanDuration of k8s.io/apimachinery.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1_000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return joined(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return joined(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return joined(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  if (days < 2_920) return joined(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
