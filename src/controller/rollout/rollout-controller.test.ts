import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../../api/kube-object.ts';
import type { EventNotice, KubeWrite } from '../../api/kube-write.ts';
import { SILENT_LOG, SILENT_METRICS } from '../../adapters/telemetry/silent.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { CacheOptions, Kube, KubeErrorReason, ObjectCache, QueueAnswer } from '../../ports/kube.ts';
import type { TemplateFacts, Telemetry } from '../../ports/telemetry.ts';
import { PureWorld, rolloutOf } from '../../../test/support/pure-world.ts';
import { RolloutController } from './rollout-controller.ts';

const NAMESPACE = 'web';

test('a route that may not be given back is told of as trouble with routing', async () => {
  const { told, pass } = controllerAmong([steered(), route()], () => {
    throw kubeError('routes are not yours', 'forbidden');
  });

  assert.deepEqual(await pass(`${NAMESPACE}/shop`), { retry: true });

  assert.deepEqual(told, [{ type: 'Warning', reason: 'TrafficRoutingError', message: 'routes are not yours' }]);
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

test('templates are in the numbers of the controller that acts, and not of one that stands by', () => {
  const template = { ...route(), kind: 'AnalysisTemplate', spec: { metrics: [] } };
  const { shown, fill, start } = controllerAmong([template], () => undefined);
  fill();
  assert.deepEqual(shown, []);

  start();

  assert.deepEqual(shown, ['web/shop']);
});

const STEPS = [{ setWeight: 50 }, { pause: {} }];

interface Acting {
  readonly told: readonly EventNotice[];
  /** Templates in the numbers. */
  readonly shown: readonly string[];
  /** The caches tell of what they hold. */
  readonly fill: () => void;
  readonly start: () => void;
  readonly pass: (key: string) => Promise<QueueAnswer | undefined>;
}

/** A controller among objects that stay as they are. */
function controllerAmong(objects: readonly KubeObject[], write: (write: KubeWrite) => KubeObject | undefined): Acting {
  const told: EventNotice[] = [];
  const shown: string[] = [];
  const fills: (() => void)[] = [];
  let handle: ((key: string) => Promise<QueueAnswer>) | undefined;
  const kube: Kube = {
    caches: {
      open: (kind, options = {}) => cacheOf({ kind, objects, fills, indexes: options.indexes as never }) as never,
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
    clock: new VirtualClock(0),
    telemetry: quiet(shown),
    options: { workers: 1, propagationDelayMs: 0 },
  });
  return {
    told,
    shown,
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
}

function cacheOf({ kind, objects, fills, indexes = {} }: CacheInput): ObjectCache {
  const here = objects.filter((object) => object.kind === kind.kind);
  return {
    kind,
    state: 'synced',
    get: (_namespace, name) => here.find(({ metadata }) => metadata.name === name),
    list: () => here,
    byIndex: (index, value) => here.filter((object) => indexes[index]?.(object).includes(value) === true),
    subscribe: (listener) => {
      fills.push(() => here.forEach((object) => listener({ type: 'added', object })));
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
