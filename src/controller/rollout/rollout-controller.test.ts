import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../../api/kube-object.ts';
import type { EventNotice, KubeWrite } from '../../api/kube-write.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../adapters/telemetry/silent.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import { applyMergePatch } from '../../lib/merge-patch.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { CacheOptions, Kube, KubeErrorReason, ObjectCache, QueueAnswer } from '../../ports/kube.ts';
import type { TemplateFacts, Telemetry } from '../../ports/telemetry.ts';
import { PureWorld, rolloutOf, routed } from '../../../test/support/pure-world.ts';
import { RolloutController } from './rollout-controller.ts';

const NAMESPACE = 'web';

test('a route that may not be given back is told of as trouble with routing', async () => {
  const { told, pass } = controllerAmong([steered(), route()], () => {
    throw kubeError('routes are not yours', 'forbidden');
  });

  assert.deepEqual(await pass(`${NAMESPACE}/shop`), { retry: true });

  assert.deepEqual(told, [{ type: 'Warning', reason: 'TrafficRoutingError', message: 'routes are not yours' }]);
});

test('a route that keeps refusing to be given back is a state of its Rollout', async () => {
  for (const [reason, tries] of [
    ['forbidden', 1],
    ['unavailable', 4],
  ] as const) {
    const { pass, status, clock } = actingOn({
      rollout: steered() as Rollout,
      others: [route()],
      refuses: (write) => {
        if (write.verb === 'patch' && write.ref.kind.kind === 'HTTPRoute') throw kubeError('not yours', reason);
      },
    });
    for (let turn = 0; turn < tries; turn++) {
      assert.equal(status().phase, undefined);
      assert.deepEqual(await pass(`${NAMESPACE}/shop`), { retry: true });
      clock.advance(10_000);
    }

    assert.equal(`${status().phase} ${status().message}`, 'Degraded ReconciliationError: not yours', reason);
  }
});

test('an update that could not be led back yet is not told to have been', async () => {
  const { rollout, replicaSets } = new PureWorld(rolloutOf({ replicas: 2, canary: { steps: STEPS } }))
    .advance(10_000)
    .image('v2')
    .advance(10_000).cluster;
  assert.equal(rollout.status?.phase, 'Paused');
  const aborted = { ...rollout, status: { ...rollout.status, abort: true } };
  const statuses: KubeWrite[] = [];
  const { pass } = controllerAmong([aborted, ...replicaSets], (write) => {
    if (write.verb === 'patch' && write.ref.kind.plural === 'rollouts') return void statuses.push(write);
    throw kubeError('busy', 'unavailable');
  });

  assert.deepEqual(await pass('default/shop'), { retry: true });

  assert.match(JSON.stringify(statuses), /abortedAt/);
  assert.doesNotMatch(JSON.stringify(statuses), /"phase":"Degraded"/);
});

test('what was done is told when something after it fails, and what was not is not', async () => {
  for (const failing of ['rollouts', 'replicasets']) {
    const { told, pass } = controllerAmong([rolloutOf({ replicas: 2 })], (write) => {
      const { plural } = write.verb === 'create' ? write.kind : write.ref.kind;
      const isStatus = write.verb === 'patch' && write.subresource === 'status';
      if (plural === failing && !isStatus) throw kubeError('busy', 'unavailable');
      return write.verb === 'create' ? write.object : undefined;
    });

    await pass('default/shop');

    const isMade = told.some(({ reason }) => reason === 'NewReplicaSetCreated');
    assert.equal(isMade, failing === 'rollouts', failing);
  }
});

