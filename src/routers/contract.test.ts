import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { refKey, type KubeObject, type ObjectRef } from '../api/kube-object.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { BackendRef, HttpRoute, Ingress } from '../api/workloads.ts';
import type { LeftTarget, TrafficPlan, TrafficTarget } from '../core/traffic.ts';
import { applyJsonPatch } from '../kube-memory/patch/json-patch.ts';
import { InvariantViolation } from '../lib/assert.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import { applyMergePatch, isPlainObject } from '../lib/merge-patch.ts';
import type { CurrentObjects, TrafficRouter } from './contract.ts';
import { trafficRouters } from './registry.ts';

/** What the suite needs to know of a router. */
interface Fixture {
  readonly config: unknown;
  /** Objects that the user provides; without one of them the router is of no use. */
  readonly provided: readonly ObjectRef[];
  /** Worlds that the router can work in, with foreign things in them. */
  readonly worlds: fc.Arbitrary<readonly KubeObject[]>;
  /** Leaves that the router may write in what the user provides, and in objects of its own, as pointers. */
  readonly ownedInProvided: RegExp;
  readonly ownedElsewhere: RegExp;
}

const NAMESPACE = 'shop';
const GATEWAY_API = 'argoproj-labs/gatewayAPI';
const NOTHING = /^\b$/;

const weights = fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: undefined });
const annotationMaps = fc.constantFrom<Readonly<Record<string, string>> | undefined>(
  undefined,
  {},
  { team: 'blue', 'a/b~c': '1' },
);

const FIXTURES: Readonly<Record<string, Fixture>> = {
  [GATEWAY_API]: {
    config: { httpRoutes: [{ name: 'web' }, { name: 'api' }] },
    provided: [routeRef('web'), routeRef('api')],
    worlds: fc.tuple(routes('web'), routes('api')),
    ownedElsewhere: NOTHING,
    ownedInProvided:
      /^\/spec\/rules\/\d+\/backendRefs\/\d+\/weight$|^\/metadata\/labels(\/rollouts.argoproj.io~1gatewayapi-canary)?$|^\/metadata\/annotations(\/rollouts.argoproj.io~1gatewayapi-active-rollouts)?$/,
  },
  nginx: {
    config: {
      stableIngresses: ['web', 'api'],
      additionalIngressAnnotations: { 'canary-by-header': 'X-Canary' },
      canaryIngressAnnotations: { 'example.com/owner': 'blue' },
    },
    provided: [ingressRef('web'), ingressRef('api')],
    worlds: fc.tuple(ingresses('web'), ingresses('api')).map((pairs) => pairs.flat()),
    ownedInProvided: NOTHING,
    ownedElsewhere:
      /^\/metadata\/annotations\/(nginx.ingress.kubernetes.io~1canary.*|example.com~1owner|kubernetes.io~1ingress.class)$|^\/spec(\/.*)?$/,
  },
};

const plans: fc.Arbitrary<TrafficPlan> = fc
  .tuple(fc.constantFrom(100, 100, 1, 1_000), fc.integer({ min: 0, max: 1_000_000 }))
  .map(([weightTotal, drawn]) => ({ weightTotal, canaryWeight: drawn % (weightTotal + 1) }));

