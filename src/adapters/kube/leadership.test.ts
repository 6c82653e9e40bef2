import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { refuse, startChaosApi } from '../../../test/support/chaos-api.ts';
import type { ChaosApi } from '../../../test/support/chaos-api.ts';
import { fastClock } from '../../../test/support/fast-clock.ts';
import type { Leadership } from '../../ports/kube.ts';
import type { Clock } from '../../ports/clock.ts';
import { SILENT_LOG, SILENT_METRICS } from '../telemetry/silent.ts';
import { createKubeClient } from './client.ts';
import { connectTo } from './connection.ts';
import { startLeadership } from './leadership.ts';

/** Leaves a holder a second where others need the CPU. */
const SPEED = 10;

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    assert.ok(turns < 5_000, 'the condition comes true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function candidate(
  t: TestContext,
  api: ChaosApi,
  identity: string,
  clock = fastClock(SPEED),
  wallClock = clock,
): Leadership {
  const client = createKubeClient({ connection: connectTo({ url: api.url, clock }), clock, metrics: SILENT_METRICS });
  const leadership = startLeadership({
    client,
    clock,
    wallClock,
    random: Math.random,
    log: SILENT_LOG,
    namespace: 'own',
    name: 'lock',
    identity,
  });
  t.after(async () => {
    await leadership.release();
    await client.close();
  });
  return leadership;
}

async function serve(t: TestContext): Promise<ChaosApi> {
  const api = await startChaosApi();
  t.after(() => api.close());
  return api;
}

function spec(api: ChaosApi): Record<string, unknown> {
  return api.objects('leases')[0]?.['spec'] as Record<string, unknown>;
}

test('of two candidates one holds the Lease, and the other takes it over at once when it is given back', async (t) => {
  const api = await serve(t);
  const first = candidate(t, api, 'first');
  await first.whenHeld();
  const second = candidate(t, api, 'second', fastClock(SPEED, 3_600_000));
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual([first.held, second.held], [true, false]);
  assert.equal(spec(api)['leaseDurationSeconds'], 15);
  assert.match(String(spec(api)['renewTime']), /\.\d{6}Z$/);

  await first.release();
  await second.whenHeld();

  assert.equal(first.held, false);
  assert.equal(spec(api)['holderIdentity'], 'second');
  assert.equal(spec(api)['leaseTransitions'], 1);
});

test('a Lease whose holder is silent is taken over after its duration by our own clock, whatever times stand in it', async (t) => {
  const api = await serve(t);
  const lease = {
    holderIdentity: 'crashed',
    leaseDurationSeconds: 15,
    renewTime: '2099-01-01T00:00:00.000000Z',
    leaseTransitions: 6,
  };
  api.put('leases', { metadata: { name: 'lock', namespace: 'own' }, spec: lease });
  const clock = fastClock(SPEED);
  const startedMs = clock.nowMs();

  await candidate(t, api, 'second', clock).whenHeld();

  assert.ok(clock.nowMs() - startedMs >= 15_000, 'not before its duration is over');
  assert.equal(spec(api)['leaseTransitions'], 7);
});

test('a holder renews by one write each time, without a read', async (t) => {
  const api = await serve(t);
  await candidate(t, api, 'first').whenHeld();
  const before = api.requests.length;

  await until(() => api.requests.length >= before + 3);

  const verbs = api.requests.slice(before).map((request) => request.split(' ')[0]);
  assert.deepEqual(new Set(verbs), new Set(['PATCH']));
});

test('a holder whose Lease was deleted makes it anew', async (t) => {
  const api = await serve(t);
  const holder = candidate(t, api, 'first');
  await holder.whenHeld();

  api.remove('leases', 'own/lock');
  await until(() => api.objects('leases').length === 1);

  assert.equal(spec(api)['holderIdentity'], 'first');
});

test('a holder that cannot renew stops holding by itself, before anyone else may take over, and says so once', async (t) => {
  const api = await serve(t);
  const clock = fastClock(SPEED);
  const holder = candidate(t, api, 'first', clock);
  let lostCount = 0;
  let lostMs = 0;
  holder.onLost(() => {
    lostCount += 1;
    lostMs = clock.nowMs();
  });
  await holder.whenHeld();

  const cutMs = clock.nowMs();
  api.intercept = (_request, response) => {
    refuse(response, 500, 'InternalError', 'away');
    return true;
  };
  await until(() => !holder.held && lostCount > 0);

  assert.equal(lostCount, 1);
  api.intercept = () => false;
  const requestCount = api.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(api.requests.length <= requestCount + 1, 'what was lost is not taken again by the same process');
  assert.ok(lostMs - cutMs < 15_000, 'it was lost before its duration was over');
});

test('a holder that finds another in its Lease stops holding', async (t) => {
  const api = await serve(t);
  const holder = candidate(t, api, 'first');
  await holder.whenHeld();

  api.put('leases', {
    metadata: { name: 'lock', namespace: 'own' },
    spec: { holderIdentity: 'thief', leaseDurationSeconds: 15, renewTime: 'x' },
  });
  await until(() => !holder.held);

  assert.equal(spec(api)['holderIdentity'], 'thief');
});

test('a holder that stood still holds nothing when it goes on, though no timer has told it yet', async (t) => {
  const api = await serve(t);
  let stoodStillMs = 0;
  const running = fastClock(SPEED);
  const clock: Clock = { ...running, nowMs: () => running.nowMs() + stoodStillMs };
  const holder = candidate(t, api, 'first', clock);
  await holder.whenHeld();
  assert.equal(holder.held, true);

  stoodStillMs = 11_000;

  assert.equal(holder.held, false);
});

test('while the machine slept the monotonic clock may have stood still: what is held is over by the time of day too', async (t) => {
  const api = await serve(t);
  const clock = fastClock(SPEED);
  let sleptMs = 0;
  const wallClock: Clock = { ...clock, nowMs: () => clock.nowMs() + sleptMs };
  const holder = candidate(t, api, 'first', clock, wallClock);
  await holder.whenHeld();
  assert.equal(holder.held, true);

  sleptMs = 11_000;

  assert.equal(holder.held, false);
});

test('of two who hold it together each renews it, and one that leaves does not give it away', async (t) => {
  const api = await serve(t);
  const first = candidate(t, api, 'together');
  await first.whenHeld();
  const second = candidate(t, api, 'together');
  await second.whenHeld();
  assert.deepEqual([first.held, second.held], [true, true]);

  await first.release({ keep: true });

  assert.equal(spec(api)['holderIdentity'], 'together');
  assert.equal(spec(api)['leaseTransitions'], 0);
  await until(() => second.held);
});