test('an effect that only ever fails is a state and an event after a while, and goes when it succeeds', async () => {
  const { rollout, replicaSets } = paused();
  let isBroken = true;
  const going: Rollout = { ...rollout, status: { ...rollout.status, pauseConditions: undefined } };
  const { pass, clock, status, told } = actingOn({
    rollout: going,
    others: [...replicaSets, shopRoute()],
    refuses: (write) => {
      if (isBroken && write.verb === 'patch' && write.ref.kind.kind === 'ReplicaSet')
        throw kubeError('the webhook did not answer', 'unavailable');
    },
  });
  const phases: string[] = [];

  for (let atMs = 0; atMs <= 50_000; atMs += 10_000) {
    assert.deepEqual(await pass('default/shop'), { retry: true });
    phases.push(`${status().phase}: ${status().message}`);
    clock.advance(10_000);
  }

  assert.deepEqual(new Set(phases.slice(0, 4)), new Set(['Progressing: more replicas need to be updated']));
  assert.deepEqual(new Set(phases.slice(4)), new Set(['Degraded: ReconciliationError: the webhook did not answer']));
  assert.deepEqual(
    told.filter(({ type }) => type === 'Warning').map(({ message }) => message),
    ['the webhook did not answer'],
  );
  isBroken = false;
  for (let turn = 0; turn < 2; turn++) await pass('default/shop');
  assert.equal(status().phase, 'Progressing');
});

test('templates are in the numbers of the controller that acts, and not of one that stands by', () => {
  const template = { ...route(), kind: 'AnalysisTemplate', spec: { metrics: [] } };
  const { shown, fill, start } = controllerAmong([template], () => undefined);
  fill();
  assert.deepEqual(shown, []);

  start();

  assert.deepEqual(shown, ['web/shop']);
});

describe('a kind that a router needs and that cannot be read', () => {
  const GRANT = 'grant it the rights that the role of the Helm chart has for them';

  for (const [state, says] of [
    [
      'refused',
      `Forbidden: the controller may not watch httproutes.gateway.networking.k8s.io in all namespaces; ${GRANT}`,
    ],
    ['syncing', 'the API server does not list httproutes.gateway.networking.k8s.io in all namespaces'],
  ] as const) {
    test(`is a state after a while, when it is ${state}, and goes by itself`, async () => {
      const { rollout, replicaSets } = paused();
      const states: Record<string, ObjectCache['state']> = { HTTPRoute: state };
      const { pass, clock, status, told } = actingOn({ rollout, others: [...replicaSets, shopRoute()], states });
      let looks = 0;
      for (; status().phase === 'Paused'; looks++) {
        const nowMs = clock.nowMs();
        const { againAtMs = nowMs } = (await pass('default/shop')) ?? {};
        assert.ok(againAtMs >= nowMs + 200);
        if (status().phase === 'Paused') clock.advance(againAtMs - nowMs);
      }

      assert.ok(looks < 15, `${looks} passes`);
      assert.equal(clock.nowMs() >= 15_000, true);
      assert.equal(status().phase, 'Degraded');
      assert.ok(status().message?.includes(says), status().message);
      assert.ok(told.some(({ type, reason }) => type === 'Warning' && reason === 'InvalidSpec'));
      assert.deepEqual(await pass('default/shop'), {
        againAtMs: clock.nowMs() + 10_000,
        promised: true,
        resting: false,
      });

      states['HTTPRoute'] = 'synced';
      await pass('default/shop');
      assert.equal(status().phase, 'Paused');
    });
  }

  test('holds up no abort', async () => {
    const { rollout, replicaSets } = paused();
    const aborted = { ...rollout, status: { ...rollout.status, abort: true } };
    const { pass, status } = actingOn({ rollout: aborted, others: replicaSets, states: { HTTPRoute: 'refused' } });

    await pass('default/shop');

    assert.ok(status().abortedAt !== undefined);
    assert.equal(status().phase, 'Degraded');
    // The pods stay: nobody has seen the traffic go.
    assert.equal(status().canary?.weights?.canary.weight, 50);
  });

  test('is not needed where a router was left that never used it', async () => {
    for (const weight of [0, 50]) {
      const { rollout, replicaSets } = paused();
      const { weights } = rollout.status?.canary ?? {};
      assert.ok(weights !== undefined);
      const left: Rollout = {
        ...rollout,
        spec: { ...rollout.spec, strategy: { canary: { steps: STEPS } } },
        status: { ...rollout.status, canary: { weights: { ...weights, canary: { ...weights.canary, weight } } } },
      };
      const { pass, clock, status } = actingOn({
        rollout: left,
        others: replicaSets,
        states: { GRPCRoute: 'refused' },
      });
      await pass('default/shop');
      clock.advance(15_000);

      for (let turn = 0; turn < 3; turn++) {
        await pass('default/shop');
        clock.advance(1_000);
      }

      assert.equal(status().phase === 'Degraded', weight > 0);
      assert.equal(status().canary?.weights?.canary.weight, weight > 0 ? weight : undefined);
    }
  });
});

