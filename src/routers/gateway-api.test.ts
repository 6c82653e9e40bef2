import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refKey } from '../api/kube-object.ts';
import { KINDS } from '../api/kinds.ts';
import type { BackendRef, HttpRoute, RouteRule } from '../api/workloads.ts';
import type { TrafficObservation, TrafficTarget } from '../core/traffic.ts';
import { applyJsonPatch } from '../kube-memory/patch/json-patch.ts';
import type { CurrentObjects } from './contract.ts';
import { gatewayApi } from './gateway-api.ts';

const PLUGIN = 'argoproj-labs/gatewayAPI';
const LABEL = 'rollouts.argoproj.io/gatewayapi-canary';
const ACTIVE = 'rollouts.argoproj.io/gatewayapi-active-rollouts';

describe('weights of Gateway API routes', () => {
  it('are relative: a manifest without weights halves the traffic', () => {
    const shown = observedOf([route({ rules: [split(undefined, undefined)] })]);

    assert.deepEqual([shown.canaryWeight, shown.weightTotal], [1, 2]);
  });

  it('are written one by one, behind the name that was read in their place', () => {
    const [write] = writesAt(20, [route({ rules: [split(0, 100)] })]);

    assert.ok(write?.verb === 'patch');
    assert.deepEqual(write.body, [
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'test', path: '/spec/rules/0/backendRefs/1/name', value: 'canary' },
      { op: 'replace', path: '/spec/rules/0/backendRefs/1/weight', value: 20 },
      { op: 'test', path: '/spec/rules/0/backendRefs/0/name', value: 'stable' },
      { op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value: 80 },
      { op: 'add', path: '/metadata/labels', value: { [LABEL]: 'in-progress' } },
      { op: 'add', path: '/metadata/annotations', value: { [ACTIVE]: 'shop/checkout' } },
    ]);
  });

  it('are not written to rules that name only one of the Services', () => {
    const canaryOnly: RouteRule = { name: 'testers', backendRefs: [{ name: 'canary', weight: 1 }] };
    const stableOnly: RouteRule = { backendRefs: [{ name: 'stable', weight: 9 }, { name: 'legacy' }] };
    const after = routeAt(20, route({ rules: [canaryOnly, split(0, 100), stableOnly] }));

    assert.deepEqual(after.spec.rules, [canaryOnly, split(20, 80), stableOnly]);
  });

  it('are drift where neither Service gets any traffic', () => {
    const shown = observedOf([route({ rules: [split(0, 0)] })]);

    assert.deepEqual([shown.canaryWeight, shown.weightTotal, shown.drifted], [0, 100, true]);
  });

  it('may be limited to a rule by its name', () => {
    const rules = [split(0, 100), { ...split(0, 100), name: 'live' }];
    for (const config of [
      { httpRoute: 'web', httpRouteRuleName: 'live' },
      { httpRoutes: [{ name: 'web', ruleName: 'live' }] },
    ]) {
      const after = routeAt(20, route({ rules }), config);

      assert.deepEqual(after.spec.rules, [split(0, 100), { ...split(20, 80), name: 'live' }]);
    }
  });

  it('are the highest share and pending while rules or routes disagree', () => {
    const rules = observedOf([route({ rules: [split(20, 80), split(50, 50)] })]);
    const config = { httpRoute: 'web', httpRoutes: [{ name: 'api' }] };
    const routes = observedOf(
      [route({ rules: [split(50, 50)] }), route({ name: 'api', rules: [split(20, 80)] })],
      config,
    );

    for (const shown of [rules, routes]) {
      assert.deepEqual([shown.canaryWeight, shown.weightTotal], [50, 100]);
      assert.deepEqual([shown.acceptance, shown.drifted], ['pending', true]);
    }
    assert.equal(
      routes.message,
      'HTTPRoute "shop/web" rule 0 gives the canary 50 of 100, but HTTPRoute "shop/api" rule 0 gives the canary 20 of 100; they are being aligned',
    );
  });
});

