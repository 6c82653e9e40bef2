import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { refKey } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import type { BackendRef, HttpRoute, RouteRule } from '../../api/workloads.ts';
import type { ManagedRoute, MirrorMatch, TrafficPlan, TrafficTarget } from '../../core/traffic.ts';
import { applyJsonPatch } from '../../kube-memory/patch/json-patch.ts';
import type { CurrentObjects } from '../contract.ts';
import { gatewayApi } from '../gateway-api.ts';

const TESTERS: ManagedRoute = {
  kind: 'header',
  name: 'testers',
  match: [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }],
};
const SHADOW: ManagedRoute = { kind: 'mirror', name: 'shadow', match: [{ path: { prefix: '/' } }], percentage: 25 };
const ROOT = { path: { type: 'PathPrefix', value: '/' } };
const YES = { type: 'Exact', name: 'X-Canary', value: 'yes' };

describe('a header route', () => {
  it('is a rule right before each rule that splits, with its matches and filters and all to the canary', () => {
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x'] } }];
    const first = { ...split(0, 100), name: 'web', matches: [{ path: { type: 'Exact', value: '/a' } }], filters };
    const foreign = { backendRefs: [{ name: 'legacy', port: 80 }], matches: [ROOT] };
    const second = { ...split(0, 100), matches: [ROOT, { ...ROOT, method: 'GET' }], timeouts: { request: '3s' } };

    const after = routeAt({ canaryWeight: 20, managedRoutes: [TESTERS] }, [first, foreign, second]);

    assert.deepEqual(rulesOf(after), [
      {
        name: 'testers',
        matches: [{ path: { type: 'Exact', value: '/a' }, headers: [YES] }],
        filters,
        backendRefs: [{ name: 'canary', port: 80, weight: 1 }],
      },
      { ...first, ...split(20, 80) },
      foreign,
      {
        name: 'testers-1',
        matches: [
          { ...ROOT, headers: [YES] },
          { ...ROOT, method: 'GET', headers: [YES] },
        ],
        timeouts: { request: '3s' },
        backendRefs: [{ name: 'canary', port: 80, weight: 1 }],
      },
      { ...second, ...split(20, 80) },
    ]);
  });

  it('fits any request where the rule has no match', () => {
    const [http] = rulesOf(routeAt({ managedRoutes: [TESTERS] }, [split(0, 100)]));
    assert.deepEqual(http?.matches, [{ ...ROOT, headers: [YES] }]);

    const [grpc] = rulesOf(routeAt({ managedRoutes: [TESTERS] }, [split(0, 100)], { grpcRoute: 'web' }));
    assert.deepEqual(grpc?.matches, [{ headers: [YES] }]);
  });

  for (const [value, expected] of [
    [{ exact: 'a.b' }, { type: 'Exact', value: 'a.b' }],
    [{ prefix: 'a.b' }, { type: 'RegularExpression', value: String.raw`a\.b.*` }],
    [{ regex: 'a.b' }, { type: 'RegularExpression', value: 'a.b' }],
  ] as const) {
    it(`compares with ${JSON.stringify(value)} as ${expected.type} ${expected.value}`, () => {
      const route: ManagedRoute = { ...TESTERS, match: [{ headerName: 'X-Canary', headerValue: value }] };
      const [rule] = rulesOf(routeAt({ managedRoutes: [route] }, [split(0, 100)]));
      assert.deepEqual(rule?.matches, [{ ...ROOT, headers: [{ ...expected, name: 'X-Canary' }] }]);
    });
  }

  it('keeps the headers of the rule, and is left out where one of them excludes it', () => {
    const team = { type: 'Exact', name: 'X-Team', value: 'blue' };
    const other = { type: 'Exact', name: 'x-canary', value: 'no' };
    const rules = [
      {
        ...split(0, 100),
        matches: [
          { ...ROOT, headers: [team] },
          { ...ROOT, headers: [other] },
        ],
      },
    ];

    const [rule] = rulesOf(routeAt({ managedRoutes: [TESTERS] }, rules));

    assert.deepEqual(rule?.matches, [{ ...ROOT, headers: [team, YES] }]);
  });

  it('that no request could meet is refused', () => {
    const rules = [{ ...split(0, 100), matches: [{ ...ROOT, headers: [{ ...YES, value: 'no' }] }] }];
    const shown = gatewayApi.observed(target(), worldOf(rules));

    assert.equal(shown.state, 'unusable');
    assert.match(shown.message, /no rule that requests of the managed route "testers" could meet/);
  });

  it('goes only to routes that take header routes', () => {
    const config = {
      httpRoutes: [{ name: 'web', useHeaderRoutes: true }, { name: 'api' }],
      grpcRoutes: [{ name: 'rpc', useHeaderRoutes: true }],
    };
    const current = new Map([
      ...worldOf([split(0, 100)]),
      ...worldOf([split(0, 100)], 'api'),
      ...worldOf([split(0, 100)], 'rpc', 'GRPCRoute'),
    ]);
    const plan: TrafficPlan = { canaryWeight: 0, weightTotal: 100, managedRoutes: [TESTERS] };
    const after = applied(current, plan, target({ config }));

    const counts = [...after.values()].map((route) => rulesOf(route as HttpRoute).length);
    assert.deepEqual(counts, [2, 1, 2]);
    const shown = gatewayApi.observed(target({ config }), after);
    assert.ok(shown.state === 'known');
    assert.deepEqual(shown.managedRoutes, [TESTERS]);
  });
});

