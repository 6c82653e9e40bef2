import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatSeconds, parseDurationMs, parsePauseDurationMs } from './duration.ts';

describe('durations', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['1h30m', 5_400_000],
    ['300ms', 300],
    ['1.5s', 1_500],
    ['-2m', -120_000],
    ['0', 0],
    ['5', undefined],
    ['', undefined],
    ['1x', undefined],
    ['1h 3m', undefined],
    ['1d', undefined],
  ];
  for (const [text, expected] of cases) {
    it(`reads ${JSON.stringify(text)} as ${expected === undefined ? 'no duration' : `${expected} ms`}`, () => {
      assert.equal(parseDurationMs(text), expected);
    });
  }

  it('counts a bare number of a pause in seconds', () => {
    assert.equal(parsePauseDurationMs(90), 90_000);
    assert.equal(parsePauseDurationMs('90'), 90_000);
    assert.equal(parsePauseDurationMs('90m'), 5_400_000);
    assert.equal(parsePauseDurationMs('soon'), undefined);
  });

  it('shows a time to the second, without parts that are zero', () => {
    assert.deepEqual([0, 45_000, 90_000, 310_000, 3_900_000, 86_400_000].map(formatSeconds), [
      '0s',
      '45s',
      '1m30s',
      '5m10s',
      '1h5m',
      '24h',
    ]);
  });
});
