import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { answer, refuse, startChaosApi } from '../../../test/support/chaos-api.ts';
import type { ChaosApi } from '../../../test/support/chaos-api.ts';
import { fastClock } from '../../../test/support/fast-clock.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject, ObjectRef } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { ObjectCache } from '../../ports/kube.ts';
import { SILENT_LOG, SILENT_METRICS } from '../telemetry/silent.ts';
import { connectTo } from './connection.ts';
import { createKube } from './kube.ts';
import type { ConnectedKube } from './kube.ts';

const ref: ObjectRef = { kind: KINDS.configMap, namespace: 'ns', name: 'a' };

interface World {
  readonly api: ChaosApi;
  readonly kube: ConnectedKube;
  readonly cache: ObjectCache;
}

async function setUp(t: TestContext): Promise<World> {
  const api = await startChaosApi();
  const clock = fastClock(100);
  const kube = createKube({
    connection: connectTo({ url: api.url, clock }),
    clock,
    random: Math.random,
    log: SILENT_LOG,
    metrics: SILENT_METRICS,
  });
  t.after(async () => {
    await kube.close();
    await api.close();
  });
  api.put('configmaps', object('old'));
  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  while (api.watches.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  return { api, kube, cache };
}

function object(value: string, name = 'a'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns' }, data: { value } };
}

function patch(value: string, more: Partial<Extract<KubeWrite, { verb: 'patch' }>> = {}): KubeWrite {
  return { verb: 'patch', ref, patchType: 'merge', body: { data: { value } }, ...more };
}

function valueIn(cache: ObjectCache): unknown {
  return (cache.get('ns', 'a')?.['data'] as Record<string, unknown> | undefined)?.['value'];
}

/** Each wait is bounded, by the fast clock, too. */
async function untilFresh({ writer }: ConnectedKube): Promise<void> {
  do await new Promise<void>((resolve) => writer.whenFresh([ref], resolve));
  while (!writer.fresh(ref));
}

function hold(api: ChaosApi): void {
  for (const watch of api.watches) watch.paused = true;
}

test('the answer to a write is in the cache at once, and its echo from the watch is no second change', async (t) => {
  const { api, kube, cache } = await setUp(t);
  const changes: string[] = [];
  cache.subscribe((change) => changes.push(change.type));

  await kube.writer.write(patch('new'));
  assert.equal(valueIn(cache), 'new');
  assert.equal(kube.writer.fresh(ref), true);
  api.put('configmaps', object('later'));
  while (valueIn(cache) !== 'later') await new Promise((resolve) => setTimeout(resolve, 1));

  assert.deepEqual(changes, ['updated', 'updated']);
});

test('a created object is in the cache at once, with kind and version', async (t) => {
  const { api, kube, cache } = await setUp(t);
  hold(api);

  const created = await kube.writer.write({ verb: 'create', kind: KINDS.configMap, object: object('x', 'b') });

  assert.equal(cache.get('ns', 'b')?.metadata.resourceVersion, created?.metadata.resourceVersion);
});

test('older news from the watch never undo what our own write showed', async (t) => {
  const { api, kube, cache } = await setUp(t);
  hold(api);
  api.put('configmaps', object('by another'));

  await kube.writer.write(patch('ours'));
  const [watch] = api.watches;
  if (watch !== undefined) watch.paused = false;
  api.bookmark();
  api.put('configmaps', object('x', 'marker'));
  while (cache.get('ns', 'marker') === undefined) await new Promise((resolve) => setTimeout(resolve, 1));

  assert.equal(valueIn(cache), 'ours');
});

test('a deleted object is not fresh until the cache has let go of it', async (t) => {
  const { api, kube, cache } = await setUp(t);
  hold(api);

  await kube.writer.write({ verb: 'delete', ref });
  assert.equal(kube.writer.fresh(ref), false);
  const freshAgain = untilFresh(kube);
  const [watch] = api.watches;
  if (watch !== undefined) watch.paused = false;
  api.put('configmaps', object('x', 'marker'));
  await freshAgain;

  assert.equal(cache.get('ns', 'a'), undefined);
  assert.equal(kube.writer.fresh(ref), true);
});

test('when the watch stays silent about a write, the object is read and the watch opened anew', async (t) => {
  const { api, kube, cache } = await setUp(t);
  hold(api);

  await kube.writer.write({ verb: 'delete', ref });
  await untilFresh(kube);

  assert.equal(cache.get('ns', 'a'), undefined);
  assert.ok(api.requests.some((request) => request.includes('fieldSelector=metadata.name%3Da')));
  const watchCount = (): number => api.requests.filter((request) => request.includes('watch=1')).length;
  for (let turns = 0; turns < 5_000 && watchCount() < 2; turns += 1)
    await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(watchCount(), 2);
});

test('a write that was carried out unheard is read back before anything is decided on it', async (t) => {
  const { api, kube, cache } = await setUp(t);
  hold(api);
  api.intercept = (request, response) => {
    if (request.method !== 'PATCH') return false;
    response.end = () => {
      request.socket.destroy();
      return response;
    };
    return false;
  };

  await assert.rejects(kube.writer.write(patch('unheard')), { name: 'KubeError', reason: 'unavailable' });
  assert.equal(kube.writer.fresh(ref), false);
  await untilFresh(kube);

  assert.equal(valueIn(cache), 'unheard');
});

test('the wait for freshness ends after a bounded time, and then says honestly that it is not fresh', async (t) => {
  const { api, kube } = await setUp(t);
  hold(api);
  await kube.writer.write({ verb: 'delete', ref });
  api.intercept = (_request, response) => {
    refuse(response, 500, 'InternalError', 'away');
    return true;
  };

  await new Promise<void>((resolve) => kube.writer.whenFresh([ref], resolve));

  assert.equal(kube.writer.fresh(ref), false);
});

test('whenFresh runs at once when nothing is outstanding, also for kinds that are not cached', async (t) => {
  const { kube } = await setUp(t);
  let ran = 0;

  kube.writer.whenFresh([ref, { ...ref, kind: KINDS.service }], () => (ran += 1));

  assert.equal(ran, 1);
});

test('each write goes out as the API server wants it', async (t) => {
  const { api, kube } = await setUp(t);
  const seen: unknown[] = [];
  api.intercept = (request, response) => {
    if (request.method === 'GET') return false;
    seen.push([
      `${request.method} ${request.url}`,
      request.headers['content-type'],
      request.headers['impersonate-user'],
    ]);
    answer(response, 200, { kind: 'Status', status: 'Success' });
    return true;
  };
  const pod: ObjectRef = { kind: KINDS.pod, namespace: 'ns', name: 'p' };

  await kube.writer.write(
    { verb: 'apply', ref, object: object('x'), force: true },
    { fieldManager: 'git', impersonate: 'system:serviceaccount:ns:deployer' },
  );
  await kube.writer.write({ verb: 'apply', ref, object: object('x'), force: false }, { dryRun: true });
  await kube.writer.write(patch('x', { subresource: 'status', patchType: 'strategic' }));
  await kube.writer.write(patch('x', { patchType: 'json', body: [{ op: 'test', path: '/a', value: 1 }] }));
  await kube.writer.write({ verb: 'delete', ref, uid: 'u', resourceVersion: '5', propagationPolicy: 'Background' });
  await kube.writer.write({ verb: 'evict', ref: pod, uid: 'u' });

  const base = '/api/v1/namespaces/ns';
  assert.deepEqual(seen, [
    [
      `PATCH ${base}/configmaps/a?fieldManager=git&force=true`,
      'application/apply-patch+yaml',
      'system:serviceaccount:ns:deployer',
    ],
    [`PATCH ${base}/configmaps/a?fieldManager=headgate&dryRun=All`, 'application/apply-patch+yaml', undefined],
    [`PATCH ${base}/configmaps/a/status?fieldManager=headgate`, 'application/strategic-merge-patch+json', undefined],
    [`PATCH ${base}/configmaps/a?fieldManager=headgate`, 'application/json-patch+json', undefined],
    [`DELETE ${base}/configmaps/a`, 'application/json', undefined],
    [`POST ${base}/pods/p/eviction`, 'application/json', undefined],
  ]);
});

test('errors are told apart by what they mean to the caller', async (t) => {
  const { api, kube } = await setUp(t);
  const cases = [
    [409, 'Conflict', 'conflict'],
    [409, 'AlreadyExists', 'already-exists'],
    [403, 'Forbidden', 'forbidden'],
    [401, 'Unauthorized', 'forbidden'],
    [422, 'Invalid', 'invalid'],
    [400, 'BadRequest', 'invalid'],
    [410, 'Expired', 'gone'],
    [500, 'InternalError', 'unavailable'],
    [504, 'Timeout', 'unavailable'],
  ] as const;

  for (const [code, serverReason, reason] of cases) {
    api.intercept = (request, response) => {
      if (request.method === 'GET') return false;
      refuse(response, code, serverReason, `said ${serverReason}`);
      return true;
    };
    await assert.rejects(kube.writer.write(patch('x')), {
      name: 'KubeError',
      reason,
      status: code,
      message: `said ${serverReason}`,
    });
  }
});

test('a JSON patch whose tests fail is a conflict, one whose outcome is refused is invalid', async (t) => {
  const { api, kube } = await setUp(t);
  const unfit = 'the server rejected our request due to an error in our request';
  const cases = [
    ['json', unfit, 'conflict'],
    ['json', 'ConfigMap "a" is invalid: data: Required value', 'invalid'],
    ['merge', unfit, 'invalid'],
  ] as const;

  for (const [patchType, message, reason] of cases) {
    api.intercept = (request, response) => {
      if (request.method === 'GET') return false;
      refuse(response, 422, 'Invalid', message);
      return true;
    };
    const body = patchType === 'json' ? [{ op: 'test', path: '/data', value: {} }] : {};
    await assert.rejects(kube.writer.write(patch('x', { patchType, body })), { reason, status: 422, message });
  }
});

test('deleting what is gone succeeds', async (t) => {
  const { kube } = await setUp(t);

  assert.equal(await kube.writer.write({ verb: 'delete', ref: { ...ref, name: 'nobody' } }), undefined);
});

test('a server that is too busy is asked again when it wants; an eviction that a budget refuses is not', async (t) => {
  const { api, kube } = await setUp(t);
  let refusals = 2;
  api.intercept = (_request, response) => {
    if (refusals-- <= 0) return false;
    refuse(response, 429, 'TooManyRequests', 'busy', { 'retry-after': '1' });
    return true;
  };
  await kube.writer.write(patch('patient'));
  assert.equal(kube.client.inFlight.limit, 4);

  refusals = 1;
  await assert.rejects(kube.writer.write({ verb: 'evict', ref: { kind: KINDS.pod, namespace: 'ns', name: 'p' } }), {
    reason: 'too-many-requests',
    retryAfterMs: 1_000,
  });
  assert.equal(kube.client.inFlight.limit, 4);
});

test('the echo of a write brings the cache on, and what others change afterwards is seen', async (t) => {
  const { api, kube, cache } = await setUp(t);
  const changes: string[] = [];
  cache.subscribe(() => changes.push(String(valueIn(cache))));

  await kube.writer.write(patch('"resourceVersion":"1"'));
  await kube.writer.write({ ...patch('ours'), body: { data: { value: 'ours', resourceVersion: '1' } } } as KubeWrite);
  api.put('configmaps', object('theirs'));
  while (valueIn(cache) !== 'theirs') await new Promise((resolve) => setTimeout(resolve, 1));

  assert.deepEqual(changes, ['"resourceVersion":"1"', 'ours', 'theirs']);
  assert.equal(kube.writer.fresh(ref), true);
});