describe('a route that the spec names no more, beside one that it does', () => {
  const marked = {
    ...shopRoute(),
    metadata: {
      ...shopRoute().metadata,
      name: 'old',
      annotations: { 'rollouts.argoproj.io/gatewayapi-active-rollouts': 'default/shop' },
      labels: { 'rollouts.argoproj.io/gatewayapi-canary': 'in-progress' },
    },
  };
  const byHand = { ...shopRoute(), metadata: { ...shopRoute().metadata, name: 'by-hand' } };

  async function routesPatched(others: readonly KubeObject[]): Promise<readonly string[]> {
    const { rollout, replicaSets } = paused();
    const patched: string[] = [];
    const { pass } = actingOn({
      rollout,
      others: [...replicaSets, marked, byHand, ...others],
      refuses: (write) => {
        if (write.verb === 'patch' && write.ref.kind.kind === 'HTTPRoute')
          patched.push(`${write.ref.name} ${JSON.stringify(write.body)}`);
      },
    });
    await pass('default/shop');
    return patched;
  }

  test('leads to stable alone again, and one that others split by hand is left alone', async () => {
    const [old = '', ...others] = await routesPatched([shopRoute()]);

    assert.match(old, /^old .*"path":"\/spec\/rules\/0\/backendRefs\/1\/weight","value":0/);
    assert.deepEqual(
      others.filter((one) => !one.startsWith('shop ')),
      [],
    );
  });

  test('keeps its part while the name in the spec may be misspelt', async () => {
    assert.deepEqual(await routesPatched([]), []);
  });
});

const STEPS = [{ setWeight: 50 }, { pause: {} }];

interface Acting {
  readonly told: readonly EventNotice[];
  /** Templates in the numbers. */
  readonly shown: readonly string[];
  /** The caches tell of what they hold. */
  readonly fill: () => void;
  readonly start: () => void;
  readonly clock: VirtualClock;
  readonly pass: (key: string) => Promise<QueueAnswer | undefined>;
}

/** A controller among objects that stay as they are. */
function controllerAmong(
  objects: readonly KubeObject[],
  write: (write: KubeWrite) => KubeObject | undefined,
  unreadable: Readonly<Record<string, ObjectCache['state']>> = {},
): Acting {
  const clock = new VirtualClock(0);
  const told: EventNotice[] = [];
  const shown: string[] = [];
  const fills: (() => void)[] = [];
  let handle: ((key: string) => Promise<QueueAnswer>) | undefined;
  const kube: Kube = {
    caches: {
      open: (kind, options = {}) =>
        cacheOf({ kind, objects, fills, indexes: options.indexes as never, unreadable }) as never,
      whenSynced: () => Promise.resolve(),
      release: () => undefined,
      close: () => Promise.resolve(),
    },
    writer: {
      write: async (wanted) => write(wanted),
      fresh: () => true,
      whenFresh: (_refs, run) => run(),
    },
    reader: { get: () => Promise.resolve(undefined), list: () => Promise.resolve([]) },
    events: { record: (_object, notice) => told.push(notice), flush: () => Promise.resolve() },
  };
  const controller = new RolloutController({
    kube,
    queue: {
      add: () => undefined,
      addAt: () => undefined,
      run: (_workers, run) => (handle = run),
      stop: () => Promise.resolve(),
      length: 0,
    },
    clock,
    telemetry: quiet(shown),
    options: { workers: 1, propagationDelayMs: 0 },
  });
  return {
    told,
    shown,
    clock,
    fill: () => fills.forEach((fill) => fill()),
    start: () => controller.start(),
    pass: async (key) => {
      controller.start();
      return handle?.(key);
    },
  };
}

interface CacheInput {
  readonly kind: ResourceKind;
  readonly objects: readonly KubeObject[];
  readonly fills: (() => void)[];
  readonly indexes: CacheOptions['indexes'];
  readonly unreadable: Readonly<Record<string, ObjectCache['state']>>;
}

