import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startChaosApi, answer, refuse } from '../../../test/support/chaos-api.ts';
import type { ChaosApi } from '../../../test/support/chaos-api.ts';
import { fastClock } from '../../../test/support/fast-clock.ts';
import { KINDS } from '../../api/kinds.ts';
import { seededRandom } from '../../lib/random.ts';
import type { CacheChange, CacheOptions } from '../../ports/kube.ts';
import type { Clock } from '../../ports/clock.ts';
import { createSystemClock } from '../clock/system-clock.ts';
import { SILENT_LOG, SILENT_METRICS } from '../telemetry/silent.ts';
import { connectTo } from './connection.ts';
import { createKube } from './kube.ts';
import type { ConnectedKube } from './kube.ts';

/** Ten seconds pass in a tenth of one. */
const SPEED = 100;

async function setUp(
  t: TestContext,
  options: { readonly clock?: Clock; readonly seed?: number } = {},
): Promise<{ api: ChaosApi; kube: ConnectedKube }> {
  const api = await startChaosApi();
  const clock = options.clock ?? createSystemClock();
  const kube = createKube({
    connection: connectTo({ url: api.url, clock }),
    clock,
    random: seededRandom(options.seed ?? 1),
    log: SILENT_LOG,
    metrics: SILENT_METRICS,
  });
  t.after(async () => {
    await kube.close();
    await api.close();
  });
  return { api, kube };
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    assert.ok(turns < 2_000, 'the condition comes true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function configMap(
  name: string,
  value = '',
  namespace = 'ns',
): {
  readonly [field: string]: unknown;
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly data: object;
} {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { value } }, data: { value } };
}

function listsOf(api: ChaosApi): number {
  return api.requests.filter((request) => request.startsWith('GET /api/v1/configmaps') && !request.includes('watch=1'))
    .length;
}

function namesAndValues(
  objects: readonly {
    readonly metadata: { readonly name: string; readonly uid?: string };
    readonly [field: string]: unknown;
  }[],
): string {
  return JSON.stringify(
    objects.map((object) => JSON.stringify([object.metadata.name, object.metadata.uid, object['data']])).sort(),
  );
}

test('a cache holds what was there before and what changes after, by namespace, name and index', async (t) => {
  const { api, kube } = await setUp(t);
  api.put('configmaps', configMap('before', 'a'));
  const cache = kube.caches.open(KINDS.configMap, {
    indexes: { value: (object) => Object.values(object.metadata.labels ?? {}) },
  });
  await kube.caches.whenSynced();

  api.put('configmaps', configMap('after', 'a'));
  api.put('configmaps', configMap('before', 'b'));
  api.put('configmaps', configMap('gone'));
  api.remove('configmaps', 'ns/gone');
  await until(
    () =>
      cache.get('ns', 'before')?.metadata.labels?.['value'] === 'b' &&
      cache.get('ns', 'gone') === undefined &&
      cache.list('ns').length === 2,
  );

  assert.equal(cache.state, 'synced');
  assert.equal(cache.get('ns', 'before')?.kind, 'ConfigMap');
  assert.deepEqual(
    cache.byIndex('value', 'a').map((object) => object.metadata.name),
    ['after'],
  );
  assert.deepEqual(
    cache.byIndex('value', 'b').map((object) => object.metadata.name),
    ['before'],
  );
  assert.equal(cache.list(), cache.list(), 'reading an unchanged list makes no copy');
  assert.deepEqual(cache.list('other'), []);
});

test('a long list is read in pages, and watched from its version without another list', async (t) => {
  const { api, kube } = await setUp(t);
  for (let index = 0; index < 1_100; index += 1) api.put('configmaps', configMap(`cm-${index}`));

  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);

  assert.equal(cache.list().length, 1_100);
  assert.equal(listsOf(api), 3);
  assert.match(api.requests.at(-1) ?? '', /watch=1&resourceVersion=1200&allowWatchBookmarks=true/);
});

