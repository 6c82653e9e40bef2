import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { KubeObject } from '../api/kube-object.ts';
import type { RolloutSpec } from '../api/rollout.ts';
import { PureWorld, rolloutOf, type RolloutWishes } from '../../test/support/pure-world.ts';
import type { ClusterHabits } from './rollout/imagined-cluster.ts';
import { planRollout } from './rollout/plan.ts';

const TEMPLATE = { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'v1' }] } };
const GENERATION = 'rollout.argoproj.io/workload-generation';

function deployment(replicas = 3): KubeObject {
  const spec = { replicas, selector: { matchLabels: { app: 'shop' } }, template: TEMPLATE };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop', namespace: 'default', generation: 7, resourceVersion: '1' },
    spec,
  } as KubeObject;
}

function referring(
  workload: KubeObject | null,
  more: {
    readonly scaleDown?: string;
    readonly wishes?: RolloutWishes;
    readonly spec?: Partial<RolloutSpec>;
    readonly habits?: Partial<ClusterHabits>;
  } = {},
): PureWorld {
  const { scaleDown } = more;
  const workloadRef = {
    apiVersion: 'apps/v1',
    kind: workload?.kind ?? 'Deployment',
    name: 'shop',
    ...(scaleDown === undefined ? {} : { scaleDown }),
  };
  const spec = { template: undefined, selector: undefined, workloadRef, ...more.spec };
  const world = new PureWorld(rolloutOf({ replicas: 3, ...more.wishes, spec }), { podStartMs: 1_000, ...more.habits });
  world.cluster = { ...world.cluster, workload };
  return world;
}

function workloadOf(world: PureWorld): {
  readonly spec: { readonly replicas: number };
  readonly metadata: { readonly generation?: number };
} {
  return world.cluster.workload as never;
}

function newImage(world: PureWorld, image: string): PureWorld {
  const before = world.cluster.workload as never as { readonly spec: object; readonly metadata: object };
  const template = { ...TEMPLATE, spec: { containers: [{ name: 'app', image }] } };
  world.cluster = {
    ...world.cluster,
    workload: {
      ...before,
      metadata: { ...before.metadata, generation: 8 },
      spec: { ...before.spec, template },
    } as never as KubeObject,
  };
  return world;
}

describe('a Rollout that refers to a Deployment', () => {
  test('runs its template and takes its selector', () => {
    const world = referring(deployment()).advance(5_000);

    assert.equal(world.status.phase, 'Healthy');
    assert.deepEqual(world.sizes(), { v1: 3 });
    assert.equal(world.cluster.replicaSets[0]?.spec.selector.matchLabels?.['app'], 'shop');
    assert.equal(world.status.selector, 'app=shop');
    assert.equal(world.cluster.rollout.spec.template, undefined);
    assert.equal(world.cluster.rollout.metadata.annotations?.[GENERATION], '7');
    assert.equal(world.status.workloadObservedGeneration, '7');
  });

  test('updates when its template changes', () => {
    const world = referring(deployment(), { wishes: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } } });
    newImage(world.advance(5_000), 'v2').advance(10_000);

    assert.equal(world.status.phase, 'Paused');
    assert.equal(world.status.workloadObservedGeneration, '8');
    assert.ok((world.sizes()['v2'] ?? 0) > 0);
  });

  test('starts no new version when the template moves into the Rollout', () => {
    const world = referring(deployment()).advance(5_000);
    const before = world.status.currentPodHash;

    world.edit({ workloadRef: null, selector: { matchLabels: { app: 'shop' } }, template: TEMPLATE }).advance(5_000);

    assert.equal(world.status.currentPodHash, before);
    assert.equal(world.cluster.replicaSets.length, 1);
    assert.equal(world.status.workloadObservedGeneration, undefined);
  });

  test('says so when it is missing, leaves everything as it is, and can still be aborted', () => {
    const wishes = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };
    const world = newImage(referring(deployment(), { wishes }).advance(5_000), 'v2').advance(10_000);
    world.cluster = { ...world.cluster, workload: null };

    world.advance(10_000);
    assert.equal(
      world.status.message,
      'InvalidSpec: The Rollout "shop" is invalid: deployments.apps "default/shop" not found',
    );
    assert.ok((world.sizes()['v2'] ?? 0) > 0);
    assert.equal(world.status.selector, 'app=shop');

    world.command({ abort: true }).advance(120_000);
    assert.deepEqual(world.sizes(), { v1: 3, v2: 0 });
  });

  test('may not have a template of its own', () => {
    const world = referring(deployment(), { spec: { template: TEMPLATE } }).advance(5_000);

    assert.match(world.status.message ?? '', /template must be empty for workload reference rollout/);
  });

  test('is planned with the Deployment at hand', () => {
    const rollout = rolloutOf({
      replicas: 2,
      spec: { template: undefined, selector: undefined, workloadRef: { kind: 'Deployment', name: 'shop' } },
    });

    assert.equal(planRollout(rollout).ok, false);
    assert.equal(planRollout(rollout, { workload: deployment() }).ok, true);
  });
});

