import type { Point } from './model.ts';

/** The window that a range selector looked at. A point at `startMs` is outside, one at `endMs` is inside. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** How many times the usual distance between points the first or last one may be away from the window's edge. */
const EXTRAPOLATION_REACH = 1.1;

/**
 * The increase over the window, extrapolated to its edges after Prometheus' documented rules: all the way to an edge
 * that is nearer than 1.1 average distances of points, else by half an average distance; a counter is never
 * extrapolated below zero. A drop of a counter counts as a restart from zero. Undefined for fewer than two points.
 * Prometheus 2 looked at a counter's zero before it looked at the distance to the edge; this is the order of Prometheus 3.
 */
export function extrapolatedChange(
  points: readonly Point[],
  window: Window,
  kind: 'counter' | 'gauge',
): number | undefined {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < 2) return undefined;
  const change = last.value - first.value + (kind === 'counter' ? lostByResets(points) : 0);
  const sampledMs = last.atMs - first.atMs;
  const averageMs = sampledMs / (points.length - 1);
  const reachMs = averageMs * EXTRAPOLATION_REACH;
  let toStartMs = first.atMs - window.startMs;
  let toEndMs = window.endMs - last.atMs;
  if (toStartMs >= reachMs) toStartMs = averageMs / 2;
  if (toEndMs >= reachMs) toEndMs = averageMs / 2;
  if (kind === 'counter' && change > 0 && first.value >= 0) {
    toStartMs = Math.min(toStartMs, sampledMs * (first.value / change));
  }
  return change * ((sampledMs + toStartMs + toEndMs) / sampledMs);
}

function lostByResets(points: readonly Point[]): number {
  let lost = 0;
  for (let index = 1; index < points.length; index++) {
    const previous = points[index - 1]?.value ?? 0;
    if ((points[index]?.value ?? 0) < previous) lost += previous;
  }
  return lost;
}

/** The change between the last two points; for a counter that restarted, its new value. */
export function instantChange(
  points: readonly Point[],
  kind: 'counter' | 'gauge',
): { change: number; ms: number } | undefined {
  const last = points.at(-1);
  const previous = points.at(-2);
  if (last === undefined || previous === undefined) return undefined;
  const restarted = kind === 'counter' && last.value < previous.value;
  return { change: restarted ? last.value : last.value - previous.value, ms: last.atMs - previous.atMs };
}

/** Sum with compensation of rounding errors (Kahan, in the variant of Neumaier). */
export function preciseSum(values: readonly number[]): number {
  let sum = 0;
  let compensation = 0;
  for (const value of values) {
    const next = sum + value;
    if (!Number.isFinite(next)) compensation = 0;
    else if (Math.abs(sum) >= Math.abs(value)) compensation += sum - next + value;
    else compensation += value - next + sum;
    sum = next;
  }
  return sum + compensation;
}

/** The largest value; NaN only if there is nothing else. */
export function largest(values: readonly number[]): number {
  return values.reduce((best, value) => (value > best || Number.isNaN(best) ? value : best));
}

export function smallest(values: readonly number[]): number {
  return values.reduce((best, value) => (value < best || Number.isNaN(best) ? value : best));
}