describe('a mirror route', () => {
  it('answers as before and copies to the canary', () => {
    const base = { ...split(0, 100), matches: [ROOT] };
    const plan = { canaryWeight: 20, managedRoutes: [{ ...SHADOW, match: [{ method: { exact: 'GET' } }] }] };

    const after = routeAt(plan, [base]);

    const backendRef = { group: '', kind: 'Service', name: 'canary', port: 80 };
    assert.deepEqual(rulesOf(after), [
      {
        name: 'shadow',
        matches: [{ ...ROOT, method: 'GET' }],
        filters: [{ type: 'RequestMirror', requestMirror: { backendRef, percent: 25 } }],
        ...split(20, 80),
      },
      { ...base, ...split(20, 80) },
    ]);
  });

  it('copies every request without saying so', () => {
    const [rule] = rulesOf(routeAt({ managedRoutes: [{ ...SHADOW, percentage: 100 }] }, [split(0, 100)]));
    assert.deepEqual(Object.keys((rule?.filters?.[0]?.['requestMirror'] ?? {}) as object), ['backendRef']);
  });

  it('follows the weight', () => {
    const managedRoutes = [{ ...SHADOW, name: 'shadow' }];
    let current: CurrentObjects = worldOf([split(0, 100)]);
    for (const canaryWeight of [0, 20, 50, 20]) {
      const plan = { canaryWeight, weightTotal: 100, managedRoutes };
      current = applied(current, plan, target());
      const [mirror, base] = rulesOf([...current.values()][0] as HttpRoute);
      assert.deepEqual(mirror?.backendRefs, split(canaryWeight, 100 - canaryWeight).backendRefs);
      assert.deepEqual(base?.backendRefs, mirror?.backendRefs);
      assert.deepEqual(gatewayApi.desired(plan, target(), current), []);
    }
  });

  const paths: readonly (readonly [string, string, NonNullable<MirrorMatch['path']>, string | undefined])[] = [
    ['PathPrefix', '/', { prefix: '/api' }, 'PathPrefix /api'],
    ['PathPrefix', '/', { exact: '/pay' }, 'Exact /pay'],
    ['PathPrefix', '/', { regex: '/v[0-9]+/.*' }, 'RegularExpression /v[0-9]+/.*'],
    ['PathPrefix', '/shop', { prefix: '/' }, 'PathPrefix /shop'],
    ['PathPrefix', '/shop', { prefix: '/shop/cart' }, 'PathPrefix /shop/cart'],
    ['PathPrefix', '/shop', { prefix: '/shopping' }, undefined],
    ['PathPrefix', '/shop', { exact: '/other' }, undefined],
    ['PathPrefix', '/shop', { regex: '/shop/[0-9]' }, undefined],
    ['Exact', '/shop', { exact: '/shop' }, 'Exact /shop'],
    ['Exact', '/shop', { prefix: '/' }, 'Exact /shop'],
    ['Exact', '/shop', { prefix: '/shop/cart' }, undefined],
    ['RegularExpression', '/s.*', { prefix: '/' }, 'RegularExpression /s.*'],
    ['RegularExpression', '/s.*', { exact: '/s' }, undefined],
  ];
  for (const [type, value, path, expected] of paths) {
    it(`of ${JSON.stringify(path)} beside ${type} ${value} is of ${expected ?? 'nothing'}`, () => {
      const rules = [
        { ...split(0, 100), matches: [{ path: { type, value } }] },
        { ...split(0, 100), matches: [ROOT] },
      ];
      const shadow: ManagedRoute = { ...SHADOW, match: [{ path }] };
      const after = rulesOf(routeAt({ managedRoutes: [shadow] }, rules));
      const mirrored = after[0]?.name === undefined ? undefined : (after[0].matches?.[0]?.['path'] as typeof path);
      assert.deepEqual(mirrored, expected === undefined ? undefined : pathOf(expected));
    });
  }
});

