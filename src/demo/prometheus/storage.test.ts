import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pointsWithin, Storage, valueAt } from './storage.ts';

test('looks back five minutes and not further', () => {
  const samples = [{ atMs: 1_000, value: 7 }];

  assert.equal(valueAt(samples, 999), undefined);
  assert.equal(valueAt(samples, 1_000), 7);
  assert.equal(valueAt(samples, 300_999), 7);
  assert.equal(valueAt(samples, 301_000), undefined);
});

test('shows nothing after a series has ended, until it starts again', () => {
  const samples = [
    { atMs: 1_000, value: 7 },
    { atMs: 2_000, value: 'stale' as const },
    { atMs: 3_000, value: 8 },
  ];

  assert.equal(valueAt(samples, 2_500), undefined);
  assert.equal(valueAt(samples, 3_000), 8);
  assert.deepEqual(pointsWithin(samples, 0, 3_000), [
    { atMs: 1_000, value: 7 },
    { atMs: 3_000, value: 8 },
  ]);
});

test('a range is open at its start and closed at its end', () => {
  const samples = [1_000, 2_000, 3_000].map((atMs) => ({ atMs, value: atMs }));

  assert.deepEqual(
    pointsWithin(samples, 1_000, 3_000).map((point) => point.atMs),
    [2_000, 3_000],
  );
});

test('takes no sample that is not newer than the last one', () => {
  const storage = new Storage();

  assert.equal(storage.append({ __name__: 'a' }, { atMs: 5, value: 1 }), true);
  assert.equal(storage.append({ __name__: 'a' }, { atMs: 5, value: 2 }), false);
});

test('stays within its bounds', () => {
  const storage = new Storage({ retentionMs: 10_000, samplesPerSeriesMax: 3, seriesMax: 2 });
  for (let atMs = 0; atMs < 6; atMs++) storage.append({ __name__: 'many' }, { atMs, value: atMs });
  storage.append({ __name__: 'old' }, { atMs: 0, value: 1 });

  assert.equal(storage.append({ __name__: 'one too many' }, { atMs: 0, value: 1 }), false);
  assert.deepEqual(
    storage.select([{ label: '__name__', op: '=', value: 'many' }])[0]?.samples.map((sample) => sample.atMs),
    [3, 4, 5],
  );
  storage.forgetOld(10_001);
  assert.deepEqual(
    storage.select([]).map(({ labels }) => labels['__name__']),
    ['many'],
  );
  storage.append({ __name__: 'many' }, { atMs: 20_000, value: 1 });
  assert.equal(storage.select([])[0]?.samples.length, 1);
});