for (const router of trafficRouters) {
  describe(`the router ${router.id}`, () => {
    const fixture = FIXTURES[router.id];
    assert.ok(fixture, `give ${router.id} a fixture, so that it is held to the contract`);
    const target = targetWith(fixture.config);

    it('shows a plan once its writes are applied, and then wants nothing more', () => {
      fc.assert(
        fc.property(fixture.worlds, fc.array(plans, { minLength: 1, maxLength: 4 }), (objects, sequence) => {
          let current = worldOf(router, target, objects);
          for (const plan of sequence) {
            current = applied(current, router.desired(plan, target, current));
            const shown = router.observed(target, current);

            assert.equal(shown.state, 'known');
            assert.deepEqual(
              { canaryWeight: shown.canaryWeight, weightTotal: shown.weightTotal, drifted: shown.drifted },
              { ...plan, drifted: false },
            );
            assert.deepEqual(router.desired(plan, target, current), []);
          }
        }),
      );
    });

    it('wants something as long as anything that it owns differs from what it would show', () => {
      fc.assert(
        fc.property(fixture.worlds, plans, (objects, plan) => {
          const current = worldOf(router, target, objects);
          const shown = router.observed(target, current);
          const showsPlan =
            shown.state === 'known' &&
            shown.drifted === false &&
            shown.canaryWeight === plan.canaryWeight &&
            shown.weightTotal === plan.weightTotal;

          assert.equal(router.desired(plan, target, current).length === 0, showsPlan);
        }),
      );
    });

    it('changes only leaves that it owns', () => {
      fc.assert(
        fc.property(fixture.worlds, plans, (objects, plan) => {
          const before = worldOf(router, target, objects);
          const after = applied(before, router.desired(plan, target, before));

          for (const [key, object] of before) {
            if (object === null) continue;
            const owned = ownedIn(fixture, key);
            const foreign: readonly string[] = changedLeaves(object, after.get(key)).filter(
              (leaf) => !owned.test(leaf),
            );
            assert.deepEqual(foreign, [], key);
          }
        }),
      );
    });

    it('touches what the user provides only by operations on single leaves', () => {
      fc.assert(
        fc.property(fixture.worlds, plans, (objects, plan) => {
          const current = worldOf(router, target, objects);
          for (const write of router.desired(plan, target, current)) {
            assert.ok(write.verb === 'create' || write.verb === 'apply' || write.verb === 'patch');
            if (!isProvided(fixture, refKey(refOf(write)))) continue;
            assert.ok(write.verb === 'patch' && write.patchType === 'json');
            const operations = write.body as readonly { readonly op: string; readonly path: string }[];
            for (const { op, path } of operations) assert.ok(op === 'test' || fixture.ownedInProvided.test(path), path);
          }
        }),
      );
    });

    it('guards every patch by the version that was read', () => {
      fc.assert(
        fc.property(fixture.worlds, plans, (objects, plan) => {
          const read = worldOf(router, target, objects);
          const moved = new Map([...read].map(([key, object]) => [key, object && touched(object)]));
          const patches = router.desired(plan, target, read).filter(({ verb }) => verb === 'patch');

          for (const patch of patches) assert.throws(() => applied(moved, [patch]), { name: /PatchFailed|Conflict/ });
        }),
      );
    });

    it('says which object is missing, and writes nothing when none is left', () => {
      const [objects] = fc.sample(fixture.worlds, { numRuns: 1, seed: 1 });
      for (const missing of fixture.provided) {
        const current = new Map(worldOf(router, target, objects ?? [])).set(refKey(missing), null);

        const shown = router.observed(target, current);

        assert.equal(shown.state, 'unusable');
        assert.match(shown.message, new RegExp(`"${NAMESPACE}/${missing.name}" does not exist; create it`));
      }
      const nothing = worldOf(router, target, []);
      assert.deepEqual(router.desired({ canaryWeight: 20, weightTotal: 100 }, target, nothing), []);
      assert.deepEqual(router.desired({ canaryWeight: 0, weightTotal: 100 }, target, nothing), []);
    });

    it('brings the others back to stable when one object is missing', () => {
      const [objects] = fc.sample(fixture.worlds, { numRuns: 1, seed: 2 });
      const full = worldOf(router, target, objects ?? []);
      const shifted = applied(full, router.desired({ canaryWeight: 20, weightTotal: 100 }, target, full));
      const [missing] = fixture.provided;
      assert.ok(missing);
      const current = new Map(shifted).set(refKey(missing), null);

      const writes = router.desired({ canaryWeight: 0, weightTotal: 100 }, target, current);

      assert.ok(writes.length > 0);
      assert.ok(writes.every((write) => write.verb === 'create' || refKey(write.ref) !== refKey(missing)));
    });

    it('leaves nothing of a Rollout that uses it no more, and everything of others', () => {
      fc.assert(
        fc.property(fixture.worlds, plans, (objects, plan) => {
          const before = worldOf(router, target, objects);
          const used = applied(before, router.desired(plan, target, before));
          const left: LeftTarget = { ...target, weightTotal: plan.weightTotal };
          const present = [...used.values()].filter((object) => object !== null);
          const writes = router.kinds.flatMap((kind) =>
            router.leave(
              left,
              kind,
              present.filter((object) => object.kind === kind.kind),
            ),
          );
          const stranger = { ...left, rolloutName: 'other', rolloutUid: 'uid-2', stableService: '', canaryService: '' };
          for (const kind of router.kinds) {
            const ofKind = present.filter((object) => object.kind === kind.kind);
            assert.deepEqual(router.leave(stranger, kind, ofKind), []);
          }

          const removed = writes.flatMap((write) => (write.verb === 'delete' ? [refKey(write.ref)] : []));
          const after = applied(
            used,
            writes.filter(({ verb }) => verb === 'patch'),
          );
          for (const [key, object] of after) {
            if (object === null) continue;
            assert.equal(removed.includes(key), !isProvided(fixture, key), key);
            assert.ok(!JSON.stringify(object).includes('shop/checkout') || removed.includes(key));
          }
          const ends = new Map([...after].filter(([key]) => !removed.includes(key)));
          const shown = router.observed(target, ends);
          assert.ok(shown.state === 'absent' || (shown.state === 'known' && shown.canaryWeight === 0));
        }),
      );
    });

    it('refuses plans that nobody can show', () => {
      const current = worldOf(router, target, []);
      for (const [canaryWeight, weightTotal] of [
        [-1, 100],
        [101, 100],
        [12.5, 100],
        [0, 0],
        [Number.NaN, 100],
      ] as const) {
        assert.throws(() => router.desired({ canaryWeight, weightTotal }, target, current), InvariantViolation);
      }
    });

    it('is not used by a Rollout that does not name it', () => {
      assert.equal(router.configOf({}), undefined);
      assert.equal(router.configOf({ plugins: {}, managedRoutes: [] }), undefined);
    });

    it('cannot be used without two Services', () => {
      const [objects] = fc.sample(fixture.worlds, { numRuns: 1, seed: 3 });
      for (const canaryService of ['', target.stableService]) {
        const blind = { ...target, canaryService };
        const current = worldOf(router, blind, objects ?? []);
        assert.equal(router.observed(blind, current).state, 'unusable');
        assert.deepEqual(router.desired({ canaryWeight: 20, weightTotal: 100 }, blind, current), []);
      }
    });
  });
}