describe('backendRefs', () => {
  const cases: readonly (readonly [string, Partial<BackendRef>, string | undefined, boolean])[] = [
    ['beside the Rollout', {}, undefined, true],
    ['with the core group and kind written out', { group: '', kind: 'Service' }, undefined, true],
    ['with the namespace written out', { namespace: 'shop' }, undefined, true],
    ['with the namespace written out, in a route elsewhere', { namespace: 'shop' }, 'edge', true],
    ['without a namespace, in a route elsewhere', {}, 'edge', false],
    ['with another namespace', { namespace: 'edge' }, undefined, false],
    ['of another kind', { kind: 'ServiceImport' }, undefined, false],
    ['of another group', { group: 'multicluster.x-k8s.io' }, undefined, false],
  ];
  for (const [title, fields, namespace, ours] of cases) {
    it(`${title} ${ours ? 'mean' : 'do not mean'} the Services of the Rollout`, () => {
      const backendRefs = [
        { name: 'stable', weight: 100, ...fields },
        { name: 'canary', weight: 0, ...fields },
      ];
      const config = { httpRoute: 'web', ...(namespace === undefined ? {} : { namespace }) };
      const objects = [route({ rules: [{ backendRefs }], ...(namespace === undefined ? {} : { namespace }) })];

      assert.equal(gatewayApi.observed(targetOf(config), currentOf(objects)).state, ours ? 'known' : 'unusable');
      assert.equal(writesAt(20, objects, config).length, ours ? 1 : 0);
    });
  }

  it('that are missing are asked for by name', () => {
    const shown = gatewayApi.observed(
      targetOf({ httpRoute: 'web' }),
      currentOf([route({ rules: [{ backendRefs: [{ name: 'stable' }] }] })]),
    );

    assert.deepEqual(shown, {
      routerId: PLUGIN,
      state: 'unusable',
      message:
        'HTTPRoute "shop/web" has no rule whose backendRefs name both Service "stable" and Service "canary" of namespace shop; add both to one rule',
    });
  });

  it('that name a Service twice in one rule are not guessed at', () => {
    const rule = { backendRefs: [{ name: 'stable' }, { name: 'canary' }, { name: 'canary', port: 81 }] };
    const shown = gatewayApi.observed(targetOf({ httpRoute: 'web' }), currentOf([route({ rules: [rule] })]));

    assert.equal(shown.state === 'unusable' && shown.message.includes('more than once in rule 0'), true);
  });
});

describe('the mark of a route whose traffic is split', () => {
  const unmarked = { app: 'web' };
  const marked = { app: 'web', [LABEL]: 'in-progress' };

  const cases: readonly {
    readonly title: string;
    readonly weight: number;
    readonly labels: Readonly<Record<string, string>>;
    readonly active?: string;
    readonly labelsAfter: Readonly<Record<string, string>>;
    readonly activeAfter?: string;
  }[] = [
    { title: 'is set', weight: 20, labels: unmarked, labelsAfter: marked, activeAfter: 'shop/checkout' },
    {
      title: 'is removed at no traffic',
      weight: 0,
      labels: marked,
      active: 'shop/checkout',
      labelsAfter: unmarked,
    },
    {
      title: 'is removed at all traffic',
      weight: 100,
      labels: marked,
      active: 'shop/checkout',
      labelsAfter: unmarked,
    },
    { title: 'is removed when another controller left it', weight: 0, labels: marked, labelsAfter: unmarked },
    {
      title: 'stays while another Rollout is active',
      weight: 0,
      labels: marked,
      active: 'shop/cart, shop/checkout',
      labelsAfter: marked,
      activeAfter: 'shop/cart',
    },
    {
      title: 'is shared with another Rollout',
      weight: 20,
      labels: marked,
      active: 'shop/zebra',
      labelsAfter: marked,
      activeAfter: 'shop/checkout,shop/zebra',
    },
    {
      title: 'is not set for another Rollout',
      weight: 0,
      labels: unmarked,
      active: 'shop/cart',
      labelsAfter: unmarked,
      activeAfter: 'shop/cart',
    },
    {
      title: 'is as good in another controller’s order',
      weight: 20,
      labels: marked,
      active: 'shop/zebra, shop/checkout',
      labelsAfter: marked,
      activeAfter: 'shop/zebra, shop/checkout',
    },
    {
      title: 'keeps the value that another active Rollout gave it',
      weight: 0,
      labels: { [LABEL]: 'theirs' },
      active: 'shop/cart',
      labelsAfter: { [LABEL]: 'theirs' },
      activeAfter: 'shop/cart',
    },
    {
      title: 'is left alone when its value is the user’s',
      weight: 0,
      labels: { [LABEL]: 'mine' },
      labelsAfter: { [LABEL]: 'mine' },
    },
  ];
  for (const { title, weight, labels, active, labelsAfter, activeAfter } of cases) {
    it(title, () => {
      const annotations = active === undefined ? undefined : { [ACTIVE]: active };
      const before = route({ rules: [split(weight, 100 - weight)], labels, ...(annotations && { annotations }) });
      const after = routeAt(weight, before);

      assert.deepEqual(after.metadata.labels, labelsAfter);
      assert.equal(after.metadata.annotations?.[ACTIVE], activeAfter);
      assert.deepEqual(writesAt(weight, [after]), []);
    });
  }

  it('comes to rest when two Rollouts share a route', () => {
    let shared = route({ rules: [split(0, 100), split(0, 100, 'cart')] });
    const both = [
      { target: targetOf({ httpRoute: 'web' }), weight: 20 },
      {
        target: {
          ...targetOf({ httpRoute: 'web' }),
          rolloutName: 'cart',
          canaryService: 'cart-canary',
          stableService: 'cart-stable',
        },
        weight: 0,
      },
    ];
    for (const round of [1, 2]) {
      for (const { target, weight } of both) {
        const plan = { canaryWeight: weight, weightTotal: 100 };
        const writes = gatewayApi.desired(plan, target, currentOf([shared]));
        if (round === 2) assert.deepEqual(writes, []);
        shared = patched(shared, writes);
      }
    }
    assert.equal(shared.metadata.labels?.[LABEL], 'in-progress');
  });

  it('takes its names from the settings', () => {
    const config = { httpRoute: 'web', inProgressLabelKey: 'k', inProgressLabelValue: 'v' };
    const after = routeAt(20, route({ rules: [split(0, 100)] }), config);

    assert.deepEqual(after.metadata.labels, { k: 'v' });
  });

  it('is neither set nor removed when it is disabled', () => {
    const config = { httpRoute: 'web', disableInProgressLabel: true };

    assert.deepEqual(routeAt(20, route({ rules: [split(0, 100)] }), config).metadata.labels, undefined);
    assert.deepEqual(writesAt(0, [route({ rules: [split(0, 100)], labels: marked })], config), []);
  });
});

