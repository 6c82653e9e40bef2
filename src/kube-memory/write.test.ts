import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openInProcessApi } from '../../test/support/in-process-api.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

function configMap(name: string, data: Readonly<Record<string, string>> = {}): Readonly<Record<string, unknown>> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

function deployment(replicas: number): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  };
}

describe('writes', () => {
  it('sets what only the server sets', async () => {
    const api = openInProcessApi();
    const { code, body } = await api.create(MAPS, {
      ...configMap('a'),
      metadata: { name: 'a', uid: 'mine', generation: 7, creationTimestamp: '2020-01-01T00:00:00Z' },
    });

    assert.equal(code, 201);
    assert.equal(body.metadata.namespace, 'default');
    assert.equal(body.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
    assert.match(body.metadata.uid ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(body.metadata.generation, undefined, 'core kinds count no generations');
  });

  it('refuses an update from an outdated read', async () => {
    const api = openInProcessApi();
    const { body: read } = await api.create(MAPS, configMap('a'));
    await api.patch(`${MAPS}/a`, 'merge', { data: { x: '1' } });

    const { code, body } = await api.update(`${MAPS}/a`, read);

    assert.equal(code, 409);
    assert.equal(body.reason, 'Conflict');
    assert.equal(
      body.message,
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
  });

  it('writes nothing when nothing changes', async () => {
    const api = openInProcessApi();
    const { body: made } = await api.create(MAPS, configMap('a', { x: '1' }));
    api.clock.advance(5_000);

    const { body } = await api.patch(`${MAPS}/a`, 'merge', { data: { x: '1' } });

    assert.equal(body.metadata.resourceVersion, made.metadata.resourceVersion);
    assert.deepEqual(body.metadata.managedFields, made.metadata.managedFields);
  });

  it('counts generations by the spec and keeps status behind its own endpoint', async () => {
    const api = openInProcessApi();
    const { body: made } = await api.create(DEPLOYMENTS, { ...deployment(1), status: { replicas: 9 } });
    const { body: labelled } = await api.patch(`${DEPLOYMENTS}/d`, 'merge', {
      metadata: { labels: { l: '1' } },
      status: { replicas: 9 },
    });
    const { body: scaled } = await api.patch(`${DEPLOYMENTS}/d`, 'merge', { spec: { replicas: 2 } });
    const { body: told } = await api.patch(`${DEPLOYMENTS}/d/status`, 'merge', {
      status: { replicas: 2 },
      spec: { replicas: 5 },
    });

    assert.deepEqual(
      [made, labelled, scaled, told].map((each) => each.metadata.generation),
      [1, 1, 2, 2],
    );
    assert.equal((labelled.status as { replicas?: number } | undefined)?.replicas, undefined);
    assert.equal((told.status as { replicas?: number }).replicas, 2);
    assert.equal(told.spec['replicas'], 2);
  });

  it('tracks writers of main object, status and scale apart', async () => {
    const api = openInProcessApi();
    await api.create(DEPLOYMENTS, deployment(1));
    await api.patch(`${DEPLOYMENTS}/d/status`, 'merge', { status: { replicas: 1 } });
    const { body: scale } = await api.patch(`${DEPLOYMENTS}/d/scale`, 'merge', { spec: { replicas: 3 } });
    const { body } = await api.get(`${DEPLOYMENTS}/d`);

    assert.equal(scale.kind, 'Scale');
    assert.equal((scale as unknown as { status: { selector: string } }).status.selector, 'app=d');
    assert.equal(body.spec['replicas'], 3);
    assert.deepEqual(
      body.metadata.managedFields?.map((entry) => `${entry.manager}/${entry.subresource ?? ''}`).sort(),
      ['test/', 'test/scale', 'test/status'],
    );
  });

  it('stores nothing on a dry run, but answers as if it had', async () => {
    const api = openInProcessApi();
    const { code, body } = await api.create(`${MAPS}?dryRun=All`, configMap('a'));
    const { code: afterwards } = await api.get(`${MAPS}/a`);

    assert.equal(code, 201);
    assert.ok(body.metadata.uid !== undefined);
    assert.equal(afterwards, 404);
  });

  it('makes names from generateName', async () => {
    const api = openInProcessApi();
    const { body } = await api.create(MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { generateName: 'web-' },
    });
    assert.match(body.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('needs the namespace to exist', async () => {
    const api = openInProcessApi();
    const { code, body } = await api.create('/api/v1/namespaces/nowhere/configmaps', configMap('a'));
    assert.deepEqual([code, body.message], [404, 'namespaces "nowhere" not found']);
  });

  it('refuses unknown fields only when it is asked to be strict', async () => {
    const api = openInProcessApi();
    const wrong = { ...deployment(1), spec: { ...(deployment(1)['spec'] as object), foo: 1 } };

    const strict = await api.create(`${DEPLOYMENTS}?fieldValidation=Strict`, wrong);
    const lenient = await api.create(DEPLOYMENTS, wrong);

    assert.equal(strict.code, 400);
    assert.equal(
      strict.body.message,
      'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"',
    );
    assert.equal(lenient.code, 201);
    assert.deepEqual(lenient.headers['warning'], ['299 - "unknown field \\"spec.foo\\""']);
    assert.equal(lenient.body.spec['foo'], undefined);
  });

  it('rejects a JSON patch whose test fails without changing anything', async () => {
    const api = openInProcessApi();
    await api.create(MAPS, configMap('a', { x: '1' }));
    const { code } = await api.patch(`${MAPS}/a`, 'json', [
      { op: 'replace', path: '/data/x', value: '2' },
      { op: 'test', path: '/data/x', value: '1' },
    ]);

    assert.equal(code, 422);
    assert.deepEqual((await api.get(`${MAPS}/a`)).body['data'], { x: '1' });
  });

  it('says 415 to bodies and patches that it cannot read', async () => {
    const api = openInProcessApi();
    await api.create(MAPS, configMap('a'));
    const body = await api.request('POST', MAPS, 'k8s', { 'content-type': 'application/vnd.kubernetes.protobuf' });
    const patch = await api.request('PATCH', `${MAPS}/a`, '{}', { 'content-type': 'application/json' });
    assert.deepEqual([body.code, patch.code], [415, 415]);
  });

  it('refuses what it does not serve by name', async () => {
    const api = openInProcessApi();
    await api.create('/api/v1/namespaces/default/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    });

    const log = await api.get('/api/v1/namespaces/default/pods/p/log');
    const unknown = await api.get('/apis/nowhere.io/v1/things');
    const verb = await api.request('PUT', MAPS, {});

    assert.deepEqual([log.code, unknown.code, verb.code], [501, 404, 405]);
    assert.match(log.body.message ?? '', /does not implement the subresource pods\/log/);
  });
});

describe('server-side apply', () => {
  it('creates, merges by key and removes what it leaves out', async () => {
    const api = openInProcessApi();
    const first = await api.apply(`${MAPS}/a`, 'one', configMap('a', { x: '1', y: '1' }));
    await api.apply(`${MAPS}/a`, 'two', configMap('a', { z: '1' }));
    const last = await api.apply(`${MAPS}/a`, 'one', configMap('a', { x: '1' }));

    assert.equal(first.code, 201);
    assert.deepEqual(last.body['data'], { x: '1', z: '1' });
  });

  it('answers a conflict with its causes', async () => {
    const api = openInProcessApi();
    await api.apply(`${MAPS}/a`, 'one', configMap('a', { x: '1' }));
    const { code, body } = await api.apply(`${MAPS}/a`, 'two', configMap('a', { x: '2' }));

    assert.equal(code, 409);
    assert.equal(body.message, 'Apply failed with 1 conflict: conflict with "one": .data.x');
    assert.deepEqual((body as unknown as { details: unknown }).details, {
      causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.x' }],
    });
  });

  it('writes nothing when it applies the same again later', async () => {
    const api = openInProcessApi();
    const { body: first } = await api.apply(`${DEPLOYMENTS}/d`, 'one', deployment(1));
    api.clock.advance(60_000);
    const { body: second } = await api.apply(`${DEPLOYMENTS}/d`, 'one', deployment(1));
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
  });

  it('does not own the defaults that the server filled', async () => {
    const api = openInProcessApi();
    await api.apply(`${DEPLOYMENTS}/d`, 'one', deployment(1));
    const { code } = await api.patch(`${DEPLOYMENTS}/d`, 'merge', { spec: { revisionHistoryLimit: 3 } });
    const again = await api.apply(`${DEPLOYMENTS}/d`, 'one', deployment(1));
    assert.deepEqual([code, again.code], [200, 200]);
    assert.equal(again.body.spec['revisionHistoryLimit'], 3);
  });

  it('needs a field manager', async () => {
    const api = openInProcessApi();
    const { code, body } = await api.request('PATCH', `${MAPS}/a`, configMap('a'), {
      'content-type': 'application/apply-patch+yaml',
    });
    assert.equal(code, 422);
    assert.match(body.message ?? '', /fieldManager: Required value: is required for apply patch/);
  });

  it('refuses a field that the schema does not declare', async () => {
    const api = openInProcessApi();
    const { code, body } = await api.apply(`${MAPS}/a`, 'one', { ...configMap('a'), bogus: 1 });
    assert.equal(code, 500);
    assert.equal(
      body.message,
      'failed to create typed patch object (/a; /v1, Kind=ConfigMap): .bogus: field not declared in schema',
    );
  });
});
