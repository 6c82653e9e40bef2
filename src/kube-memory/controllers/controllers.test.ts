import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { after, describe, it } from 'node:test';
import type { KubeObject } from '../../api/kube-object.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { podStatusText } from '../builtin/pod-cells.ts';
import { fieldsAt, itemsAt, numberAt, textAt } from '../builtin/fields.ts';
import type { StoreAccess } from '../resource.ts';
import { createKubeMemory, type KubeMemory } from '../server.ts';
import { failure } from '../status-error.ts';
import { conditionOf, hasCondition } from './conditions.ts';
import { isReady } from './pod-facts.ts';
import type { PodRuntime } from './pod-runtime.ts';
import { startControllers, type ControllersOptions } from './start.ts';

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

interface World {
  readonly kube: KubeMemory;
  readonly clock: VirtualClock;
  /** Lets so much time pass, with all turns that events and answers need. */
  readonly pass: (ms: number) => Promise<void>;
  readonly pods: () => readonly KubeObject[];
  readonly get: (resource: string, name: string) => KubeObject;
}

function world(options: ControllersOptions = {}): World {
  const clock = new VirtualClock();
  const kube = createKubeMemory({ clock });
  const errors: unknown[] = [];
  const controllers = startControllers(kube.store, clock, { onError: (error) => errors.push(error), ...options });
  cleanups.push(async () => {
    controllers.stop();
    await kube.stop();
    assert.deepEqual(errors, []);
  });
  const get = (resource: string, name: string): KubeObject => {
    const object = kube.store.get(resource, 'default', name);
    assert.ok(object !== undefined, `${resource}/${name} exists`);
    return object;
  };
  return { kube, clock, pass: (ms) => pass(clock, ms), pods: () => kube.store.list('pods', 'default'), get };
}

async function pass(clock: VirtualClock, ms: number): Promise<void> {
  const endMs = clock.nowMs() + ms;
  for (;;) {
    for (let turns = 0; turns < 3; turns++) await turn();
    const nextMs = clock.nextAtMs();
    if (nextMs === undefined || nextMs > endMs) break;
    clock.step();
  }
  clock.advance(endMs - clock.nowMs());
}

function template(
  options: { readonly image?: string; readonly annotations?: Record<string, string>; readonly spec?: object } = {},
): object {
  const { image = 'shop:1', annotations = {}, spec = {} } = options;
  return {
    metadata: { labels: { app: 'shop' }, annotations },
    spec: { containers: [{ name: 'shop', image, ports: [{ containerPort: 8080, name: 'http' }] }], ...spec },
  };
}

function workload(
  kind: 'ReplicaSet' | 'Deployment',
  replicas: number,
  podTemplate: object,
  extra: object = {},
): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'shop', namespace: 'default' },
    spec: { replicas, selector: { matchLabels: { app: 'shop' } }, template: podTemplate, ...extra },
  };
}

function job(spec: object, podSpec: object): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work', namespace: 'default' },
    spec: { template: { spec: { restartPolicy: 'Never', ...podSpec } }, ...spec },
  };
}

