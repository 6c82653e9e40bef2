import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openInProcessApi, type InProcessApi } from '../../test/support/in-process-api.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';

async function make(
  api: InProcessApi,
  name: string,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { body } = await api.create(MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata } });
  return body.metadata.uid ?? '';
}

function ownedBy(name: string, uid: string, blockOwnerDeletion = false): Readonly<Record<string, unknown>> {
  return { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion }] };
}

async function names(api: InProcessApi): Promise<readonly string[]> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return (await api.get(MAPS)).body.items.map((item) => item.metadata.name);
}

describe('deletion', () => {
  it('waits for finalizers and ends with the last one', async () => {
    const api = openInProcessApi();
    await make(api, 'a', { finalizers: ['x.io/a'] });
    const { body: marked } = await api.remove(`${MAPS}/a`);
    const { code: refused } = await api.patch(`${MAPS}/a`, 'merge', { metadata: { finalizers: ['x.io/a', 'x.io/b'] } });
    await api.patch(`${MAPS}/a`, 'merge', { metadata: { finalizers: null } });

    assert.equal(marked.metadata.deletionTimestamp, '2026-01-01T00:00:00Z');
    assert.equal(refused, 422);
    assert.deepEqual(await names(api), []);
  });

  it('heeds preconditions', async () => {
    const api = openInProcessApi();
    await make(api, 'a');
    const { code, body } = await api.remove(`${MAPS}/a`, { preconditions: { uid: 'other' } });
    assert.equal(code, 409);
    assert.match(body.message ?? '', /the UID in the precondition \(other\) does not match the UID in record/);
  });

  it('takes dependents along in the background', async () => {
    const api = openInProcessApi();
    const owner = await make(api, 'owner');
    const child = await make(api, 'child', ownedBy('owner', owner));
    await make(api, 'grandchild', ownedBy('child', child));
    await make(api, 'other');
    await api.remove(`${MAPS}/owner`);
    assert.deepEqual(await names(api), ['other']);
  });

  it('keeps orphans and frees them of their owner', async () => {
    const api = openInProcessApi();
    const owner = await make(api, 'owner');
    await make(api, 'child', ownedBy('owner', owner));
    await names(api);
    await api.remove(`${MAPS}/owner?propagationPolicy=Orphan`);
    assert.deepEqual(await names(api), ['child']);
    assert.equal((await api.get(`${MAPS}/child`)).body.metadata.ownerReferences, undefined);
  });

  it('deletes blocking dependents before their owner in the foreground', async () => {
    const api = openInProcessApi();
    const owner = await make(api, 'owner');
    await make(api, 'child', { ...ownedBy('owner', owner, true), finalizers: ['x.io/wait'] });
    await names(api);

    const { body } = await api.remove(`${MAPS}/owner?propagationPolicy=Foreground`);
    assert.deepEqual(body.metadata.finalizers, ['foregroundDeletion']);
    assert.deepEqual(await names(api), ['child', 'owner']);
    await api.patch(`${MAPS}/child`, 'merge', { metadata: { finalizers: null } });
    assert.deepEqual(await names(api), []);
  });

  it('collects what names an owner that never was', async () => {
    const api = openInProcessApi();
    await make(api, 'child', ownedBy('owner', 'no-such-uid'));
    assert.deepEqual(await names(api), []);
  });

  it('leaves what has another owner and drops the dangling reference', async () => {
    const api = openInProcessApi();
    const one = await make(api, 'one');
    const two = await make(api, 'two');
    const references = [ownedBy('one', one), ownedBy('two', two)].flatMap(
      (each) => each['ownerReferences'] as unknown[],
    );
    await make(api, 'child', { ownerReferences: references });
    await names(api);
    await api.remove(`${MAPS}/one`);
    assert.deepEqual(await names(api), ['child', 'two']);
    assert.deepEqual(
      (await api.get(`${MAPS}/child`)).body.metadata.ownerReferences?.map((each) => each.name),
      ['two'],
    );
  });

  it('empties a namespace before it goes', async () => {
    const api = openInProcessApi();
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    await api.create('/api/v1/namespaces/n/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', finalizers: ['x.io/wait'] },
    });
    await api.remove('/api/v1/namespaces/n');
    await names(api);
    const { body: terminating } = await api.get('/api/v1/namespaces/n');
    const { code: refused } = await api.create('/api/v1/namespaces/n/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'b' },
    });
    await api.patch('/api/v1/namespaces/n/configmaps/a', 'merge', { metadata: { finalizers: null } });
    await names(api);

    assert.deepEqual(terminating.status, { phase: 'Terminating' });
    assert.equal(refused, 403);
    assert.equal((await api.get('/api/v1/namespaces/n')).code, 404);
  });

  it('of a collection takes what the selector matches', async () => {
    const api = openInProcessApi();
    await make(api, 'a', { labels: { go: 'yes' } });
    await make(api, 'b');
    const { body } = await api.remove(`${MAPS}?labelSelector=go%3Dyes`);
    assert.deepEqual(
      body.items.map((item) => item.metadata.name),
      ['a'],
    );
    assert.deepEqual(await names(api), ['b']);
  });
});

describe('eviction', () => {
  it('refuses to break a disruption budget and says what it needs', async () => {
    const api = openInProcessApi();
    for (const name of ['p1', 'p2']) {
      await api.create(PODS, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      });
      await api.patch(`${PODS}/${name}/status`, 'merge', {
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      });
    }
    await api.create('/apis/policy/v1/namespaces/default/poddisruptionbudgets', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    });
    const evict = (name: string): ReturnType<InProcessApi['create']> =>
      api.create(`${PODS}/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });

    const first = await evict('p1');
    const second = await evict('p2');

    assert.equal(first.code, 201);
    assert.equal(second.code, 429);
    assert.match(JSON.stringify(second.body), /The disruption budget web needs 1 healthy pods and has 1 currently/);
  });
});
