import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { apiVersionOf, refKey, type KubeObject, type ObjectRef } from '../api/kube-object.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { TrafficTarget } from '../core/traffic.ts';
import { gatewayApiCrds } from '../kube-memory/builtin/gateway-api.ts';
import { createKubeMemory, type KubeMemory } from '../kube-memory/server.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import type { CurrentObjects, TrafficRouter } from './contract.ts';
import { gatewayApi } from './gateway-api.ts';
import { nginx } from './nginx.ts';

/*
 * The contract suite plays the API server with a few lines; here a server with schemas, defaults, field managers and
 * generations takes the writes, so that what it fills in is not mistaken for a difference.
 */
describe('routers against an API server', () => {
  let server: KubeMemory;

  beforeEach(() => {
    server = createKubeMemory({ clock: new VirtualClock() });
    for (const crd of gatewayApiCrds) server.store.create('customresourcedefinitions.apiextensions.k8s.io', crd);
  });
  afterEach(() => server.stop());

  const ROUTE: ObjectRef = { kind: KINDS.httpRoute, namespace: 'default', name: 'web' };
  const STABLE: ObjectRef = { kind: KINDS.ingress, namespace: 'default', name: 'web' };
  const CANARY: ObjectRef = { kind: KINDS.ingress, namespace: 'default', name: 'checkout-web-canary' };

  const cases: readonly {
    readonly router: TrafficRouter;
    readonly config: unknown;
    readonly ref: ObjectRef;
    readonly spec: unknown;
  }[] = [
    {
      router: gatewayApi,
      config: { httpRoute: 'web' },
      ref: ROUTE,
      spec: {
        parentRefs: [{ name: 'gate' }],
        rules: [
          {
            backendRefs: [
              { name: 'stable', port: 80 },
              { name: 'canary', port: 80 },
            ],
          },
        ],
      },
    },
    {
      router: nginx,
      config: { stableIngress: 'web' },
      ref: STABLE,
      spec: {
        ingressClassName: 'nginx',
        rules: [
          {
            host: 'shop.example',
            http: {
              paths: [
                { path: '/', pathType: 'Prefix', backend: { service: { name: 'stable', port: { number: 80 } } } },
              ],
            },
          },
        ],
      },
    },
  ];

  for (const { router, config, ref, spec } of cases) {
    it(`${router.id}: what is written is shown, and a second pass writes nothing`, async () => {
      const target = targetWith(config);
      await create(ref, spec);

      for (const canaryWeight of [0, 20, 100, 0]) {
        const plan = { canaryWeight, weightTotal: 100 };
        for (const write of router.desired(plan, target, await read(router, target))) await carryOut(write);
        const current = await read(router, target);
        const shown = router.observed(target, current);

        assert.deepEqual(router.desired(plan, target, current), []);
        assert.equal(shown.state === 'known' && shown.canaryWeight, canaryWeight);
        assert.equal(shown.state === 'known' && shown.drifted, false);
      }
    });
  }

  it('a patch that was decided on an older route is refused', async () => {
    const [{ router, config, ref, spec } = assert.fail()] = cases;
    const target = targetWith(config);
    await create(ref, spec);
    const old = await read(router, target);
    await call('PATCH', ref, 'application/merge-patch+json', { metadata: { labels: { touched: 'yes' } } });

    const [write] = router.desired({ canaryWeight: 20, weightTotal: 100 }, target, old);

    assert.ok(write?.verb === 'patch');
    const answer = await call('PATCH', ref, 'application/json-patch+json', write.body);
    assert.equal(answer.status, 422);
  });

  it('a canary Ingress that another controller made is taken over without anything of it left to steer traffic', async () => {
    const [, { config, ref, spec } = assert.fail()] = cases;
    const target = targetWith(config);
    await create(ref, spec);
    await create(CANARY, spec, {
      annotations: {
        'nginx.ingress.kubernetes.io/canary': 'true',
        'nginx.ingress.kubernetes.io/canary-weight': '20',
        'nginx.ingress.kubernetes.io/canary-by-header': 'X-Old',
        'example.com/theirs': 'kept',
      },
      ownerReferences: [
        { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'checkout', uid: 'uid-1', controller: true },
      ],
    });

    const plan = { canaryWeight: 20, weightTotal: 100 };
    for (const write of nginx.desired(plan, target, await read(nginx, target))) await carryOut(write);

    const current = await read(nginx, target);
    assert.deepEqual(current.get(refKey(CANARY))?.metadata.annotations, {
      'nginx.ingress.kubernetes.io/canary': 'true',
      'nginx.ingress.kubernetes.io/canary-weight': '20',
      'example.com/theirs': 'kept',
    });
    assert.deepEqual(nginx.desired(plan, target, current), []);
  });

  it('a canary Ingress that somebody else made meanwhile is not taken over', async () => {
    const [, { config, ref, spec } = assert.fail()] = cases;
    const target = targetWith(config);
    await create(ref, spec);
    const [write] = nginx.desired({ canaryWeight: 20, weightTotal: 100 }, target, await read(nginx, target));
    await create(CANARY, spec, { annotations: { 'nginx.ingress.kubernetes.io/canary-weight': '1' } });

    assert.ok(write?.verb === 'create');
    const answer = await call('POST', { ...CANARY, name: '' }, 'application/json', write.object);
    assert.equal(answer.status, 409);
  });

  it('a weight that was decided on an older canary Ingress is refused', async () => {
    const [, { config, ref, spec } = assert.fail()] = cases;
    const target = targetWith(config);
    await create(ref, spec);
    const weigh = (canaryWeight: number, at: CurrentObjects): readonly KubeWrite[] =>
      nginx.desired({ canaryWeight, weightTotal: 100 }, target, at);
    for (const write of weigh(20, await read(nginx, target))) await carryOut(write);
    const old = await read(nginx, target);
    for (const write of weigh(0, old)) await carryOut(write);

    const [late] = weigh(40, old);

    assert.ok(late?.verb === 'apply');
    const query = '?fieldManager=headgate&force=true';
    const answer = await call('PATCH', CANARY, 'application/apply-patch+yaml', late.object, query);
    assert.equal(answer.status, 409);
  });

  function targetWith(config: unknown): TrafficTarget {
    return {
      namespace: 'default',
      rolloutName: 'checkout',
      rolloutUid: 'uid-1',
      stableService: 'stable',
      canaryService: 'canary',
      config,
    };
  }

  async function create(ref: ObjectRef, spec: unknown, metadata: object = {}): Promise<void> {
    const object = {
      apiVersion: apiVersionOf(ref.kind),
      kind: ref.kind.kind,
      metadata: { name: ref.name, namespace: ref.namespace, ...metadata },
      spec,
    };
    const answer = await call('POST', { ...ref, name: '' }, 'application/json', object);
    assert.equal(answer.status, 201, answer.body);
  }

  async function read(router: TrafficRouter, target: TrafficTarget): Promise<CurrentObjects> {
    const current = new Map<string, KubeObject | null>();
    for (const ref of router.reads(target)) {
      const answer = await call('GET', ref);
      current.set(refKey(ref), answer.status === 404 ? null : (JSON.parse(answer.body) as KubeObject));
    }
    return current;
  }

  async function carryOut(write: KubeWrite): Promise<void> {
    if (write.verb === 'create') {
      const ref = { kind: write.kind, namespace: write.object.metadata.namespace ?? '', name: '' };
      assert.equal((await call('POST', ref, 'application/json', write.object)).status, 201);
      return;
    }
    assert.ok(write.verb === 'apply' || write.verb === 'patch');
    const answer =
      write.verb === 'apply'
        ? await call(
            'PATCH',
            write.ref,
            'application/apply-patch+yaml',
            write.object,
            `?fieldManager=headgate&force=${write.force}`,
          )
        : await call('PATCH', write.ref, `application/${write.patchType}-patch+json`, write.body);
    assert.ok(answer.status < 300, answer.body);
  }

  async function call(
    method: string,
    { kind, namespace, name }: ObjectRef,
    type = 'application/json',
    body?: unknown,
    query = '',
  ): Promise<{ readonly status: number; readonly body: string }> {
    const path = `/apis/${apiVersionOf(kind)}/namespaces/${namespace}/${kind.plural}${name === '' ? '' : `/${name}`}`;
    const answer = await server.handle({
      method,
      url: path + query,
      headers: { 'content-type': type, accept: 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(typeof answer.body === 'string');
    return { status: answer.status, body: answer.body };
  }
});