function isProvided(fixture: Fixture, key: string): boolean {
  return fixture.provided.some((ref) => refKey(ref) === key);
}

function ownedIn(fixture: Fixture, key: string): RegExp {
  return isProvided(fixture, key) ? fixture.ownedInProvided : fixture.ownedElsewhere;
}

function targetWith(config: unknown): TrafficTarget {
  return {
    namespace: NAMESPACE,
    rolloutName: 'checkout',
    rolloutUid: 'uid-1',
    stableService: 'stable',
    canaryService: 'canary',
    config,
  };
}

function routeRef(name: string): ObjectRef {
  return { kind: KINDS.httpRoute, namespace: NAMESPACE, name };
}

function ingressRef(name: string): ObjectRef {
  return { kind: KINDS.ingress, namespace: NAMESPACE, name };
}

/** Routes with at least one rule that names both Services, among rules and backendRefs of others. */
function routes(name: string): fc.Arbitrary<HttpRoute> {
  const foreign: fc.Arbitrary<BackendRef> = fc.record({
    name: fc.constantFrom('legacy', 'stable-old'),
    port: fc.constant(80),
    weight: weights,
  });
  const lookalike: fc.Arbitrary<BackendRef> = fc.constantFrom<BackendRef>(
    { name: 'canary', kind: 'ServiceImport', group: 'multicluster.x-k8s.io', weight: 3 },
    { name: 'stable', namespace: 'elsewhere', weight: 4 },
  );
  const ours = (service: string): fc.Arbitrary<BackendRef> =>
    fc.record({ name: fc.constant(service), namespace: fc.constantFrom(undefined, NAMESPACE), weight: weights });
  const split = fc
    .tuple(ours('stable'), ours('canary'), fc.array(fc.oneof(foreign, lookalike), { maxLength: 2 }))
    .chain((drawn) => fc.shuffledSubarray(drawn.flat(), { minLength: drawn.flat().length }));
  const other = fc.oneof(
    fc.array(foreign, { maxLength: 2 }),
    ours('canary').map((backend) => [backend]),
    ours('stable').map((backend) => [backend]),
  );
  const rules = fc.tuple(fc.array(other, { maxLength: 2 }), split, fc.array(fc.oneof(other, split), { maxLength: 2 }));
  const labels = fc.constantFrom<Readonly<Record<string, string>> | undefined>(
    undefined,
    { app: 'web' },
    { app: 'web', 'rollouts.argoproj.io/gatewayapi-canary': 'in-progress' },
  );
  return fc.tuple(rules, labels, annotationMaps).map(([[before, one, after], marked, annotations]) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name,
      namespace: NAMESPACE,
      resourceVersion: '7',
      ...(marked === undefined ? {} : { labels: marked }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: { rules: [...before, one, ...after].map((backendRefs) => ({ backendRefs, timeouts: { request: '1s' } })) },
  }));
}

