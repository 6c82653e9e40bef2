import { labelsKey, NAME, withoutLabels } from './model.ts';
import type { Labels, VectorElement } from './model.ts';

interface Bucket {
  readonly upper: number;
  readonly count: number;
}

/** The quantile of every classic histogram in the vector, grouped by all labels but `le`. */
export function histogramQuantile(quantile: number, elements: readonly VectorElement[]): VectorElement[] {
  const histograms = new Map<string, { labels: Labels; buckets: Bucket[] }>();
  for (const element of elements) {
    const upper = parseUpper(element.labels['le']);
    if (upper === undefined) continue;
    const labels = withoutLabels(element.labels, [NAME, 'le']);
    const key = labelsKey(labels);
    const histogram = histograms.get(key) ?? { labels, buckets: [] };
    histogram.buckets.push({ upper, count: element.value });
    histograms.set(key, histogram);
  }
  return [...histograms.values()].map(({ labels, buckets }) => ({ labels, value: quantileOf(quantile, buckets) }));
}

function parseUpper(le: string | undefined): number | undefined {
  if (le === undefined) return undefined;
  if (/^\+?inf$/i.test(le)) return Number.POSITIVE_INFINITY;
  const upper = Number(le);
  return le === '' || Number.isNaN(upper) ? undefined : upper;
}

/**
 * Linear interpolation within the bucket that holds the wanted rank. Without a bucket up to +Inf, with fewer than two
 * buckets or without any observation there is no answer (NaN); a rank in the last bucket gives the last finite bound.
 */
function quantileOf(quantile: number, unsorted: readonly Bucket[]): number {
  if (Number.isNaN(quantile)) return Number.NaN;
  if (quantile < 0) return Number.NEGATIVE_INFINITY;
  if (quantile > 1) return Number.POSITIVE_INFINITY;
  const buckets = monotonic(coalesced(unsorted));
  const last = buckets.at(-1);
  if (last === undefined || last.upper !== Number.POSITIVE_INFINITY || buckets.length < 2 || last.count === 0)
    return Number.NaN;
  const rank = quantile * last.count;
  const index = buckets.findIndex((bucket) => bucket.count >= rank);
  const found = buckets[index];
  if (found === undefined) return Number.NaN;
  if (index === buckets.length - 1) return buckets[index - 1]?.upper ?? Number.NaN;
  if (index === 0 && found.upper <= 0) return found.upper;
  const below = buckets[index - 1] ?? { upper: 0, count: 0 };
  return below.upper + (found.upper - below.upper) * ((rank - below.count) / (found.count - below.count));
}

function coalesced(unsorted: readonly Bucket[]): Bucket[] {
  const byUpper = new Map<number, number>();
  for (const bucket of unsorted) byUpper.set(bucket.upper, (byUpper.get(bucket.upper) ?? 0) + bucket.count);
  return [...byUpper].map(([upper, count]) => ({ upper, count })).sort((a, b) => a.upper - b.upper);
}

/** Buckets are scraped one by one, so a later one may seem to hold less; counts are lifted to what came before. */
function monotonic(buckets: readonly Bucket[]): Bucket[] {
  let most = Number.NEGATIVE_INFINITY;
  return buckets.map((bucket) => {
    most = Math.max(most, bucket.count);
    return { upper: bucket.upper, count: most };
  });
}
