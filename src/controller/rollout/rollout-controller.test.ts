import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../../api/kube-object.ts';
import type { EventNotice, KubeWrite } from '../../api/kube-write.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { Kube, ObjectCache, QueueAnswer } from '../../ports/kube.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { RolloutController } from './rollout-controller.ts';

const NAMESPACE = 'web';

test('a route that may not be given back is told of as trouble with routing', async () => {
  const { told, pass } = controllerAmong([steered(), route()], () => {
    throw Object.assign(new Error('routes are not yours'), { name: 'KubeError', reason: 'forbidden', causes: [] });
  });

  assert.deepEqual(await pass(`${NAMESPACE}/shop`), { retry: true });

  assert.deepEqual(told, [{ type: 'Warning', reason: 'TrafficRoutingError', message: 'routes are not yours' }]);
});

/** A controller among objects that stay as they are. */
function controllerAmong(
  objects: readonly KubeObject[],
  write: (write: KubeWrite) => KubeObject | undefined,
): { readonly told: readonly EventNotice[]; readonly pass: (key: string) => Promise<QueueAnswer | undefined> } {
  const told: EventNotice[] = [];
  let handle: ((key: string) => Promise<QueueAnswer>) | undefined;
  const kube: Kube = {
    caches: {
      open: (kind) => cacheOf(kind, objects) as never,
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
    telemetry: quiet(),
    options: { workers: 1, propagationDelayMs: 0 },
  });
  controller.start();
  return { told, pass: async (key) => handle?.(key) };
}

function cacheOf(kind: ResourceKind, objects: readonly KubeObject[]): ObjectCache {
  const here = objects.filter((object) => object.kind === kind.kind);
  return {
    kind,
    state: 'synced',
    get: (_namespace, name) => here.find(({ metadata }) => metadata.name === name),
    list: () => here,
    byIndex: () => [],
    subscribe: () => () => undefined,
  };
}

function quiet(): Telemetry {
  const nothing = (): void => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => log };
  const metrics = new Proxy({}, { get: () => nothing }) as Telemetry['metrics'];
  return { log, metrics };
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