describe('what gateways say about a route', () => {
  const cases: readonly {
    readonly title: string;
    readonly parents: readonly (readonly [accepted: Said, resolved: Said | undefined])[];
    readonly acceptance: 'accepted' | 'pending' | 'unknown';
  }[] = [
    { title: 'counts when it is about this generation', parents: [['True@3', 'True@3']], acceptance: 'accepted' },
    { title: 'counts when it is about a later one', parents: [['True@4', 'True@3']], acceptance: 'accepted' },
    { title: 'is awaited when it is about an earlier one', parents: [['True@2', 'True@3']], acceptance: 'pending' },
    { title: 'holds back when it is no', parents: [['False@3', 'True@3']], acceptance: 'pending' },
    { title: 'holds back when references are broken', parents: [['True@3', 'False@3']], acceptance: 'pending' },
    { title: 'holds back when it is no without a generation', parents: [['False', 'True']], acceptance: 'pending' },
    { title: 'is not trusted without a generation', parents: [['True', 'True']], acceptance: 'unknown' },
    { title: 'is not trusted with generation 0', parents: [['True@0', 'True@0']], acceptance: 'unknown' },
    { title: 'is not complete without ResolvedRefs', parents: [['True@3', undefined]], acceptance: 'unknown' },
    { title: 'is unknown when no gateway says anything', parents: [], acceptance: 'unknown' },
    {
      title: 'is as good as the least sure of them',
      parents: [
        ['True@3', 'True@3'],
        ['True', 'True'],
      ],
      acceptance: 'unknown',
    },
    {
      title: 'is as good as the slowest of them',
      parents: [
        ['True', 'True'],
        ['True@3', 'True@2'],
      ],
      acceptance: 'pending',
    },
  ];
  for (const { title, parents, acceptance } of cases) {
    it(title, () => {
      const names = parents.length === 0 ? ['gate-0'] : parents.map((_, index) => `gate-${index}`);
      const shown = observedOf([
        {
          ...route({ rules: [split(20, 80)], parentRefs: names.map((name) => ({ name })) }),
          status: {
            parents: parents.map(([accepted, resolved], index) => ({
              parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: `gate-${index}` },
              controllerName: 'example.com/gateway',
              conditions: [
                condition('Accepted', accepted),
                ...(resolved === undefined ? [] : [condition('ResolvedRefs', resolved)]),
              ],
            })),
          },
        },
      ]);

      assert.equal(shown.acceptance, acceptance);
      assert.equal(shown.message !== undefined, acceptance === 'pending');
    });
  }

  it('is nothing where the gateway is no parent any more', () => {
    const gone = { parentRef: { name: 'gone' }, controllerName: 'c', conditions: [condition('Accepted', 'False@1')] };
    const stated = {
      parentRef: { name: 'gate', namespace: 'shop' },
      controllerName: 'c',
      conditions: [condition('Accepted', 'True@3'), condition('ResolvedRefs', 'True@3')],
    };
    const shown = observedOf([
      {
        ...route({ rules: [split(20, 80)], parentRefs: [{ name: 'gate' }] }),
        status: { parents: [gone, stated] },
      },
    ]);

    assert.equal(shown.acceptance, 'accepted');
  });
});