describe('ReplicaSets', () => {
  it('make their pods, which start and become ready after their start-up time', async () => {
    const { kube, pass, pods, get } = world({ startMs: 2_000 });

    kube.store.create('replicasets.apps', workload('ReplicaSet', 3, template()));
    await pass(1_000);
    const early = get('replicasets.apps', 'shop');
    await pass(2_000);

    assert.equal(numberAt(early, 'status', 'replicas'), 3);
    assert.equal(numberAt(early, 'status', 'readyReplicas'), undefined);
    assert.equal(numberAt(get('replicasets.apps', 'shop'), 'status', 'availableReplicas'), 3);
    assert.deepEqual(pods().map(podStatusText), ['Running', 'Running', 'Running']);
    assert.equal(new Set(pods().map((pod) => textAt(pod, 'status', 'podIP'))).size, 3);
  });

  it('count a pod as available only after minReadySeconds', async () => {
    const { kube, pass, get } = world({ startMs: 0 });

    kube.store.create('replicasets.apps', workload('ReplicaSet', 1, template(), { minReadySeconds: 10 }));
    await pass(5_000);
    const before = numberAt(get('replicasets.apps', 'shop'), 'status', 'availableReplicas');
    await pass(6_000);

    assert.equal(before, undefined);
    assert.equal(numberAt(get('replicasets.apps', 'shop'), 'status', 'availableReplicas'), 1);
  });

  it('give up pods that are not ready first', async () => {
    const { kube, pass, pods, get } = world({ startMs: 0 });
    kube.store.create('replicasets.apps', workload('ReplicaSet', 3, template()));
    await pass(1_000);
    const [, second] = pods();
    assert.ok(second !== undefined);
    kube.store.update('pods', {
      ...second,
      metadata: { ...second.metadata, annotations: { 'sim.headgate.dev/ready': 'false' } },
    });
    await pass(1_000);

    const set = get('replicasets.apps', 'shop');
    kube.store.update('replicasets.apps', { ...set, spec: { ...fieldsAt(set, 'spec'), replicas: 2 } });
    await pass(5_000);

    assert.equal(pods().length, 2);
    assert.ok(!pods().some((pod) => pod.metadata.name === second.metadata.name));
  });

  it('adopt orphans that match and release pods that no longer do', async () => {
    const { kube, pass, pods, get } = world({ startMs: 0 });
    const orphan = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'orphan', namespace: 'default', labels: { app: 'shop' } },
    };
    kube.store.create('pods', { ...orphan, spec: { containers: [{ name: 'shop', image: 'shop:1' }] } });
    kube.store.create('replicasets.apps', workload('ReplicaSet', 1, template()));
    await pass(1_000);
    const adopted = get('pods', 'orphan');

    kube.store.update('pods', { ...adopted, metadata: { ...adopted.metadata, labels: { app: 'other' } } });
    await pass(1_000);

    assert.equal(adopted.metadata.ownerReferences?.[0]?.name, 'shop');
    assert.deepEqual(get('pods', 'orphan').metadata.ownerReferences ?? [], []);
    assert.equal(pods().length, 2);
  });

  it('show a creation that is refused as a condition until it succeeds', async () => {
    const clock = new VirtualClock();
    const kube = createKubeMemory({ clock });
    let isFull = true;
    const store: StoreAccess = {
      get: (...names) => kube.store.get(...names),
      list: (...names) => kube.store.list(...names),
      create: (resource, object) => {
        if (isFull && resource === 'pods') throw failure(403, 'Forbidden', 'exceeded quota: none');
        return kube.store.create(resource, object);
      },
      update: (...what) => kube.store.update(...what),
      delete: (...names) => kube.store.delete(...names),
      subscribe: (resource, listener) => kube.store.subscribe(resource, listener),
      resources: () => kube.store.resources(),
    };
    const controllers = startControllers(store, clock, { startMs: 0 });
    kube.store.create('replicasets.apps', workload('ReplicaSet', 1, template()));
    await pass(clock, 1_000);
    const refused = kube.store.get('replicasets.apps', 'default', 'shop');

    isFull = false;
    await pass(clock, 10_000);

    assert.equal(conditionOf(refused, 'ReplicaFailure')?.message, 'exceeded quota: none');
    const set = kube.store.get('replicasets.apps', 'default', 'shop');
    assert.equal(conditionOf(set, 'ReplicaFailure'), undefined);
    assert.equal(numberAt(set, 'status', 'readyReplicas'), 1);
    controllers.stop();
    await kube.stop();
  });
});

