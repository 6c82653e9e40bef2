import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { refuse, startChaosApi } from '../../../test/support/chaos-api.ts';
import type { ChaosApi } from '../../../test/support/chaos-api.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventRecorder } from '../../ports/kube.ts';
import type { Metrics } from '../../ports/telemetry.ts';
import { createSystemClock } from '../clock/system-clock.ts';
import { SILENT_LOG, SILENT_METRICS } from '../telemetry/silent.ts';
import { createKubeClient } from './client.ts';
import { connectTo } from './connection.ts';
import { createEventRecorder } from './event-recorder.ts';

const rollout: KubeObject = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'ns', uid: 'uid-web', resourceVersion: '7' },
};

/** Waits of the tests' clock pass a thousand times as fast. */
const FLUSH_MS = 10_000_000;

async function setUp(
  t: TestContext,
  metrics: Metrics = SILENT_METRICS,
): Promise<{ api: ChaosApi; events: EventRecorder }> {
  const api = await startChaosApi();
  const real = createSystemClock();
  // The time stands (no token comes back), only waits pass, and fast; an answer is waited for as ever.
  const clock: Clock = {
    nowMs: () => Date.UTC(2026, 4, 1),
    schedule: (delayMs, run) => real.schedule(delayMs / 1_000, run),
  };
  const client = createKubeClient({
    connection: connectTo({ url: api.url, clock: real }),
    clock: real,
    metrics: SILENT_METRICS,
  });
  const events = createEventRecorder({ client, clock, random: () => 0, log: SILENT_LOG, metrics });
  t.after(async () => {
    events.close();
    await client.close();
    await api.close();
  });
  return { api, events };
}

function notice(
  reason: string,
  message = reason,
): { readonly type: 'Normal'; readonly reason: string; readonly message: string } {
  return { type: 'Normal', reason, message };
}

test('an event has the fields that tools look for', async (t) => {
  const { api, events } = await setUp(t);

  events.record(rollout, notice('RolloutUpdated', 'Rollout updated to revision 2'));
  await events.flush(FLUSH_MS);

  const [event] = api.objects('events');
  assert.match(event?.metadata.name ?? '', /^web\.[0-9a-f]+$/);
  const { metadata, ...fields } = event ?? ({} as KubeObject);
  assert.equal(metadata.namespace, 'ns');
  assert.deepEqual(fields, {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      namespace: 'ns',
      name: 'web',
      uid: 'uid-web',
      resourceVersion: '7',
    },
    type: 'Normal',
    reason: 'RolloutUpdated',
    message: 'Rollout updated to revision 2',
    count: 1,
    firstTimestamp: '2026-05-01T00:00:00Z',
    lastTimestamp: '2026-05-01T00:00:00Z',
    source: { component: 'rollouts-controller' },
    reportingComponent: 'rollouts-controller',
    reportingInstance: '',
  });
});

test('only the events of Rollouts are counted', async (t) => {
  const counted: string[] = [];
  const { events } = await setUp(t, {
    ...SILENT_METRICS,
    eventRecorded: ({ name, reason }) => counted.push(`${name} ${reason}`),
  });
  const run: KubeObject = { ...rollout, kind: 'AnalysisRun', metadata: { ...rollout.metadata, name: 'web-2-1' } };

  events.record(rollout, notice('RolloutUpdated'));
  events.record(run, notice('MetricSuccessful'));
  await events.flush(FLUSH_MS);

  assert.deepEqual(counted, ['web RolloutUpdated']);
});

test('events of one object are posted in the order in which they were recorded, also when one has to be repeated', async (t) => {
  const { api, events } = await setUp(t);
  let failures = 2;
  api.intercept = (_request, response) => {
    if (failures-- <= 0) return false;
    refuse(response, 500, 'InternalError', 'chaos');
    return true;
  };

  for (const reason of ['First', 'Second', 'Third']) events.record(rollout, notice(reason));
  await events.flush(FLUSH_MS);

  assert.deepEqual(
    api.objects('events').map((event) => event['reason']),
    ['First', 'Second', 'Third'],
  );
});

test('a repeat counts up the event that is there, by a write of its own', async (t) => {
  const { api, events } = await setUp(t);

  for (let count = 0; count < 3; count += 1) events.record(rollout, notice('Waiting'));
  await events.flush(FLUSH_MS);

  assert.deepEqual(
    api.objects('events').map((event) => event['count']),
    [3],
  );
  assert.equal(api.requests.length, 3);
});

test('a repeat of an event that has expired is a new event', async (t) => {
  const { api, events } = await setUp(t);
  events.record(rollout, notice('Waiting'));
  await events.flush(FLUSH_MS);
  api.remove('events', `ns/${api.objects('events')[0]?.metadata.name}`);

  events.record(rollout, notice('Waiting'));
  await events.flush(FLUSH_MS);

  assert.deepEqual(
    api.objects('events').map((event) => event['count']),
    [1],
  );
});

test('below the limit nothing is joined; above it what waits is, and nothing is lost from the count', async (t) => {
  const { api, events } = await setUp(t);

  for (let count = 0; count < 500; count += 1) events.record(rollout, notice('Flood', `message ${count}`));
  await events.flush(FLUSH_MS);

  const posted = api.objects('events');
  assert.equal(
    posted.reduce((sum, event) => sum + Number(event['count']), 0),
    500,
  );
  assert.equal(posted.length, 60);
  assert.equal(posted.at(-1)?.['message'], 'message 499');
});

test('an event that can never be posted is given up, and the next one is posted', async (t) => {
  const { api, events } = await setUp(t);
  api.intercept = (_request, response) => {
    if (api.requests.length > 1) return false;
    refuse(response, 403, 'Forbidden', 'namespace is being terminated');
    return true;
  };

  events.record(rollout, notice('First'));
  events.record(rollout, notice('Second'));
  await events.flush(FLUSH_MS);

  assert.deepEqual(
    api.objects('events').map((event) => event['reason']),
    ['Second'],
  );
});

test('an answer that was lost does not make a second event', async (t) => {
  const { api, events } = await setUp(t);
  let lost = false;
  const original = api.intercept;
  api.intercept = (request, response) => {
    if (lost) return original(request, response);
    lost = true;
    // Carried out, but the answer never arrives.
    response.end = () => {
      request.socket.destroy();
      return response;
    };
    return false;
  };

  events.record(rollout, notice('Once'));
  await events.flush(FLUSH_MS);

  assert.equal(api.requests.length, 2);
  assert.equal(api.objects('events').length, 1);
});

test('an API server that answers nobody is not waited for longer than asked', async (t) => {
  const { api, events } = await setUp(t);
  const heard = new Promise<void>((resolve) => {
    api.intercept = () => {
      resolve();
      return true;
    };
  });

  events.record(rollout, notice('Unheard'));
  await heard;
  await events.flush(5_000);

  assert.equal(api.requests.length, 1, 'it is not tried again before');
});
