import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystemClock } from './system-clock.ts';

test('the time stands still through a small step back of the wall clock', () => {
  let wallMs = 100_000;
  const clock = createSystemClock({ wallMs: () => wallMs });

  wallMs = 99_000;
  assert.equal(clock.nowMs(), 100_000);
  wallMs = 100_500;
  assert.equal(clock.nowMs(), 100_500);
});

test('a large step back of the wall clock is believed', () => {
  let wallMs = 1_000_000;
  const clock = createSystemClock({ wallMs: () => wallMs });

  wallMs = 100_000;

  assert.equal(clock.nowMs(), 100_000);
});

test('a scheduled call runs once, and never after it was cancelled', async () => {
  const clock = createSystemClock();
  const ran: string[] = [];

  const cancelled = clock.schedule(0, () => ran.push('cancelled'));
  cancelled.cancel();
  await new Promise<void>((resolve) => clock.schedule(1, resolve));

  assert.deepEqual(ran, []);
});

test('a delay beyond 32 bits does not fire at once', async () => {
  const clock = createSystemClock({ keepAlive: false });
  let fired = false;

  const call = clock.schedule(2 ** 33, () => {
    fired = true;
  });
  await new Promise<void>((resolve) => clock.schedule(5, resolve));
  call.cancel();

  assert.equal(fired, false);
});