test('a Rollout refers to a ReplicaSet in the same way', () => {
  const world = referring({ ...deployment(), kind: 'ReplicaSet' }).advance(5_000);

  assert.equal(world.status.phase, 'Healthy');
});

describe('a Rollout that refers to a PodTemplate', () => {
  const podTemplate = {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'shop', namespace: 'default', generation: 1 },
    template: TEMPLATE,
  } as KubeObject;

  test('brings its own selector', () => {
    const spec = { selector: { matchLabels: { app: 'shop' } } };

    assert.equal(referring(podTemplate, { spec }).advance(5_000).status.phase, 'Healthy');
  });

  test('says so when it has none', () => {
    assert.match(referring(podTemplate).advance(5_000).status.message ?? '', /spec.selector: Required value/);
  });
});

test('a reference without a kind is refused, and status has no hash, rather than an empty one', () => {
  const world = referring(deployment(), { spec: { workloadRef: {} } }).advance(5_000);

  assert.equal(world.status.message, 'InvalidSpec: The Rollout "shop" is invalid: workload of type / is not supported');
  assert.equal(world.status.currentPodHash, undefined);
});

test('a kind that has no template is refused', () => {
  const world = referring({ ...deployment(), kind: 'Job' }).advance(5_000);

  assert.match(world.status.message ?? '', /workload of type apps\/Job is not supported/);
});

describe('the Deployment that is referred to', () => {
  test('is left alone if nothing else is said, or never', () => {
    assert.equal(workloadOf(referring(deployment()).advance(60_000)).spec.replicas, 3);
    assert.equal(workloadOf(referring(deployment(), { scaleDown: 'never' }).advance(60_000)).spec.replicas, 3);
  });

  test('is scaled down once the Rollout has all its pods (onsuccess)', () => {
    const world = referring(deployment(), { scaleDown: 'onsuccess' }).quiesce();
    assert.equal(workloadOf(world).spec.replicas, 3);

    assert.equal(workloadOf(world.advance(2_000)).spec.replicas, 0);
  });

  test('keeps its pods while the first version of the Rollout is broken', () => {
    for (const scaleDown of ['onsuccess', 'progressively']) {
      const world = referring(deployment(), { scaleDown, habits: { brokenImages: ['v1'] } }).advance(600_000);

      assert.equal(workloadOf(world).spec.replicas, 3);
    }
  });

  test('gives way pod by pod (progressively), and gets back what the first version loses', () => {
    const world = referring(deployment(), { scaleDown: 'progressively' }).quiesce();
    const name = world.cluster.replicaSets[0]?.metadata.name ?? '';
    const inOneSecond = world.cluster.nowMs + 1_000;
    world.cluster = { ...world.cluster, podsReadyAtMs: { [name]: [inOneSecond, Infinity, Infinity] } };

    world.advance(2_000);
    assert.equal(workloadOf(world).spec.replicas, 2);

    world.cluster = { ...world.cluster, podsReadyAtMs: { [name]: [Infinity, Infinity, Infinity] } };
    world.advance(2_000);
    assert.equal(workloadOf(world).spec.replicas, 3);

    world.cluster = { ...world.cluster, podsReadyAtMs: { [name]: [0, 0, 0] } };
    assert.equal(workloadOf(world.advance(2_000)).spec.replicas, 0);
    assert.equal(world.status.phase, 'Healthy');
  });

  test('never grows once the Rollout has a stable version', () => {
    const world = referring(deployment(), { scaleDown: 'progressively' }).advance(10_000);
    const name = world.cluster.replicaSets[0]?.metadata.name ?? '';
    world.cluster = { ...world.cluster, podsReadyAtMs: { [name]: [Infinity, Infinity, Infinity] } };

    assert.equal(workloadOf(world.advance(10_000)).spec.replicas, 0);
  });
});
