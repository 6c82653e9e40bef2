import type { Matcher } from './ast.ts';
import { compileMatcher } from './matchers.ts';
import { labelsKey } from './model.ts';
import type { Labels, Point, Sample } from './model.ts';

export interface StoredSeries {
  readonly labels: Labels;
  readonly samples: readonly Sample[];
}

/** What queries read. */
export interface SampleSource {
  select(matchers: readonly Matcher[]): readonly StoredSeries[];
}

export interface StorageLimits {
  /** Samples older than this before the newest append are forgotten. */
  readonly retentionMs: number;
  /** Samples kept of one series, the newest. */
  readonly samplesPerSeriesMax: number;
  /** Further series are refused, so that a pod with a label per request cannot eat the memory. */
  readonly seriesMax: number;
}

const DEFAULT_LIMITS: StorageLimits = { retentionMs: 3_600_000, samplesPerSeriesMax: 4_000, seriesMax: 20_000 };

/** Samples in memory, bounded. */
export class Storage implements SampleSource {
  readonly #series = new Map<string, { labels: Labels; samples: Sample[] }>();
  readonly #limits: StorageLimits;

  constructor(limits: StorageLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Stores one sample; false when it is not newer than the newest of its series, or when there are too many series. */
  append(labels: Labels, sample: Sample): boolean {
    const key = labelsKey(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= this.#limits.seriesMax) return false;
      series = { labels, samples: [] };
      this.#series.set(key, series);
    }
    const newest = series.samples.at(-1);
    if (newest !== undefined && newest.atMs >= sample.atMs) return false;
    series.samples.push(sample);
    this.#trim(series.samples, sample.atMs);
    return true;
  }

  /** Forgets series whose newest sample is older than the retention. */
  forgetOld(nowMs: number): void {
    for (const [key, { samples }] of this.#series) {
      if ((samples.at(-1)?.atMs ?? 0) < nowMs - this.#limits.retentionMs) this.#series.delete(key);
    }
  }

  select(matchers: readonly Matcher[]): readonly StoredSeries[] {
    const tests = matchers.map((matcher) => ({ label: matcher.label, matches: compileMatcher(matcher) }));
    return [...this.#series.values()].filter(({ labels }) =>
      tests.every(({ label, matches }) => matches(labels[label] ?? '')),
    );
  }

  #trim(samples: Sample[], nowMs: number): void {
    let old = Math.max(0, samples.length - this.#limits.samplesPerSeriesMax);
    while ((samples[old]?.atMs ?? nowMs) < nowMs - this.#limits.retentionMs) old++;
    if (old > 0) samples.splice(0, old);
  }
}

/** How far an instant selector looks back for a sample, as in Prometheus. */
export const LOOKBACK_MS = 300_000;

/** The value that a series shows at a moment: its newest sample within the look-back, unless that says it ended. */
export function valueAt(samples: readonly Sample[], atMs: number): number | undefined {
  const newest = samples[firstAfter(samples, atMs) - 1];
  if (newest === undefined || newest.atMs <= atMs - LOOKBACK_MS || newest.value === 'stale') return undefined;
  return newest.value;
}

/** Points in the window, open at its start and closed at its end; markers of the end of a series are left out. */
export function pointsWithin(samples: readonly Sample[], startMs: number, endMs: number): Point[] {
  const points: Point[] = [];
  for (const { atMs, value } of samples.slice(firstAfter(samples, startMs), firstAfter(samples, endMs))) {
    if (value !== 'stale') points.push({ atMs, value });
  }
  return points;
}

/** The index of the first sample that is later than the moment (binary search; samples are in order of time). */
function firstAfter(samples: readonly Sample[], atMs: number): number {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((samples[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
