import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTimestamp, formatTimestampMs, parseTimestampMs, waitStartMs } from './timestamp.ts';

describe('timestamps', () => {
  it('cut parts of a second where Kubernetes does', () => {
    assert.equal(formatTimestamp(Date.UTC(2026, 0, 2, 3, 4, 5, 999)), '2026-01-02T03:04:05Z');
  });

  it('keep milliseconds where a wait is counted from them', () => {
    assert.equal(formatTimestampMs(Date.UTC(2026, 0, 2, 3, 4, 5, 999)), '2026-01-02T03:04:05.999Z');
  });

  it('count a wait from the next full second when the parts are unknown, so it is never shorter than asked', () => {
    assert.equal(waitStartMs('2026-01-02T03:04:05Z'), Date.UTC(2026, 0, 2, 3, 4, 6));
    assert.equal(waitStartMs('2026-01-02T03:04:05.250Z'), Date.UTC(2026, 0, 2, 3, 4, 5, 250));
  });

  it('are undefined when they are no times', () => {
    assert.equal(parseTimestampMs('yesterday'), undefined);
    assert.equal(parseTimestampMs(null), undefined);
  });
});