describe('settings of the Gateway API router', () => {
  it('are read under the name that existing manifests use', () => {
    assert.deepEqual(gatewayApi.configOf({ plugins: { [PLUGIN]: { httpRoute: 'web' } } }), { httpRoute: 'web' });
    assert.equal(gatewayApi.configOf({ plugins: { 'other/plugin': {} } }), undefined);
  });

  it('that name no route are unusable, whatever their shape', () => {
    for (const config of [gatewayApi.configOf({ plugins: { [PLUGIN]: null } }), { httpRoute: 7 }, { httpRoutes: {} }]) {
      const shown = gatewayApi.observed(targetOf(config), new Map());

      assert.equal(shown.state === 'unusable' && shown.message.includes('names no route'), true);
    }
  });

  it('that name a route as a whole are not narrowed by a rule that is named besides', () => {
    const config = { httpRoute: 'web', httpRoutes: [{ name: 'web', ruleName: 'live' }] };
    const after = routeAt(20, route({ rules: [split(0, 100), { ...split(0, 100), name: 'live' }] }), config);

    assert.deepEqual(after.spec.rules, [split(20, 80), { ...split(20, 80), name: 'live' }]);
  });

  it('name a route once, however often it is listed', () => {
    const config = { httpRoute: 'web', httpRoutes: [{ name: 'web' }, { name: 'api' }], namespace: 'edge' };

    assert.deepEqual(gatewayApi.reads(targetOf(config)).map(refKey), [
      'gateway.networking.k8s.io/httproutes/edge/web',
      'gateway.networking.k8s.io/httproutes/edge/api',
    ]);
  });
});

type Said = 'True' | 'False' | `True@${number}` | `False@${number}`;
type RouteCondition = NonNullable<
  NonNullable<NonNullable<HttpRoute['status']>['parents']>[number]['conditions']
>[number];

function condition(type: string, said: Said): RouteCondition {
  const [status, generation] = said.split('@');
  return {
    type,
    status: status === 'True' ? 'True' : 'False',
    ...(generation === undefined ? {} : { observedGeneration: Number(generation) }),
  };
}

function targetOf(config: unknown): TrafficTarget {
  return {
    namespace: 'shop',
    rolloutName: 'checkout',
    rolloutUid: 'uid-1',
    stableService: 'stable',
    canaryService: 'canary',
    config,
  };
}

interface RouteGiven {
  readonly rules: readonly RouteRule[];
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly parentRefs?: readonly Readonly<Record<string, unknown>>[];
}

function route({ rules, parentRefs, name = 'web', namespace = 'shop', ...metadata }: RouteGiven): HttpRoute {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace, resourceVersion: '7', generation: 3, ...metadata },
    spec: { rules, ...(parentRefs === undefined ? {} : { parentRefs }) },
  };
}

function split(canary: number | undefined, stable: number | undefined, prefix = ''): RouteRule {
  const front = prefix === '' ? '' : `${prefix}-`;
  return {
    backendRefs: [
      { name: `${front}stable`, port: 80, ...(stable === undefined ? {} : { weight: stable }) },
      { name: `${front}canary`, port: 80, ...(canary === undefined ? {} : { weight: canary }) },
    ],
  };
}

function currentOf(objects: readonly HttpRoute[]): CurrentObjects {
  return new Map(
    objects.map((object) => {
      const { name, namespace = '' } = object.metadata;
      return [refKey({ kind: KINDS.httpRoute, namespace, name }), object];
    }),
  );
}

function writesAt(
  canaryWeight: number,
  objects: readonly HttpRoute[],
  config: unknown = { httpRoute: 'web' },
): ReturnType<typeof gatewayApi.desired> {
  return gatewayApi.desired({ canaryWeight, weightTotal: 100 }, targetOf(config), currentOf(objects));
}

function routeAt(canaryWeight: number, before: HttpRoute, config?: unknown): HttpRoute {
  return patched(before, writesAt(canaryWeight, [before], config));
}

function patched(before: HttpRoute, writes: ReturnType<typeof gatewayApi.desired>): HttpRoute {
  return writes.reduce((object, write) => {
    assert.ok(write.verb === 'patch');
    return applyJsonPatch(object, write.body) as HttpRoute;
  }, before);
}

function observedOf(
  objects: readonly HttpRoute[],
  config: unknown = { httpRoute: 'web' },
): TrafficObservation & { readonly state: 'known' } {
  const shown = gatewayApi.observed(targetOf(config), currentOf(objects));
  assert.equal(shown.state, 'known');
  return shown;
}