describe('rules of managed routes', () => {
  it('stand in the order of managedRoutes', () => {
    const both = rulesOf(routeAt({ managedRoutes: [TESTERS, SHADOW] }, [split(0, 100)]));
    assert.deepEqual(names(both), ['testers', 'shadow', undefined]);
  });

  it('have names of their own among those of others, and are told apart by them', () => {
    const theirs = { name: 'testers', backendRefs: [{ name: 'legacy', port: 80 }], matches: [ROOT] };
    const second: ManagedRoute = {
      ...TESTERS,
      name: 'testers-1',
      match: [{ headerName: 'X-B', headerValue: { exact: 'b' } }],
    };
    const asked = target({ routesOfSteps: [TESTERS, second], managedNames: ['testers', 'testers-1'] });
    const plan: TrafficPlan = { canaryWeight: 0, weightTotal: 100, managedRoutes: [TESTERS, second] };
    let current = applied(worldOf([theirs, split(0, 100), split(0, 100)]), plan, asked);
    assert.deepEqual(names(rulesOf([...current.values()][0] as HttpRoute)), [
      'testers',
      'testers-2',
      'testers-1',
      undefined,
      'testers-3',
      'testers-1-1',
      undefined,
    ]);
    assert.deepEqual(gatewayApi.desired(plan, asked, current), []);

    current = applied(current, { canaryWeight: 0, weightTotal: 100 }, asked);
    assert.deepEqual(rulesOf([...current.values()][0] as HttpRoute), [theirs, split(0, 100), split(0, 100)]);
  });

  it('are known again where definitions of the Gateway API drop names', () => {
    const plan: TrafficPlan = { canaryWeight: 10, weightTotal: 100, managedRoutes: [TESTERS, SHADOW] };
    const asked = target();
    const named = applied(worldOf([split(0, 100)]), plan, asked);
    const dropped = new Map(
      [...named].map(([key, object]) => {
        const route = object as HttpRoute;
        const rules = rulesOf(route).map(({ name: _name, ...rule }) => rule);
        return [key, { ...route, spec: { ...route.spec, rules } }];
      }),
    );

    const shown = gatewayApi.observed(asked, dropped);
    assert.ok(shown.state === 'known');
    assert.deepEqual([shown.managedRoutes, shown.drifted], [[TESTERS, SHADOW], false]);
    assert.deepEqual(gatewayApi.desired(plan, asked, dropped), []);
    const after = applied(dropped, { canaryWeight: 0, weightTotal: 100 }, asked);
    assert.deepEqual(rulesOf([...after.values()][0] as HttpRoute), [split(0, 100)]);
  });

  it('that somebody changed are something else until they are put right', () => {
    const plan: TrafficPlan = { canaryWeight: 0, weightTotal: 100, managedRoutes: [TESTERS] };
    const current = applied(worldOf([split(0, 100)]), plan, target());
    const route = [...current.values()][0] as HttpRoute;
    const [own = {}, base = {}] = rulesOf(route);
    const edited = { ...own, matches: [ROOT] };
    const touched = new Map([[[...current.keys()][0] ?? '', { ...route, spec: { rules: [edited, base] } }]]);

    const shown = gatewayApi.observed(target(), touched);
    assert.ok(shown.state === 'known');
    assert.deepEqual(shown.managedRoutes, [{ kind: 'other', name: 'testers' }]);
    assert.deepEqual(rulesOf([...applied(touched, plan, target()).values()][0] as HttpRoute), [own, base]);
  });

  it('go although the Services have swapped their roles', () => {
    const current = applied(
      worldOf([split(100, 0)]),
      { canaryWeight: 100, weightTotal: 100, managedRoutes: [TESTERS, SHADOW] },
      target(),
    );
    const swapped = target({ stableService: 'canary', canaryService: 'stable' });
    const after = applied(current, { canaryWeight: 0, weightTotal: 100 }, swapped);
    assert.deepEqual(rulesOf([...after.values()][0] as HttpRoute), [split(100, 0)]);
  });

  it('show a plan once they are written, want nothing more, and leave the rules of others as they were', () => {
    fc.assert(
      fc.property(worlds, fc.array(plans, { minLength: 1, maxLength: 4 }), (rules, sequence) => {
        const asked = target();
        let current: CurrentObjects = worldOf(rules);
        for (const plan of [...sequence, { canaryWeight: 0, weightTotal: 100 }]) {
          current = applied(current, plan, asked);
          const shown = gatewayApi.observed(asked, current);
          assert.ok(shown.state === 'known');
          assert.deepEqual([shown.managedRoutes, shown.drifted], [plan.managedRoutes ?? [], false]);
          assert.deepEqual(gatewayApi.desired(plan, asked, current), []);
          const live = rulesOf([...current.values()][0] as HttpRoute);
          const named = live.flatMap(({ name }) => name ?? []);
          assert.equal(new Set(named).size, named.length, 'names are unique');
        }
        const end = rulesOf([...current.values()][0] as HttpRoute);
        assert.deepEqual(end.map(withoutWeights), rules.map(withoutWeights));
      }),
    );
  });
});

