import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep } from './clock.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('the virtual clock', () => {
  it('runs calls in order of time, then of scheduling', () => {
    const clock = new VirtualClock(0);
    const order: string[] = [];
    clock.schedule(20, () => order.push('late'));
    clock.schedule(10, () => order.push('first'));
    clock.schedule(10, () => order.push('second'));

    clock.advance(15);

    assert.deepEqual(order, ['first', 'second']);
    assert.equal(clock.nowMs(), 15);
  });

  it('forgets a cancelled call', () => {
    const clock = new VirtualClock(0);
    const call = clock.schedule(5, () => assert.fail('cancelled'));

    call.cancel();

    assert.equal(clock.step(), false);
  });

  it('ends a sleep early when its signal aborts', async () => {
    const clock = new VirtualClock(0);
    const controller = new AbortController();
    const asleep = sleep(clock, 1_000, controller.signal);

    controller.abort();
    await asleep;

    assert.equal(clock.nextAtMs(), undefined);
  });
});