/** A stable Ingress, and perhaps the canary Ingress that an earlier pass or another controller left. */
function ingresses(name: string): fc.Arbitrary<readonly Ingress[]> {
  const service = fc.constantFrom('stable', 'legacy');
  const paths = fc.array(
    service.map((to) => ({
      path: '/',
      pathType: 'Prefix',
      backend: { service: { name: to, port: { number: 80 } } },
    })),
    { minLength: 1, maxLength: 3 },
  );
  const rules = fc.array(fc.record({ host: fc.constantFrom('a.example', 'b.example'), http: fc.record({ paths }) }), {
    maxLength: 2,
  });
  const stable = fc
    .record({
      rules,
      tls: fc.constantFrom(undefined, [{ hosts: ['a.example'], secretName: 'tls' }]),
      ingressClassName: fc.constantFrom(undefined, 'nginx'),
      defaultBackend: fc.constantFrom(undefined, { service: { name: 'legacy', port: { number: 80 } } }),
    })
    .map((spec) => ({
      ...spec,
      rules: [
        ...spec.rules,
        { http: { paths: [{ pathType: 'Prefix', path: '/', backend: { service: { name: 'stable' } } }] } },
      ],
    }));
  const left = fc.option(
    fc.record({
      weight: fc.constantFrom('0', '35', '100', 'many'),
      total: fc.constantFrom(undefined, '100', '200'),
      header: fc.constantFrom(undefined, 'X-Old'),
      spec: fc.constantFrom({ rules: [] }, { ingressClassName: 'old', tls: [{ hosts: ['gone.example'] }] }),
    }),
  );
  return fc.tuple(stable, left).map(([spec, old]) => {
    const made = ingress(name, spec, { metadata: { annotations: { 'kubernetes.io/ingress.class': 'nginx' } } });
    if (old === null) return [made];
    const annotations = {
      'cert-manager.io/issuer': 'theirs',
      'nginx.ingress.kubernetes.io/canary': 'true',
      'nginx.ingress.kubernetes.io/canary-weight': old.weight,
      ...(old.total === undefined ? {} : { 'nginx.ingress.kubernetes.io/canary-weight-total': old.total }),
      ...(old.header === undefined ? {} : { 'nginx.ingress.kubernetes.io/canary-by-header-value': old.header }),
    };
    const ownerReferences = [
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        name: 'checkout',
        uid: 'uid-1',
        controller: true,
        blockOwnerDeletion: true,
      },
    ];
    return [made, ingress(`checkout-${name}-canary`, old.spec, { metadata: { annotations, ownerReferences } })];
  });
}

function ingress(name: string, spec: Ingress['spec'], { metadata }: { readonly metadata: object }): Ingress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: NAMESPACE, resourceVersion: '7', ...metadata },
    spec,
  };
}

function worldOf(router: TrafficRouter, target: TrafficTarget, objects: readonly KubeObject[]): CurrentObjects {
  // As they come over the wire: fields that are undefined do not exist.
  const wired = JSON.parse(JSON.stringify(objects)) as readonly KubeObject[];
  return new Map(
    router
      .reads(target)
      .map((ref) => [
        refKey(ref),
        wired.find(({ kind, metadata }) => kind === ref.kind.kind && metadata.name === ref.name) ?? null,
      ]),
  );
}

/** What an API server would make of the writes, as far as routers use it; apply merges maps and replaces lists. */
function applied(current: CurrentObjects, writes: readonly KubeWrite[]): CurrentObjects {
  const after = new Map(current);
  for (const write of writes) {
    assert.ok(write.verb === 'create' || write.verb === 'apply' || write.verb === 'patch');
    const key = refKey(refOf(write));
    const before = after.get(key) ?? null;
    after.set(key, touched(written(write, before)));
  }
  return after;
}

type SteeringWrite = KubeWrite & { readonly verb: 'create' | 'apply' | 'patch' };

function refOf(write: SteeringWrite): ObjectRef {
  if (write.verb !== 'create') return write.ref;
  const { namespace = '', name } = write.object.metadata;
  return { kind: write.kind, namespace, name };
}

function written(write: SteeringWrite, before: KubeObject | null): KubeObject {
  if (write.verb === 'create') {
    assert.equal(before, null, 'what is made is not there yet');
    return write.object;
  }
  if (write.verb === 'apply') return applyMergePatch(before, write.object) as KubeObject;
  assert.ok(before, 'only what exists can be patched');
  if (write.patchType === 'json') return applyJsonPatch(before, write.body) as KubeObject;
  assert.equal(write.patchType, 'merge');
  const guard = (write.body as { readonly metadata?: { readonly resourceVersion?: string } }).metadata?.resourceVersion;
  if (guard !== before.metadata.resourceVersion) throw Object.assign(new Error('outdated'), { name: 'Conflict' });
  return applyMergePatch(before, write.body) as KubeObject;
}

function touched(object: KubeObject): KubeObject {
  const version = Number(object.metadata.resourceVersion ?? '0') + 1;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

/** Pointers to everything that differs, except the version. */
function changedLeaves(before: unknown, after: unknown, pointer = ''): readonly string[] {
  if (deepEqual(before, after) || pointer === '/metadata/resourceVersion') return [];
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((item, index) => changedLeaves(item, after[index], `${pointer}/${index}`));
  }
  if (!isPlainObject(before) || !isPlainObject(after)) return [pointer];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    changedLeaves(before[key], after[key], `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
