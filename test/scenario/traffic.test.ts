import assert from 'node:assert/strict';
import type { Manifest } from '../support/api-client.ts';
import { canaryRollout, grpcRoute, httpRoute, ingress, service } from '../support/manifests.ts';
import { onEachControlPlane, stageOn, storiesOn } from '../support/stories.ts';
import { conditionOf, until, type Scene } from '../support/world.ts';

const SERVICES = { stableService: 'shop-stable', canaryService: 'shop-canary' };
const GATEWAY_API = { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } };
const NGINX = { nginx: { stableIngress: 'shop' } };
const WITH_ROUTES = { ...GATEWAY_API, managedRoutes: [{ name: 'testers' }, { name: 'shadow' }] };
const TESTERS = { name: 'testers', match: [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }] };
const HTTP_ROUTES = 'httproutes.gateway.networking.k8s.io';
const GRPC_ROUTES = 'grpcroutes.gateway.networking.k8s.io';
const ACTIVE = 'rollouts.argoproj.io/gatewayapi-active-rollouts';
const HASH = 'rollouts-pod-template-hash';

onEachControlPlane('a canary behind a router', { concurrency: 8 }, (name) => {
  const stage = stageOn(name);
  const story = storiesOn(stage, 'traffic');

  const rollout = (trafficRouting: unknown, steps: readonly unknown[], canary = {}): Record<string, unknown> =>
    canaryRollout({ name: 'shop', replicas: 4, steps, canary: { ...SERVICES, trafficRouting, ...canary } });
  const services = [service('shop-stable', 'shop'), service('shop-canary', 'shop')];
  const route = httpRoute('shop', { stable: 'shop-stable', canary: 'shop-canary' });

  story('moves the weights of an HTTPRoute step by step, and back to stable when promoted', async (scene) => {
    await scene.apply(...services, route, rollout(GATEWAY_API, [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }]));
    await scene.untilPhase('shop', 'Healthy');
    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 100, 'shop-canary': 0 });

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');

    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 75, 'shop-canary': 25 });
    assert.equal(paused['status'].canary.weights.canary.weight, 25);
    assert.equal(paused['status'].canary.weights.stable.weight, 75);
    const [stable, canary] = await scene.replicaSets();
    assert.deepEqual([stable?.['spec'].replicas, canary?.['spec'].replicas], [4, 1]);
    assert.equal(await selectedHash(scene, 'shop-canary'), paused['status'].currentPodHash);
    assert.equal(await selectedHash(scene, 'shop-stable'), paused['status'].stableRS);

    await scene.patchStatus('shop', { pauseConditions: null });
    const done = await scene.untilPhase('shop', 'Healthy');

    await scene.untilRollout('shop', 'shown as stable only', ({ status }) => status.canary.weights.canary.weight === 0);
    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 100, 'shop-canary': 0 });
    assert.equal(await selectedHash(scene, 'shop-stable'), done['status'].currentPodHash);
  });

  story('keeps to maxSurge: the weight moves in parts, and the stable side makes room', async (scene) => {
    const bounded = { maxSurge: 1, dynamicStableScale: true };
    await scene.apply(...services, route, rollout(GATEWAY_API, [{ setWeight: 75 }, { pause: {} }], bounded));
    await scene.untilPhase('shop', 'Healthy');
    const written = (await routeNow(scene)).metadata.generation ?? 0;

    await scene.setImage('shop', 'shop:2');
    const { status } = await scene.untilPhase('shop', 'Paused');

    // Events of parts that follow each other within a second tell of them as one.
    const parts = ((await routeNow(scene)).metadata.generation ?? 0) - written;
    assert.ok(parts > 1, `the weight moved in ${parts} parts`);

    assert.equal(status.canary.weights.canary.weight, 75);
    const [stable, canary] = await scene.replicaSets();
    assert.deepEqual([stable?.['spec'].replicas, canary?.['spec'].replicas], [1, 3]);
    const told = await until('all events', async () => {
      const lines = await scene.eventLines('shop');
      return lines.some((line) => line.includes('RolloutPaused')) ? lines : undefined;
    });
    for (const size of ['0 to 1', '1 to 2', '2 to 3'])
      assert.ok(
        told.some((line) => line.endsWith(`(revision 2) from ${size}`)),
        told.join('\n'),
      );
  });

  story('takes the weight off an aborted canary and keeps its pods for the delay', async (scene) => {
    await scene.apply(...services, route, rollout(GATEWAY_API, [{ setWeight: 50 }, { pause: {} }]));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.patchStatus('shop', { abort: true });
    const aborted = await scene.untilRollout('shop', 'aborted without traffic', ({ status }) => {
      return status.phase === 'Degraded' && status.canary.weights.canary.weight === 0;
    });

    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 100, 'shop-canary': 0 });
    const canary = await until('a deadline on the canary', async () => {
      const [, found] = await scene.replicaSets();
      return found?.metadata.annotations?.['scale-down-deadline'] === undefined ? undefined : found;
    });
    assert.equal(canary['spec'].replicas, 2);
    assert.equal(aborted['status'].abort, true);
  });

  story('leaves the backends of others alone and puts its own weights right', async (scene) => {
    const foreign = structuredClone(route) as { spec: { rules: { backendRefs: unknown[] }[] } };
    foreign.spec.rules.push({ backendRefs: [{ name: 'elsewhere', port: 80, weight: 7 }] });
    foreign.spec.rules[0]?.backendRefs.push({ name: 'mirror', port: 80, weight: 3 });
    await scene.apply(...services, foreign, rollout(GATEWAY_API, [{ setWeight: 25 }, { pause: {} }]));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.api.jsonPatch(scene.path('httproutes.gateway.networking.k8s.io', 'shop'), [
      { op: 'replace', path: '/spec/rules/0/backendRefs/1/weight', value: 99 },
    ]);
    await until('the drifted weight to be put right', async () => {
      return (await routeWeights(scene))['shop-canary'] === 25;
    });

    const found = await scene.get('httproutes.gateway.networking.k8s.io', 'shop');
    assert.equal(found?.['spec'].rules[0].backendRefs[2].weight, 3);
    assert.equal(found?.['spec'].rules[1].backendRefs[0].weight, 7);
  });

  story(
    'adds a header route for its steps, beside the rules of others, and takes it away at the end',
    async (scene) => {
      const foreign = structuredClone(route) as { spec: { rules: unknown[] } };
      const legacy = { name: 'legacy', backendRefs: [{ name: 'elsewhere', port: 80, weight: 7 }] };
      foreign.spec.rules.push(legacy);
      const steps = [
        { setCanaryScale: { replicas: 1 } },
        { setHeaderRoute: TESTERS },
        { pause: {} },
        { setWeight: 50 },
        { pause: {} },
        { setHeaderRoute: { name: 'testers' } },
        { pause: {} },
      ];
      await scene.apply(...services, foreign, rollout(WITH_ROUTES, steps));
      await scene.untilPhase('shop', 'Healthy');
      const before = await ruleNames(scene);

      await scene.setImage('shop', 'shop:2');
      const paused = await scene.untilPhase('shop', 'Paused');
      assert.deepEqual(await ruleNames(scene), ['testers', ...before]);
      const [rule] = await rulesOf(scene);
      assert.deepEqual(rule?.['matches'], [
        {
          path: { type: 'PathPrefix', value: '/' },
          headers: [{ type: 'Exact', name: 'X-Canary', value: 'yes' }],
        },
      ]);
      assert.equal(paused['status'].canary.weights.canary.weight, 0);
      assert.equal(await selectedHash(scene, 'shop-canary'), paused['status'].currentPodHash);

      await scene.patchStatus('shop', { pauseConditions: null });
      await scene.untilRollout('shop', 'paused at 50 %', ({ status }) => {
        return status.phase === 'Paused' && status.canary.weights.canary.weight === 50;
      });
      assert.deepEqual(await ruleNames(scene), ['testers', ...before]);

      await scene.patchStatus('shop', { pauseConditions: null });
      await scene.untilRollout('shop', 'paused without the header route', ({ status }) => {
        return status.phase === 'Paused' && status.currentStepIndex === 6;
      });
      assert.deepEqual(await ruleNames(scene), before);

      await scene.patchStatus('shop', { promoteFull: true });
      await scene.untilPhase('shop', 'Healthy');
      const last = (await rulesOf(scene)).at(-1);
      assert.deepEqual([last?.['name'], last?.['backendRefs'][0].weight], ['legacy', 7]);
    },
  );

  story(
    'takes header routes and mirrors away when it is aborted, before the Service leaves the pods',
    async (scene) => {
      const steps = [
        { setWeight: 25 },
        { setHeaderRoute: TESTERS },
        { setMirrorRoute: { name: 'shadow', percentage: 10, match: [{ method: { exact: 'GET' } }] } },
        { pause: {} },
      ];
      await scene.apply(...services, route, rollout(WITH_ROUTES, steps));
      await scene.untilPhase('shop', 'Healthy');
      await scene.setImage('shop', 'shop:2');
      await scene.untilPhase('shop', 'Paused');
      const [header, mirror] = await rulesOf(scene);
      assert.deepEqual([header?.['name'], mirror?.['name']], ['testers', 'shadow']);
      assert.equal(mirror?.['filters'][0].requestMirror.percent, 10);
      assert.deepEqual(
        mirror?.['backendRefs'].map(({ weight }: Manifest) => weight as unknown),
        [75, 25],
      );

      await scene.patchStatus('shop', { abort: true });
      const aborted = await scene.untilRollout('shop', 'aborted without traffic', ({ status }) => {
        return status.phase === 'Degraded' && status.canary.weights.canary.weight === 0;
      });

      assert.deepEqual(await ruleNames(scene), ['']);
      await until('the canary Service to lead to stable', async () => {
        return (await selectedHash(scene, 'shop-canary')) === aborted['status'].stableRS;
      });
    },
  );

  story('weights a GRPCRoute, with a header route, as it does an HTTPRoute', async (scene) => {
    const grpc = grpcRoute('shop', { stable: 'shop-stable', canary: 'shop-canary' });
    const routing = { ...WITH_ROUTES, plugins: { 'argoproj-labs/gatewayAPI': { grpcRoute: 'shop' } } };
    const steps = [{ setWeight: 25 }, { setHeaderRoute: TESTERS }, { pause: {} }];
    await scene.apply(...services, grpc, rollout(routing, steps));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    const rules = await rulesOf(scene, GRPC_ROUTES);
    assert.deepEqual(
      rules.map(({ name, backendRefs }) => [
        name ?? '',
        ...backendRefs.map(({ weight }: Manifest) => weight as unknown),
      ]),
      [
        ['testers', 1],
        ['', 75, 25],
      ],
    );

    await scene.patchStatus('shop', { promoteFull: true });
    await scene.untilPhase('shop', 'Healthy');
    await until('the GRPCRoute to lead to stable alone', async () => {
      const now = await rulesOf(scene, GRPC_ROUTES);
      return now.length === 1 && now[0]?.['backendRefs'][1].weight === 0;
    });
  });

  story('finds its routes by their labels, also one that is labelled in the middle of an update', async (scene) => {
    const routing = {
      plugins: { 'argoproj-labs/gatewayAPI': { httpRouteSelector: { matchLabels: { app: 'shop' } } } },
    };
    const labelled = (name: string): Record<string, unknown> => ({
      ...route,
      metadata: { name, labels: { app: 'shop' } },
    });
    const other = { ...route, metadata: { name: 'other' } };
    await scene.apply(...services, other, rollout(routing, [{ setWeight: 25 }, { pause: {} }]));
    const blind = await scene.untilPhase('shop', 'Degraded');
    assert.match(conditionOf(blind, 'InvalidSpec')?.message ?? '', /no route of namespace .* has the labels/);

    await scene.apply(labelled('shop'));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 75, 'shop-canary': 25 });

    await scene.apply(labelled('late'));
    await until('the late route to follow', async () => (await routeWeights(scene, 'late'))['shop-canary'] === 25);
    assert.deepEqual(await routeWeights(scene, 'other'), { 'shop-stable': 100, 'shop-canary': 0 });
  });

  story('lets ping-pong Services swap their roles, with their selectors as they are', async (scene) => {
    const pingPong = { pingService: 'shop-ping', pongService: 'shop-pong' };
    const canary = { pingPong, stableService: undefined, canaryService: undefined };
    await scene.apply(
      service('shop-ping', 'shop'),
      service('shop-pong', 'shop'),
      httpRoute('shop', { stable: 'shop-ping', canary: 'shop-pong' }),
      rollout(GATEWAY_API, [{ setWeight: 25 }, { pause: {} }], canary),
    );
    const first = await scene.untilPhase('shop', 'Healthy');
    assert.equal(first['status'].canary.stablePingPong, 'ping');
    assert.equal(await selectedHash(scene, 'shop-ping'), first['status'].stableRS);

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');
    assert.deepEqual(await routeWeights(scene), { 'shop-ping': 75, 'shop-pong': 25 });
    const selected = [await selectedHash(scene, 'shop-ping'), await selectedHash(scene, 'shop-pong')];
    assert.deepEqual(selected, [paused['status'].stableRS, paused['status'].currentPodHash]);

    await scene.patchStatus('shop', { pauseConditions: null });
    await scene.untilPhase('shop', 'Healthy');
    const done = await scene.untilRollout('shop', 'shown as stable only', ({ status }) => {
      return status.canary.stablePingPong === 'pong' && status.canary.weights.canary.weight === 0;
    });
    assert.deepEqual(await routeWeights(scene), { 'shop-ping': 0, 'shop-pong': 100 });
    assert.deepEqual([await selectedHash(scene, 'shop-ping'), await selectedHash(scene, 'shop-pong')], selected);
    assert.equal(done['status'].canary.weights.stable.serviceName, 'shop-pong');

    await scene.setImage('shop', 'shop:3');
    const third = await scene.untilPhase('shop', 'Paused');
    assert.deepEqual(await routeWeights(scene), { 'shop-ping': 25, 'shop-pong': 75 });
    assert.equal(await selectedHash(scene, 'shop-ping'), third['status'].currentPodHash);

    await scene.patchStatus('shop', { abort: true });
    await scene.untilPhase('shop', 'Degraded');
    await until('the weight to be back', async () => (await routeWeights(scene))['shop-ping'] === 0);
    assert.equal(await selectedHash(scene, 'shop-pong'), third['status'].stableRS);
  });

  story('gives a route back to stable when the Rollout stops to route in the middle of an update', async (scene) => {
    await scene.apply(...services, route, rollout(GATEWAY_API, [{ setWeight: 50 }, { pause: {} }]));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 50, 'shop-canary': 50 });

    await scene.patchSpec('shop', { strategy: { canary: { trafficRouting: null } } });
    await scene.untilRollout('shop', 'without weights', ({ status }) => status.canary?.weights === undefined);

    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 100, 'shop-canary': 0 });
    const { metadata } = await routeNow(scene);
    assert.deepEqual([metadata.labels ?? {}, metadata.annotations ?? {}], [{}, {}]);
  });

  story('removes its canary Ingress when the Rollout stops to route', async (scene) => {
    await scene.apply(...services, ingress('shop', 'shop-stable'), rollout(NGINX, [{ setWeight: 30 }, { pause: {} }]));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    await scene.patchSpec('shop', { strategy: { canary: { trafficRouting: null } } });
    await scene.untilRollout('shop', 'without weights', ({ status }) => status.canary?.weights === undefined);

    assert.equal(await scene.get('ingresses.networking.k8s.io', 'shop-shop-canary'), undefined);
    assert.ok(await scene.get('ingresses.networking.k8s.io', 'shop'));
  });

  story('takes a Rollout that is deleted, or was while nobody looked, off the routes that it shared', async (scene) => {
    const ghost = `${scene.namespace}/ghost`;
    const marked = {
      ...route,
      metadata: { name: 'shop', annotations: { [ACTIVE]: `${ghost},elsewhere-${scene.namespace}/unknown` } },
    };
    await scene.apply(...services, marked, rollout(GATEWAY_API, [{ setWeight: 25 }, { pause: {} }]));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    await until('the ghosts to be off the list', async () => (await activeIn(scene)) === `${scene.namespace}/shop`);

    await scene.api.delete(scene.path('rollouts.argoproj.io', 'shop'));
    await until('nobody to be on the list', async () => (await activeIn(scene)) === undefined);
    assert.deepEqual(await routeWeights(scene), { 'shop-stable': 100, 'shop-canary': 0 });
    assert.deepEqual((await routeNow(scene)).metadata.labels ?? {}, {});
  });

  story('says which route is missing, and goes on when it is there', async (scene) => {
    await scene.apply(...services, rollout(GATEWAY_API, [{ setWeight: 25 }, { pause: {} }]));

    const broken = await scene.untilPhase('shop', 'Degraded');
    assert.match(conditionOf(broken, 'InvalidSpec')?.message ?? '', /shop/);

    await scene.apply(route);
    await scene.untilPhase('shop', 'Healthy');
  });

  story('says which Service is missing, and goes on when it is there', async (scene) => {
    await scene.apply(services[0], route, rollout(GATEWAY_API, [{ setWeight: 25 }, { pause: {} }]));

    const broken = await scene.untilPhase('shop', 'Degraded');
    assert.match(conditionOf(broken, 'InvalidSpec')?.message ?? '', /service "shop-canary" not found/i);

    await scene.apply(services[1]);
    await scene.untilPhase('shop', 'Healthy');
  });

  story('aborts although its route, template and canary Service are gone', async (scene) => {
    await scene.apply(...services, route, rollout(GATEWAY_API, [{ setWeight: 25 }, { pause: {} }]));
    await scene.untilPhase('shop', 'Healthy');
    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');
    await scene.api.delete(scene.path('services', 'shop-canary'));
    await scene.untilPhase('shop', 'Degraded');

    await scene.patchStatus('shop', { abort: true });

    await until('the weight to leave the canary', async () => (await routeWeights(scene))['shop-canary'] === 0);
    const rolloutNow = await scene.rollout('shop');
    assert.equal(rolloutNow['status'].abort, true);
  });

  story('steers by a canary Ingress of its own for ingress-nginx', async (scene) => {
    await scene.apply(...services, ingress('shop', 'shop-stable'), rollout(NGINX, [{ setWeight: 30 }, { pause: {} }]));
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    await scene.untilPhase('shop', 'Paused');

    const canary = await scene.get('ingresses.networking.k8s.io', 'shop-shop-canary');
    assert.equal(canary?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary'], 'true');
    assert.equal(canary?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'], '30');
    assert.equal(canary?.['spec'].rules[0].http.paths[0].backend.service.name, 'shop-canary');
    assert.equal(canary?.metadata.ownerReferences?.[0]?.kind, 'Rollout');

    await scene.patchStatus('shop', { promoteFull: true });
    await scene.untilPhase('shop', 'Healthy');
    await until('the canary Ingress to be at 0', async () => {
      const now = await scene.get('ingresses.networking.k8s.io', 'shop-shop-canary');
      return now?.metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'] === '0';
    });
  });

  story('leaves ingress-nginx a stable pod until the stable Service leads to the new version', async (scene) => {
    const steps = [{ setWeight: 100 }, { pause: {} }];
    await scene.apply(...services, ingress('shop', 'shop-stable'), rollout(NGINX, steps, { dynamicStableScale: true }));
    await scene.untilPhase('shop', 'Healthy');

    await scene.setImage('shop', 'shop:2');
    const paused = await scene.untilPhase('shop', 'Paused');
    await scene.untilRollout('shop', 'with fewer stable pods', ({ status }) => status.replicas === 5);
    assert.equal(await selectedHash(scene, 'shop-stable'), paused['status'].stableRS);
    assert.deepEqual(await scene.sizes(), [1, 4]);

    await scene.patchStatus('shop', { pauseConditions: null });
    const done = await scene.untilRollout('shop', 'rid of the old version', ({ status }) => {
      return status.phase === 'Healthy' && status.replicas === 4;
    });
    assert.equal(await selectedHash(scene, 'shop-stable'), done['status'].currentPodHash);
    assert.deepEqual(await scene.sizes(), [0, 4]);
  });
});

