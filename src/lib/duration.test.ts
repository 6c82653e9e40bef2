import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAge, parseDurationMs, parsePauseDurationMs } from './duration.ts';

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

  it('shows an age in its two largest useful units', () => {
    assert.deepEqual([45_000, 600_000, 12_000_000, 7_200_000, 500_000_000].map(formatAge), [
      '45s',
      '10m',
      '3h20m',
      '2h',
      '5d',
    ]);
  });
});
