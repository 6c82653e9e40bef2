import type { KubeObject } from '../../api/kube-object.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { humanDuration } from '../../lib/human-duration.ts';
import type { ColumnDefinition } from '../resource.ts';

/** Building stones of the tables that `kubectl get` prints for built-in kinds; cells hold the very texts that a real server computes. */
export function column(name: string, value: CellOf, wide: 'always' | 'wide' = 'always'): ColumnDefinition {
  return { name, type: 'string', priority: wide === 'wide' ? 1 : 0, value };
}

export function countColumn(name: string, value: CellOf): ColumnDefinition {
  return { name, type: 'integer', priority: 0, value };
}

export type CellOf = (object: KubeObject, nowMs: number) => string | number | boolean | undefined;

export const ageColumn: ColumnDefinition = column('Age', (object, nowMs) =>
  since(object.metadata.creationTimestamp, nowMs),
);

/** Time since a timestamp, `<unknown>` when there is none. */
export function since(timestamp: string | undefined, nowMs: number): string {
  const ms = parseTimestampMs(timestamp);
  return ms === undefined ? '<unknown>' : humanDuration(nowMs - ms);
}