describe('pods', () => {
  it('with a bad image wait, first for the error, then backing off, and run once the image is right', async () => {
    const { kube, pass, pods } = world({ startMs: 0 });
    kube.store.create('replicasets.apps', workload('ReplicaSet', 1, template({ image: 'does-not-exist:1' })));
    await pass(500);
    const first = pods().map(podStatusText);
    await pass(2_000);
    const then = pods().map(podStatusText);
    const pod = pods()[0]!;

    kube.store.update('pods', {
      ...pod,
      spec: { ...fieldsAt(pod, 'spec'), containers: [{ ...itemsAt(pod, 'spec', 'containers')[0], image: 'shop:2' }] },
    });
    await pass(100);

    assert.deepEqual([first, then, pods().map(podStatusText)], [['ErrImagePull'], ['ImagePullBackOff'], ['Running']]);
  });

  it('that crash are restarted at once, then with growing pauses', async () => {
    const { kube, pass, pods } = world({ startMs: 0 });
    kube.store.create(
      'replicasets.apps',
      workload('ReplicaSet', 1, template({ annotations: { 'sim.headgate.dev/crash-after-ms': '1000' } })),
    );
    await pass(2_500);
    const looping = pods().map(podStatusText);
    const readyBetween = pods().map(isReady);
    await pass(10_000);

    const status = itemsAt(pods()[0], 'status', 'containerStatuses')[0];
    assert.deepEqual(looping, ['CrashLoopBackOff']);
    assert.equal(numberAt(status, 'restartCount'), 2);
    assert.equal(numberAt(status, 'lastState', 'terminated', 'exitCode'), 1);
    assert.deepEqual(readyBetween, [false]);
  });

  it('that are deleted stay for their stop time, terminating, and are gone after it', async () => {
    const { kube, pass, pods } = world({ startMs: 0, stopMs: 3_000 });
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' } };
    kube.store.create('pods', { ...pod, spec: { containers: [{ name: 'shop', image: 'shop:1' }] } });
    await pass(1_000);

    kube.store.delete('pods', 'default', 'p');
    await pass(2_000);
    const still = pods().map(podStatusText);
    await pass(2_000);

    assert.deepEqual(still, ['Terminating']);
    assert.equal(pods().length, 0);
  });

  it('of a runtime show its address, ask it for readiness, drain and stop it', async () => {
    const calls: string[] = [];
    let answers = false;
    const runtime: PodRuntime = {
      start: (pod) => {
        calls.push('start');
        assert.equal(pod.kind, 'Pod');
        return {
          ip: '127.9.9.9',
          isReady: () => answers,
          drain: () => void calls.push('drain'),
          stop: () => void calls.push('stop'),
        };
      },
    };
    const { kube, pass, pods, get } = world({ startMs: 0, stopMs: 1_000, podRuntime: runtime });
    const container = { name: 'shop', image: 'shop:1', readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 } };
    kube.store.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: { containers: [container] },
    });
    await pass(3_000);
    const waiting = get('pods', 'p');

    answers = true;
    await pass(1_500);
    const ready = get('pods', 'p');
    kube.store.delete('pods', 'default', 'p');
    await pass(2_000);

    assert.equal(textAt(waiting, 'status', 'podIP'), '127.9.9.9');
    assert.deepEqual([isReady(waiting), isReady(ready), pods().length], [false, true, 0]);
    assert.deepEqual(calls, ['start', 'drain', 'stop']);
  });

  it('whose program ends by itself are restarted with a new program', async () => {
    let starts = 0;
    const runtime: PodRuntime = {
      start: () => ({
        ip: `127.9.9.${++starts}`,
        exited: starts === 1 ? Promise.resolve(3) : new Promise(() => undefined),
        stop: () => undefined,
      }),
    };
    const { kube, pass, get } = world({ startMs: 0, podRuntime: runtime });
    const spec = { containers: [{ name: 'shop', image: 'shop:1' }] };
    kube.store.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec });
    await pass(1_000);

    const status = itemsAt(get('pods', 'p'), 'status', 'containerStatuses')[0];
    assert.equal(starts, 2);
    assert.equal(numberAt(status, 'lastState', 'terminated', 'exitCode'), 3);
    assert.equal(textAt(get('pods', 'p'), 'status', 'podIP'), '127.9.9.2');
  });

  it('run their init containers first', async () => {
    const { kube, pass, get } = world({ startMs: 0 });
    const spec = {
      initContainers: [{ name: 'prepare', image: 'tool:1', command: ['sleep', '2'] }],
      containers: [{ name: 'shop', image: 'shop:1' }],
    };
    kube.store.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec });
    await pass(1_000);
    const early = podStatusText(get('pods', 'p'));
    await pass(2_000);

    assert.deepEqual([early, podStatusText(get('pods', 'p'))], ['Init:0/1', 'Running']);
  });
});