function cacheOf({ kind, objects, fills, indexes = {}, unreadable }: CacheInput): ObjectCache {
  const here = (): readonly KubeObject[] => objects.filter((object) => object.kind === kind.kind);
  return {
    kind,
    get state() {
      return unreadable[kind.kind] ?? 'synced';
    },
    get: (_namespace, name) => here().find(({ metadata }) => metadata.name === name),
    list: here,
    byIndex: (index, value) => here().filter((object) => indexes[index]?.(object).includes(value) === true),
    subscribe: (listener) => {
      fills.push(() => here().forEach((object) => listener({ type: 'added', object })));
      return () => undefined;
    },
  };
}

function kubeError(message: string, reason: KubeErrorReason): Error {
  return Object.assign(new Error(message), { name: 'KubeError', reason, causes: [] });
}

function quiet(shown: string[]): Telemetry {
  const metrics = {
    ...SILENT_METRICS,
    templateObserved: ({ namespace, name }: TemplateFacts) => void shown.push(`${namespace}/${name}`),
  };
  return { log: SILENT_LOG, metrics };
}

/** The controller among objects that keep the statuses and sizes that it writes. */
function actingOn({
  rollout,
  others = [],
  states,
  refuses,
}: ActingOn): Acting & { readonly status: () => RolloutStatus } {
  const objects: KubeObject[] = [rollout, ...others];
  const acting = controllerAmong(
    objects,
    (write) => {
      refuses?.(write);
      if (write.verb !== 'patch') return undefined;
      const index = objects.findIndex(
        (one) => one.kind === write.ref.kind.kind && one.metadata.name === write.ref.name,
      );
      const before = objects[index];
      if (before === undefined) return undefined;
      const { metadata: _, ...body } = write.body as { readonly metadata?: unknown };
      objects[index] = applyMergePatch(before, body) as KubeObject;
      return objects[index];
    },
    states,
  );
  return { ...acting, status: () => (objects[0] as Rollout).status ?? {} };
}

interface ActingOn {
  readonly rollout: Rollout;
  readonly others?: readonly KubeObject[];
  /** Throws for writes that are not to succeed. */
  readonly refuses?: (write: KubeWrite) => void;
  readonly states?: Readonly<Record<string, ObjectCache['state']>>;
}

function paused(): { readonly rollout: Rollout; readonly replicaSets: readonly KubeObject[] } {
  const { cluster } = new PureWorld(rolloutOf({ replicas: 2, canary: routed({ steps: STEPS }) }))
    .advance(10_000)
    .image('v2')
    .advance(10_000);
  assert.equal(cluster.rollout.status?.phase, 'Paused');
  const services = Object.values(cluster.services).filter((one) => one !== null);
  return { rollout: cluster.rollout, replicaSets: [...cluster.replicaSets, ...services] };
}

/** A Rollout whose traffic was split, and whose spec does not route any more. */
function steered(): KubeObject {
  const weightOf = (serviceName: string): object => ({ serviceName, weight: 50 });
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { namespace: NAMESPACE, name: 'shop', uid: 'shop-uid' },
    spec: { strategy: { canary: { canaryService: 'canary', stableService: 'stable' } } },
    status: { canary: { weights: { canary: weightOf('canary'), stable: weightOf('stable') } } },
  };
}

function route(): KubeObject {
  const backendRefs = ['stable', 'canary'].map((name) => ({ name, port: 80, weight: 50 }));
  return {
    apiVersion: `${KINDS.httpRoute.group}/${KINDS.httpRoute.version}`,
    kind: 'HTTPRoute',
    metadata: { namespace: NAMESPACE, name: 'shop', resourceVersion: '1' },
    spec: { rules: [{ backendRefs }] },
  };
}

function shopRoute(): KubeObject {
  const backendRefs = ['shop-stable', 'shop-canary'].map((name) => ({ name, port: 80, weight: 50 }));
  return {
    apiVersion: `${KINDS.httpRoute.group}/${KINDS.httpRoute.version}`,
    kind: 'HTTPRoute',
    metadata: { namespace: 'default', name: 'shop', resourceVersion: '1' },
    spec: { rules: [{ backendRefs }] },
  };
}