test('an expired continuation is answered by one list without pages', async (t) => {
  const { api, kube } = await setUp(t);
  for (let index = 0; index < 600; index += 1) api.put('configmaps', configMap(`cm-${index}`));
  api.intercept = (request, response) => {
    if (request.url?.includes('continue=') !== true) return false;
    refuse(response, 410, 'Expired', 'too old');
    return true;
  };

  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();

  assert.equal(cache.list().length, 600);
});

test('a watch that breaks in the middle of a line goes on where it stood, without a new list', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(SPEED) });
  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);

  for (const watch of api.watches) watch.response.write('{"type":"ADDED","object":{"metadata":{"na');
  for (const watch of api.watches) watch.response.socket?.destroy();
  api.put('configmaps', configMap('while-away', 'ü'));
  await until(() => cache.get('ns', 'while-away') !== undefined);

  assert.equal(listsOf(api), 1);
});

test('a bookmark moves the version that a watch is resumed from', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(SPEED) });
  kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);

  api.put('secrets', configMap('elsewhere'));
  api.bookmark();
  const bookmarked = api.version;
  api.compact();
  await new Promise((resolve) => setTimeout(resolve, 20));
  api.watches[0]?.response.end();
  await until(
    () => api.watches.length === 1 && api.requests.at(-1)?.includes(`resourceVersion=${bookmarked}`) === true,
  );

  assert.equal(listsOf(api), 1);
});

test('410 as an answer and 410 as an event both lead to a new list, which deletes what has gone', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(SPEED) });
  const changes: string[] = [];
  api.put('configmaps', configMap('a'));
  api.put('configmaps', configMap('b'));
  const cache = kube.caches.open(KINDS.configMap);
  cache.subscribe((change) =>
    changes.push(`${change.type} ${(change.type === 'deleted' ? change.old : change.object).metadata.name}`),
  );
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);

  for (const watch of api.watches) watch.paused = true;
  api.remove('configmaps', 'ns/a');
  api.compact();
  api.watches[0]?.response.end();
  await until(() => cache.get('ns', 'a') === undefined && api.watches.length === 1);
  for (const watch of api.watches) watch.paused = true;
  api.remove('configmaps', 'ns/b');
  api.compact();
  api.watches[0]?.response.write(
    `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })}\n`,
  );
  await until(() => cache.get('ns', 'b') === undefined);

  assert.deepEqual(changes, ['added a', 'added b', 'deleted a', 'deleted b']);
  assert.equal(listsOf(api), 3);
});

test('an object that was replaced unseen by one of the same name is a deletion and an addition', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(SPEED) });
  const changes: string[] = [];
  const first = api.put('configmaps', configMap('a'));
  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);
  cache.subscribe((change) =>
    changes.push(`${change.type} ${(change.type === 'deleted' ? change.old : change.object).metadata.uid}`),
  );

  for (const watch of api.watches) watch.paused = true;
  api.remove('configmaps', 'ns/a');
  const second = api.put('configmaps', configMap('a'));
  api.compact();
  api.watches[0]?.response.end();
  await until(() => changes.length === 2);

  assert.deepEqual(changes, [`deleted ${first.metadata.uid}`, `added ${second.metadata.uid}`]);
});

test('a listener that throws is harmless to the others and to the watch', async (t) => {
  const { api, kube } = await setUp(t);
  const seen: string[] = [];
  const cache = kube.caches.open(KINDS.configMap);
  cache.subscribe(() => {
    throw new Error('broken listener');
  });
  cache.subscribe((change: CacheChange) => seen.push(change.type));
  await kube.caches.whenSynced();

  api.put('configmaps', configMap('a'));
  api.put('configmaps', configMap('a', 'b'));
  await until(() => seen.length === 2);

  assert.deepEqual(seen, ['added', 'updated']);
});