async function routeWeights(scene: Scene, name = 'shop'): Promise<Readonly<Record<string, number>>> {
  const route = await scene.get('httproutes.gateway.networking.k8s.io', name);
  const backends: readonly { name: string; weight: number }[] = route?.['spec'].rules[0].backendRefs.slice(0, 2) ?? [];
  return Object.fromEntries(backends.map(({ name, weight }) => [name, weight]));
}

async function rulesOf(scene: Scene, kind = HTTP_ROUTES): Promise<readonly Manifest[]> {
  const route = await scene.get(kind, 'shop');
  return route?.['spec'].rules ?? [];
}

async function routeNow(scene: Scene): Promise<Manifest> {
  const route = await scene.get(HTTP_ROUTES, 'shop');
  assert.ok(route);
  return route;
}

async function activeIn(scene: Scene): Promise<string | undefined> {
  return (await routeNow(scene)).metadata.annotations?.[ACTIVE];
}

/** Names of the rules in their order; empty where a rule has none. */
async function ruleNames(scene: Scene): Promise<readonly string[]> {
  return (await rulesOf(scene)).map((rule) => (rule['name'] as string | undefined) ?? '');
}

async function selectedHash(scene: Scene, name: string): Promise<unknown> {
  const found: Manifest | undefined = await scene.get('services', name);
  return found?.['spec'].selector[HASH];
}
