import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { refKey } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import type { BackendRef, HttpRoute, RouteRule } from '../../api/workloads.ts';
import type { AdditionalDestination, TrafficObservation, TrafficTarget } from '../../core/traffic.ts';
import { applyJsonPatch } from '../../kube-memory/patch/json-patch.ts';
import type { CurrentObjects } from '../contract.ts';
import { gatewayApi } from '../gateway-api.ts';

const A: AdditionalDestination = { service: 'exp-a', weight: 5, ports: { '80': 8080 } };
const B: AdditionalDestination = { service: 'exp-b', weight: 10 };
const OTHER: BackendRef = { name: 'legacy', port: 80, weight: 3 };

describe('parts of the traffic for others', () => {
  it('are added behind what is there, on the port that leads to the same pods, and stable gives them up', () => {
    const after = shifted(route([rule([stable(100), canary(0), OTHER])]), { canaryWeight: 20, additional: [A, B] });

    assert.deepEqual(after.spec.rules?.[0]?.backendRefs, [
      stable(65),
      canary(20),
      OTHER,
      { name: 'exp-a', port: 8080, weight: 5 },
      { name: 'exp-b', port: 80, weight: 10 },
    ]);
    assert.equal(after.metadata.labels?.['rollouts.argoproj.io/gatewayapi-canary'], 'in-progress');
  });

  it('are shown as such, and do not change what the canary has', () => {
    const before = route([rule([stable(65), canary(20), part('exp-a', 5), part('exp-b', 10)])]);
    const shown = observed(before, ['exp-a', 'exp-b', 'exp-c']);

    assert.equal(shown.canaryWeight, 20);
    assert.equal(shown.weightTotal, 100);
    assert.deepEqual(shown.additional, [
      { service: 'exp-a', weight: 5 },
      { service: 'exp-b', weight: 10 },
    ]);
    assert.equal(shown.drifted, true, 'the mark is missing');
    assert.equal(observed(marked(before), ['exp-a', 'exp-b']).drifted, false);
  });

  it('are taken away again, from the back, and only those that were given', () => {
    const before = route([
      rule([part('exp-a', 5), stable(65), OTHER, canary(20), part('exp-b', 10), part('foreign', 1)]),
    ]);
    const after = shifted(before, { canaryWeight: 0, additional: [] }, ['exp-a', 'exp-b']);

    assert.deepEqual(after.spec.rules?.[0]?.backendRefs, [stable(100), OTHER, canary(0), part('foreign', 1)]);
  });

  it('change in place, and make nothing twice though nobody has recorded them yet', () => {
    const before = route([rule([stable(95), canary(0), part('exp-a', 5)])]);
    const after = shifted(before, { canaryWeight: 0, additional: [{ ...A, weight: 7 }] }, []);

    assert.deepEqual(after.spec.rules?.[0]?.backendRefs, [stable(93), canary(0), part('exp-a', 7)]);
  });

  it('are the same in every rule that is weighted: one that lacks them is not in order', () => {
    const rules = [rule([stable(95), canary(0), part('exp-a', 5)]), rule([stable(95), canary(0)])];
    const before = marked(route(rules));

    assert.equal(observed(before, ['exp-a']).drifted, true);
    const after = shifted(before, { canaryWeight: 0, additional: [A] }, ['exp-a']);
    assert.equal(observed(after, ['exp-a']).drifted, false);
  });

  it('bring nothing to a route that shows the plan', () => {
    const after = shifted(route([rule([stable(100), canary(0)])]), { canaryWeight: 0, additional: [A] });

    assert.deepEqual(writes(after, { canaryWeight: 0, additional: [A] }, ['exp-a']), []);
  });
});

interface Parts {
  readonly canaryWeight: number;
  readonly additional: readonly AdditionalDestination[];
}

function writes(before: HttpRoute, plan: Parts, known: readonly string[]): ReturnType<typeof gatewayApi.desired> {
  return gatewayApi.desired({ weightTotal: 100, ...plan }, target(known), current(before));
}

function shifted(before: HttpRoute, plan: Parts, known: readonly string[] = []): HttpRoute {
  const [write] = writes(before, plan, known);
  assert.ok(write?.verb === 'patch');
  return applyJsonPatch(before, write.body) as HttpRoute;
}

function observed(before: HttpRoute, known: readonly string[]): Extract<TrafficObservation, { state: 'known' }> {
  const shown = gatewayApi.observed(target(known), current(before));
  assert.ok(shown.state === 'known');
  return shown;
}

function target(additionalServices: readonly string[]): TrafficTarget {
  return {
    namespace: 'shop',
    rolloutName: 'shop',
    rolloutUid: 'u',
    stableService: 'stable',
    canaryService: 'canary',
    config: { httpRoute: 'web' },
    additionalServices,
  };
}

function current(found: HttpRoute): CurrentObjects {
  return new Map([[refKey({ kind: KINDS.httpRoute, namespace: 'shop', name: 'web' }), found]]);
}

function route(rules: readonly RouteRule[]): HttpRoute {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'web', namespace: 'shop', resourceVersion: '7' },
    spec: { rules },
  };
}

function marked(found: HttpRoute): HttpRoute {
  return {
    ...found,
    metadata: {
      ...found.metadata,
      labels: { 'rollouts.argoproj.io/gatewayapi-canary': 'in-progress' },
      annotations: { 'rollouts.argoproj.io/gatewayapi-active-rollouts': 'shop/shop' },
    },
  };
}

function rule(backendRefs: readonly BackendRef[]): RouteRule {
  return { backendRefs };
}

function stable(weight: number): BackendRef {
  return { name: 'stable', port: 80, weight };
}

function canary(weight: number): BackendRef {
  return { name: 'canary', port: 80, weight };
}

function part(name: string, weight: number): BackendRef {
  return { name, port: 80, weight };
}