describe('Deployments', () => {
  it('roll a new template out without ever falling under the minimum', async () => {
    const { kube, pass, get } = world({ startMs: 1_000, stopMs: 500 });
    kube.store.create('deployments.apps', workload('Deployment', 4, template()));
    await pass(5_000);
    const first = get('deployments.apps', 'shop');
    let least = 4;
    let most = 4;
    const stop = kube.store.subscribe('replicasets.apps', () => {
      const sets = kube.store.list('replicasets.apps', 'default');
      least = Math.min(
        least,
        sets.reduce((sum, set) => sum + (numberAt(set, 'status', 'availableReplicas') ?? 0), 0),
      );
      most = Math.max(
        most,
        sets.reduce((sum, set) => sum + (numberAt(set, 'spec', 'replicas') ?? 0), 0),
      );
    });

    kube.store.update('deployments.apps', {
      ...first,
      spec: { ...fieldsAt(first, 'spec'), template: template({ image: 'shop:2' }) },
    });
    await pass(30_000);
    stop();

    const status = fieldsAt(get('deployments.apps', 'shop'), 'status');
    const sizes = kube.store.list('replicasets.apps', 'default').map((set) => numberAt(set, 'spec', 'replicas'));
    assert.ok(hasCondition(first, 'Available'));
    assert.deepEqual([status.updatedReplicas, status.availableReplicas, status.observedGeneration], [4, 4, 2]);
    assert.deepEqual(
      sizes.toSorted((left, right) => (left ?? 0) - (right ?? 0)),
      [0, 4],
    );
    assert.deepEqual([least, most], [3, 5]);
    assert.equal(get('deployments.apps', 'shop').metadata.annotations?.['deployment.kubernetes.io/revision'], '2');
    assert.equal(conditionOf(get('deployments.apps', 'shop'), 'Progressing')?.reason, 'NewReplicaSetAvailable');
  });

  it('say that their deadline has passed when the new pods never become ready', async () => {
    const { kube, pass, get } = world({ startMs: 0 });
    kube.store.create(
      'deployments.apps',
      workload('Deployment', 1, template({ image: 'does-not-exist' }), { progressDeadlineSeconds: 30 }),
    );
    await pass(40_000);

    assert.equal(conditionOf(get('deployments.apps', 'shop'), 'Progressing')?.reason, 'ProgressDeadlineExceeded');
    assert.equal(hasCondition(get('deployments.apps', 'shop'), 'Available'), false);
  });

  it('recreate: no new pod before the old ones are gone', async () => {
    const { kube, pass, get, pods } = world({ startMs: 0, stopMs: 2_000 });
    kube.store.create('deployments.apps', workload('Deployment', 2, template(), { strategy: { type: 'Recreate' } }));
    await pass(2_000);
    const before = get('deployments.apps', 'shop');
    kube.store.update('deployments.apps', {
      ...before,
      spec: { ...fieldsAt(before, 'spec'), template: template({ image: 'shop:2' }) },
    });
    await pass(1_000);
    const during = pods().map((pod) => textAt(itemsAt(pod, 'spec', 'containers')[0], 'image'));
    await pass(5_000);

    assert.deepEqual(during, ['shop:1', 'shop:1']);
    assert.deepEqual(
      pods().map((pod) => textAt(itemsAt(pod, 'spec', 'containers')[0], 'image')),
      ['shop:2', 'shop:2'],
    );
  });

  it('follow a change of replicas', async () => {
    const { kube, pass, get, pods } = world({ startMs: 0 });
    kube.store.create('deployments.apps', workload('Deployment', 2, template()));
    await pass(2_000);
    const before = get('deployments.apps', 'shop');
    kube.store.update('deployments.apps', { ...before, spec: { ...fieldsAt(before, 'spec'), replicas: 5 } });
    await pass(3_000);

    assert.equal(pods().length, 5);
    assert.equal(kube.store.list('replicasets.apps', 'default').length, 1);
  });
});

describe('Jobs', () => {
  const cases = [
    {
      title: 'complete when a pod succeeds',
      podSpec: { containers: [{ name: 'c', image: 'x', command: ['sh', '-c', 'sleep 2; exit 0'] }] },
      spec: {},
      end: 'Complete',
      counts: [1, undefined],
    },
    {
      title: 'fail after too many failures',
      podSpec: { containers: [{ name: 'c', image: 'x', command: ['false'] }] },
      spec: { backoffLimit: 1 },
      end: 'Failed',
      counts: [undefined, 2],
    },
    {
      title: 'fail at their deadline',
      podSpec: { containers: [{ name: 'c', image: 'x', command: ['sleep', '900'] }] },
      spec: { activeDeadlineSeconds: 20 },
      end: 'Failed',
      counts: [undefined, 1],
    },
    {
      title: 'run as many pods as completions ask for',
      podSpec: { containers: [{ name: 'c', image: 'x' }] },
      spec: { completions: 3, parallelism: 2 },
      end: 'Complete',
      counts: [3, undefined],
    },
  ] as const;
  for (const { title, podSpec, spec, end, counts } of cases) {
    it(title, async () => {
      const { kube, pass, get } = world({ startMs: 0 });
      kube.store.create('jobs.batch', job(spec, podSpec));
      await pass(60_000);

      const done = get('jobs.batch', 'work');
      assert.ok(hasCondition(done, end), JSON.stringify(done.status));
      assert.deepEqual([numberAt(done, 'status', 'succeeded'), numberAt(done, 'status', 'failed')], counts);
    });
  }

  it('are removed after their time to live, with their pods', async () => {
    const { kube, pass, pods } = world({ startMs: 0 });
    kube.store.create(
      'jobs.batch',
      job({ ttlSecondsAfterFinished: 5 }, { containers: [{ name: 'c', image: 'x', command: ['true'] }] }),
    );
    await pass(20_000);

    assert.equal(kube.store.list('jobs.batch').length, 0);
    assert.equal(pods().length, 0);
  });

  it('have no pods while suspended', async () => {
    const { kube, pass, pods, get } = world({ startMs: 0 });
    kube.store.create('jobs.batch', job({ suspend: true }, { containers: [{ name: 'c', image: 'x' }] }));
    await pass(5_000);

    assert.equal(pods().length, 0);
    assert.ok(hasCondition(get('jobs.batch', 'work'), 'Suspended'));
  });
});