const backends = (service: string): fc.Arbitrary<BackendRef> =>
  fc.record({ name: fc.constant(service), port: fc.constant(80), weight: fc.integer({ min: 0, max: 9 }) });
const anyRule: fc.Arbitrary<RouteRule> = fc
  .record({
    name: fc.constantFrom(undefined, undefined, 'owner'),
    backendRefs: fc.oneof(
      fc.tuple(backends('stable'), backends('canary')),
      fc.tuple(backends('canary'), backends('legacy'), backends('stable')),
      fc.tuple(backends('canary')),
      fc.tuple(backends('legacy')),
    ),
    matches: fc.constantFrom(
      undefined,
      [ROOT],
      [{ path: { type: 'PathPrefix', value: '/api' } }, { ...ROOT, method: 'PUT' }],
    ),
    filters: fc.constantFrom(undefined, [{ type: 'RequestHeaderModifier' }]),
  })
  .map((rule) => JSON.parse(JSON.stringify(rule)) as RouteRule);
const worlds = fc
  .array(anyRule, { maxLength: 3 })
  .map((rules): readonly RouteRule[] => [
    ...rules.slice(0, 1),
    { ...split(0, 100), matches: [ROOT] },
    ...rules.slice(1),
  ])
  .filter((rules) => rules.filter(({ name }) => name === 'owner').length < 2);
const plans: fc.Arbitrary<TrafficPlan> = fc
  .tuple(fc.integer({ min: 0, max: 100 }), fc.subarray([TESTERS, SHADOW]))
  .map(([canaryWeight, managedRoutes]) => ({ canaryWeight, weightTotal: 100, managedRoutes }));

function split(canary: number, stable: number): { readonly backendRefs: readonly BackendRef[] } {
  return {
    backendRefs: [
      { name: 'stable', port: 80, weight: stable },
      { name: 'canary', port: 80, weight: canary },
    ],
  };
}

function target(wishes: Partial<TrafficTarget> = {}): TrafficTarget {
  return {
    namespace: 'shop',
    rolloutName: 'checkout',
    rolloutUid: 'uid-1',
    stableService: 'stable',
    canaryService: 'canary',
    config: { httpRoute: 'web' },
    managedNames: ['testers', 'shadow'],
    routesOfSteps: [TESTERS, SHADOW],
    ...wishes,
  };
}

function worldOf(
  rules: readonly RouteRule[],
  name = 'web',
  kind: 'HTTPRoute' | 'GRPCRoute' = 'HTTPRoute',
): CurrentObjects {
  const ref = { kind: kind === 'HTTPRoute' ? KINDS.httpRoute : KINDS.grpcRoute, namespace: 'shop', name };
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind,
    metadata: { name, namespace: 'shop', resourceVersion: '7' },
    spec: { rules },
  };
  return new Map([[refKey(ref), route]]);
}

function applied(current: CurrentObjects, plan: TrafficPlan, asked: TrafficTarget): CurrentObjects {
  const after = new Map(current);
  for (const write of gatewayApi.desired(plan, asked, current)) {
    assert.ok(write.verb === 'patch' && write.patchType === 'json');
    const key = refKey(write.ref);
    after.set(key, applyJsonPatch(after.get(key), write.body) as HttpRoute);
  }
  return after;
}

function routeAt(
  plan: Pick<TrafficPlan, 'managedRoutes'> & { readonly canaryWeight?: number },
  rules: readonly RouteRule[],
  config: unknown = { httpRoute: 'web' },
): HttpRoute {
  const routesOfSteps = plan.managedRoutes ?? [];
  const kind = typeof config === 'object' && config !== null && 'grpcRoute' in config ? 'GRPCRoute' : 'HTTPRoute';
  const whole = { canaryWeight: 0, weightTotal: 100, ...plan };
  const after = applied(worldOf(rules, 'web', kind), whole, target({ config, routesOfSteps }));
  return [...after.values()][0] as HttpRoute;
}

function rulesOf(route: HttpRoute): readonly RouteRule[] {
  return route.spec.rules ?? [];
}

function names(rules: readonly RouteRule[]): readonly (string | undefined)[] {
  return rules.map(({ name }) => name);
}

function pathOf(text: string): { readonly type: string; readonly value: string } {
  const [type = '', value = ''] = text.split(' ');
  return { type, value };
}

function withoutWeights(rule: RouteRule): RouteRule {
  return { ...rule, backendRefs: (rule.backendRefs ?? []).map(({ name, port }) => ({ name, port: port ?? 0 })) };
}
