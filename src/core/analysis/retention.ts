import type { Measurement, MetricResult } from '../../api/analysis.ts';
import type { MetricRules } from './metric-rules.ts';

/** All measurements of a run, in bytes of JSON: a third of what etcd takes as one object, of which they are the most. */
export const MEASUREMENTS_BYTES_MAX = 512 * 1024;
/** Of the metadata of a metric whose measurements had to go, so that everybody sees why they are missing. */
export const DROPPED_KEY = 'measurementsDropped';
const DROPPED = `measurements older than these were left out: all of a run may take ${MEASUREMENTS_BYTES_MAX / 1024} KiB`;

/** The measurements that are kept: as many as the rules say, and no more than an object can hold. Counters stay as they are. */
export function retained(results: readonly MetricResult[], rules: MetricRules): readonly MetricResult[] {
  const byRule = results.map((result) => {
    const { measurements } = result;
    const kept = rules.measurementsKept(result.name);
    return measurements === undefined || measurements.length <= kept
      ? result
      : { ...result, measurements: measurements.slice(-kept) };
  });
  const dropped = dropsOf(byRule);
  return byRule.map((result, index) => {
    const count = dropped.get(index) ?? 0;
    if (count === 0) return result;
    const metadata = { ...result.metadata, [DROPPED_KEY]: DROPPED };
    return { ...result, metadata, measurements: result.measurements?.slice(count) };
  });
}

/** By the index of a result, how many of its first measurements go: the oldest of all, and never the last of a metric. */
function dropsOf(results: readonly MetricResult[]): ReadonlyMap<number, number> {
  const sized = results.flatMap((result, index) =>
    (result.measurements ?? []).map((measurement, place, { length }) => ({
      index,
      bytes: bytesOf(measurement),
      startedAt: measurement.startedAt ?? '',
      isLast: place === length - 1,
    })),
  );
  const drops = new Map<number, number>();
  let excess = sized.reduce((sum, { bytes }) => sum + bytes, 0) - MEASUREMENTS_BYTES_MAX;
  if (excess <= 0) return drops;
  const oldestFirst = sized
    .filter(({ isLast }) => !isLast)
    .toSorted((left, right) => (left.startedAt < right.startedAt ? -1 : Number(left.startedAt > right.startedAt)));
  for (const { index, bytes } of oldestFirst) {
    if (excess <= 0) break;
    excess -= bytes;
    drops.set(index, (drops.get(index) ?? 0) + 1);
  }
  return drops;
}

function bytesOf(measurement: Measurement): number {
  return new TextEncoder().encode(JSON.stringify(measurement)).length;
}