describe('EndpointSlices', () => {
  it('list ready pods by their named port, and say which of them are ending', async () => {
    const { kube, pass, pods } = world({ startMs: 0, stopMs: 5_000 });
    kube.store.create('services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop', namespace: 'default' },
      spec: { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 'http' }] },
    });
    kube.store.create('replicasets.apps', workload('ReplicaSet', 2, template()));
    await pass(2_000);
    const slice = kube.store.list('endpointslices.discovery.k8s.io', 'default');

    kube.store.delete('pods', 'default', pods()[0]!.metadata.name);
    await pass(1_000);
    const conditions = itemsAt(kube.store.list('endpointslices.discovery.k8s.io', 'default')[0], 'endpoints').map(
      (endpoint) => endpoint.conditions,
    );

    assert.equal(slice.length, 1);
    assert.deepEqual(slice[0]?.ports, [{ name: '', protocol: 'TCP', port: 8080 }]);
    assert.deepEqual(
      itemsAt(slice[0], 'endpoints').map((endpoint) => endpoint.conditions),
      [
        { ready: true, serving: true, terminating: false },
        { ready: true, serving: true, terminating: false },
      ],
    );
    assert.ok(
      conditions.some(
        (each) =>
          numberAt(each, 'none') === undefined &&
          fieldsAt(each).terminating === true &&
          fieldsAt(each).ready === false &&
          fieldsAt(each).serving === true,
      ),
    );
    assert.equal(slice[0]?.metadata.labels?.['kubernetes.io/service-name'], 'shop');
  });

  it('keep one empty slice for a Service without pods', async () => {
    const { kube, pass } = world();
    const spec = { selector: { app: 'none' }, ports: [{ port: 80 }] };
    kube.store.create('services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'default' },
      spec,
    });
    await pass(100);

    assert.deepEqual(
      kube.store.list('endpointslices.discovery.k8s.io', 'default').map((slice) => slice.endpoints),
      [null],
    );
  });
});

describe('PodDisruptionBudgets', () => {
  it('allow as many disruptions as healthy pods exceed what is needed', async () => {
    const { kube, pass, get } = world({ startMs: 0 });
    kube.store.create('replicasets.apps', workload('ReplicaSet', 4, template()));
    const spec = { maxUnavailable: '25%', selector: { matchLabels: { app: 'shop' } } };
    kube.store.create('poddisruptionbudgets.policy', {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b', namespace: 'default' },
      spec,
    });
    await pass(2_000);

    const { disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods } = fieldsAt(
      get('poddisruptionbudgets.policy', 'b'),
      'status',
    );
    assert.deepEqual([disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods], [1, 4, 3, 4]);
  });
});

describe('all controllers', () => {
  it('leave no timer behind and write nothing to a world at rest', async () => {
    const clock = new VirtualClock();
    const kube = createKubeMemory({ clock });
    const controllers = startControllers(kube.store, clock, { startMs: 0 });
    kube.store.create('deployments.apps', workload('Deployment', 3, template()));
    await pass(clock, 10_000);
    const { revision } = kube.store;
    await pass(clock, 300_000);

    assert.equal(kube.store.revision, revision);
    controllers.stop();
    await kube.stop();
    assert.equal(clock.nextAtMs(), undefined);
  });
});