test('a kind that is not served counts as settled, is asked for again, and is cached once it is there', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(1_000) });
  let served = false;
  api.intercept = (_request, response) => {
    if (!served) refuse(response, 404, 'NotFound', 'the server could not find the requested resource');
    return !served;
  };
  const cache = kube.caches.open(KINDS.configMap);

  await kube.caches.whenSynced();
  assert.equal(cache.state, 'unserved');
  served = true;
  api.put('configmaps', configMap('a'));
  await until(() => cache.state === 'synced');

  assert.equal(cache.list().length, 1);
});

test('a right that may be missing keeps nobody waiting, and is used once it is granted', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(1_000) });
  let granted = false;
  api.put('configmaps', configMap('a'));
  api.intercept = (_request, response) => {
    if (!granted) refuse(response, 403, 'Forbidden', 'configmaps is forbidden');
    return !granted;
  };
  const cache = kube.caches.open(KINDS.configMap, { namespace: 'ns', name: 'a', mayBeRefused: true });

  await kube.caches.whenSynced();
  assert.equal(cache.state, 'refused');
  granted = true;
  await until(() => cache.state === 'synced');

  assert.equal(cache.list().length, 1);
});

test('a right may be missing as soon as one of those who opened the cache says so', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(1_000) });
  api.intercept = (_request, response) => {
    refuse(response, 403, 'Forbidden', 'configmaps is forbidden');
    return true;
  };
  const scope = { namespace: 'ns', name: 'a' };
  const cache = kube.caches.open(KINDS.configMap, scope);

  assert.equal(kube.caches.open(KINDS.configMap, { ...scope, mayBeRefused: true }), cache);

  await kube.caches.whenSynced();
  assert.equal(cache.state, 'refused');
});

test('a cache of one object takes no other in, and ends when it is released', async (t) => {
  const { api, kube } = await setUp(t);
  const cache = kube.caches.open(KINDS.configMap, { namespace: 'ns', name: 'a' });
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);

  // This server knows no field selectors.
  for (const watch of api.watches) watch.paused = true;
  const ref = { kind: KINDS.configMap, namespace: 'ns', name: 'b' };
  await kube.writer.write({
    verb: 'create',
    kind: KINDS.configMap,
    object: { apiVersion: 'v1', kind: 'ConfigMap', ...configMap('b') },
  });
  assert.equal(kube.writer.fresh(ref), true);
  assert.equal(cache.get('ns', 'b'), undefined);
  kube.caches.release(cache);
  await until(() => api.watches.every(({ response }) => response.destroyed || response.closed));

  assert.notEqual(kube.caches.open(KINDS.configMap, { namespace: 'ns', name: 'a' }), cache);
});

test('a kind whose definition is removed is emptied', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(SPEED) });
  api.put('configmaps', configMap('a'));
  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);

  api.intercept = (_request, response) => {
    refuse(response, 404, 'NotFound', 'the server could not find the requested resource');
    return true;
  };
  api.watches[0]?.response.end();
  await until(() => cache.state === 'unserved');

  assert.deepEqual(cache.list(), []);
});

test('a connection that goes silent is given up and opened again', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(10_000) });
  kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();

  const watchCount = (): number => api.requests.filter((request) => request.includes('watch=1')).length;
  await until(() => watchCount() >= 3);

  assert.equal(listsOf(api), 1);
});

