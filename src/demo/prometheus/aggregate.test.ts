import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aggregate } from './aggregate.ts';
import { histogramQuantile } from './histogram.ts';

test('an aggregation without some labels loses the metric’s name too', () => {
  const elements = ['200', '500'].map((code) => ({ labels: { __name__: 'requests', code, pod: 'p' }, value: 2 }));

  assert.deepEqual(aggregate('sum', { mode: 'without', labels: ['code'] }, elements, 0), [
    { labels: { pod: 'p' }, value: 4 },
  ]);
});

test('topk keeps the elements as they are, NaN last', () => {
  const elements = [Number.NaN, 1, 3, 2].map((value, index) => ({
    labels: { __name__: 'a', index: String(index) },
    value,
  }));

  assert.deepEqual(
    aggregate('topk', { mode: 'by', labels: [] }, elements, 3).map((element) => element.labels['index']),
    ['2', '3', '1'],
  );
});

test('a bucket that was scraped late and holds less than the one before it is lifted', () => {
  const bucket = (le: string, value: number): { labels: Record<string, string>; value: number } => ({
    labels: { __name__: 'b', le },
    value,
  });

  const buckets = [bucket('1', 2), bucket('2', 8), bucket('3', 6), bucket('4', 10), bucket('+Inf', 10)];

  assert.deepEqual(histogramQuantile(0.9, buckets), [{ labels: {}, value: 3.5 }]);
});

test('the quantile of too little is not a number', () => {
  const inf = { labels: { le: '+Inf' }, value: 3 };

  assert.deepEqual(histogramQuantile(0.5, [inf])[0]?.value, Number.NaN);
  assert.deepEqual(
    histogramQuantile(0.5, [
      { labels: { le: '1' }, value: 0 },
      { ...inf, value: 0 },
    ])[0]?.value,
    Number.NaN,
  );
  assert.deepEqual(histogramQuantile(0.5, [{ labels: { le: 'x' }, value: 1 }]), []);
});
