import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openInProcessApi, type InProcessApi } from '../../test/support/in-process-api.ts';
import type { RequestFault, WatchControl } from './faults.ts';
import { ConnectionLost, type RequestFacts } from './request.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

function configMap(name: string): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
}

/** An API whose next write meets the fault. */
function withFault(fault: RequestFault): InProcessApi {
  return openInProcessApi({ faults: { request: (facts) => (facts.verb === 'create' ? fault : { kind: 'pass' }) } });
}

async function exists(api: InProcessApi, name: string): Promise<boolean> {
  return (await api.get(`${MAPS}/${name}`)).code === 200;
}

describe('faults of requests', () => {
  it('answer with an error and its Retry-After, without effect', async () => {
    const api = withFault({ kind: 'error', code: 429, reason: 'TooManyRequests', retryAfterSeconds: 3 });
    const { code, headers } = await api.create(MAPS, configMap('a'));
    assert.deepEqual([code, headers['retry-after'], await exists(api, 'a')], [429, '3', false]);
  });

  it('break the connection before or after the effect', async () => {
    const before = withFault({ kind: 'reset' });
    const after = withFault({ kind: 'lose-answer' });
    await assert.rejects(before.create(MAPS, configMap('a')), ConnectionLost);
    await assert.rejects(after.create(MAPS, configMap('a')), ConnectionLost);
    assert.deepEqual([await exists(before, 'a'), await exists(after, 'a')], [false, true]);
  });

  it('time out although the request took effect', async () => {
    const api = withFault({ kind: 'timeout-after-effect' });
    const { code } = await api.create(MAPS, configMap('a'));
    assert.deepEqual([code, await exists(api, 'a')], [504, true]);
  });

  it('wait on the clock of the server', async () => {
    const api = withFault({ kind: 'delay', delayMs: 5_000 });
    let answered = false;
    const pending = api.create(MAPS, configMap('a')).then(() => (answered = true));
    api.clock.advance(4_999);
    await Promise.resolve();
    assert.equal(answered, false);
    api.clock.advance(1);
    await pending;
    assert.equal(await exists(api, 'a'), true);
  });

  it('show the state of some commits ago', async () => {
    let commitsBack = 0;
    const api = openInProcessApi({ faults: { request: () => ({ kind: 'stale', commitsBack }) } });
    await api.create(MAPS, configMap('a'));
    await api.create(MAPS, configMap('b'));
    commitsBack = 1;
    const { body } = await api.get(MAPS);
    assert.deepEqual(
      body.items.map((item) => item.metadata.name),
      ['a'],
    );
    assert.equal((await api.get(`${MAPS}/b`)).code, 404);
  });

  it('know who asked for what', async () => {
    const seen: RequestFacts[] = [];
    const api = openInProcessApi({ record: (facts) => seen.push(facts) });
    await api.request('GET', `${MAPS}/a`, undefined, {
      'user-agent': 'headgate/1.0 (linux)',
      'impersonate-user': 'system:serviceaccount:team:deployer',
    });
    const [facts] = seen;
    assert.deepEqual(
      [facts?.verb, facts?.resource, facts?.namespace, facts?.name, facts?.fieldManager, facts?.sequence],
      ['get', 'configmaps', 'default', 'a', 'headgate', 1],
    );
    assert.deepEqual(facts?.user, {
      username: 'system:serviceaccount:team:deployer',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
      impersonatedBy: 'kubernetes-admin',
    });
  });
});

describe('faults of watches', () => {
  async function watched(): Promise<{
    api: InProcessApi;
    control: WatchControl;
    watch: Awaited<ReturnType<InProcessApi['watch']>>;
  }> {
    let control: WatchControl | undefined;
    const api = openInProcessApi({ faults: { watch: (_facts, given) => (control = given) } });
    const watch = await api.watch(`${MAPS}?watch=true`);
    assert.ok(control !== undefined);
    return { api, control, watch };
  }

  async function change(api: InProcessApi): Promise<void> {
    await api.create(MAPS, configMap('a'));
    await api.patch(`${MAPS}/a`, 'merge', { data: { x: '1' } });
    await api.create(MAPS, configMap('b'));
    await api.remove(`${MAPS}/b`);
    await Promise.resolve();
  }

  it('hold events back until they are released', async () => {
    const { api, control, watch } = await watched();
    control.hold();
    await change(api);
    assert.equal(watch.events.length, 0);
    control.release();
    assert.deepEqual(
      watch.events.map((event) => event.type),
      ['ADDED', 'MODIFIED', 'ADDED', 'DELETED'],
    );
  });

  it('join what happened to an object meanwhile', async () => {
    const { api, control, watch } = await watched();
    control.hold();
    await change(api);
    control.release('join');
    assert.deepEqual(
      watch.events.map(
        (event) => `${event.type} ${event.object.metadata.name} ${JSON.stringify(event.object['data'])}`,
      ),
      ['ADDED a {"x":"1"}'],
    );
  });

  it('break the connection or expire the revision', async () => {
    const dropped = await watched();
    dropped.control.drop();
    const expired = await watched();
    expired.control.expire();

    assert.equal(dropped.watch.ended(), 'reset');
    assert.deepEqual([expired.watch.ended(), expired.watch.events[0]?.object.code], ['end', 410]);
  });
});

describe('authorisation', () => {
  it('denies in the words of a real server what the hook denies', async () => {
    const api = openInProcessApi({
      authorize: ({ user, verb }) => ({ allowed: user.impersonatedBy === undefined || verb === 'get' }),
    });
    const { code, body } = await api.request('GET', '/apis/apps/v1/namespaces/team/deployments', undefined, {
      'impersonate-user': 'jo',
    });
    const review = await api.request(
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { verb: 'list', resource: 'pods' } },
      },
      { 'impersonate-user': 'jo' },
    );

    assert.equal(code, 403);
    assert.equal(
      body.message,
      'deployments.apps is forbidden: User "jo" cannot list resource "deployments" in API group "apps" in the namespace "team"',
    );
    assert.equal((review.body.status as { allowed: boolean }).allowed, false);
  });

  it('wants the token that it was started with', async () => {
    const api = openInProcessApi({ token: 'secret' });
    assert.equal((await api.get(MAPS)).code, 401);
    assert.equal((await api.get(MAPS, { authorization: 'Bearer secret' })).code, 200);
    assert.match(api.server.kubeconfig(), /token: secret/);
  });
});