test('a server that lags behind what was seen already is not believed', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(SPEED) });
  api.put('configmaps', configMap('a', 'new'));
  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);
  let lagging = 2;
  api.intercept = (request, response) => {
    if (request.url?.includes('watch=1') === true || lagging === 0) return false;
    lagging -= 1;
    answer(response, 200, { kind: 'List', metadata: { resourceVersion: '50' }, items: [] });
    return true;
  };

  api.put('configmaps', configMap('b'));
  await until(() => cache.list().length === 2);
  api.compact();
  for (const watch of api.watches)
    watch.response.write(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`);
  await until(() => listsOf(api) === 4);

  assert.equal(cache.list().length, 2);
});

test('a world that went back in time (a restored backup) is accepted after several lists', async (t) => {
  const { api, kube } = await setUp(t, { clock: fastClock(1_000) });
  api.put('configmaps', configMap('a', 'new'));
  const cache = kube.caches.open(KINDS.configMap);
  await kube.caches.whenSynced();
  await until(() => api.watches.length === 1);

  api.intercept = (request, response) => {
    if (request.url?.includes('watch=1') === true) return false;
    answer(response, 200, {
      kind: 'List',
      metadata: { resourceVersion: '50' },
      items: [{ ...configMap('old'), metadata: { name: 'old', namespace: 'ns', uid: 'o', resourceVersion: '40' } }],
    });
    return true;
  };
  api.watches[0]?.response.write(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`);
  await until(() => cache.get('ns', 'old') !== undefined);

  assert.equal(cache.get('ns', 'a'), undefined);
});

const seeds = [1, 2, 3, 4, 5, 6];
for (const seed of seeds) {
  test(`caches converge, and their changes tell the same story, over a server that fails in every way (seed ${seed})`, async (t) => {
    const random = seededRandom(seed);
    const { api, kube } = await setUp(t, { clock: fastClock(1_000), seed });
    let chaos = true;
    api.intercept = (request, response) => {
      if (!chaos) return false;
      const dice = random();
      if (dice < 0.1) refuse(response, 500, 'InternalError', 'chaos');
      else if (dice < 0.2) refuse(response, 429, 'TooManyRequests', 'chaos', { 'retry-after': '1' });
      else if (dice < 0.3) request.socket.destroy();
      else if (dice < 0.35) refuse(response, 410, 'Expired', 'chaos');
      else return false;
      return true;
    };
    const scope: CacheOptions = { indexes: { value: (object) => Object.values(object.metadata.labels ?? {}) } };
    const cache = kube.caches.open(KINDS.configMap, scope);
    const mirror = new Map<string, string>();
    const violations: string[] = [];
    cache.subscribe(() => {
      if (random() < 0.05) throw new Error('chaos');
    });
    cache.subscribe((change) => {
      const name = (change.type === 'deleted' ? change.old : change.object).metadata.name;
      if ((change.type === 'added') === mirror.has(name)) violations.push(`${change.type} ${name}`);
      if (change.type === 'deleted') mirror.delete(name);
      else mirror.set(name, change.object.metadata.resourceVersion ?? '');
    });

    for (let step = 0; step < 400; step += 1) {
      const name = `cm-${Math.floor(random() * 20)}`;
      if (random() < 0.25) api.remove('configmaps', `ns/${name}`);
      else api.put('configmaps', configMap(name, String(Math.floor(random() * 5))));
      if (random() < 0.03) for (const watch of api.watches) watch.response.socket?.destroy();
      if (random() < 0.03) for (const watch of api.watches) watch.response.write('{"type":"MODI');
      if (random() < 0.03) for (const watch of api.watches) watch.paused = !watch.paused;
      if (random() < 0.02) api.compact();
      if (random() < 0.1) api.bookmark();
      if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    chaos = false;
    for (const watch of api.watches) watch.response.socket?.destroy();
    await until(() => namesAndValues(cache.list()) === namesAndValues(api.objects('configmaps')));

    assert.deepEqual(violations, []);
    assert.deepEqual(
      [...mirror.keys()].sort(),
      api
        .objects('configmaps')
        .map((object) => object.metadata.name)
        .sort(),
    );
    for (const value of ['0', '1', '2', '3', '4']) {
      const expected = api.objects('configmaps').filter((object) => object.metadata.labels?.['value'] === value);
      assert.equal(namesAndValues(cache.byIndex('value', value)), namesAndValues(expected));
    }
  });
}
