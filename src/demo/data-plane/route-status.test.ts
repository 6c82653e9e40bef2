import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRoute } from '../../api/workloads.ts';
import { nextRouteStatus } from './route-status.ts';

const parentRef = { name: 'demo' };
const route: HttpRoute = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'shop', namespace: 'demo', generation: 3 },
  spec: { parentRefs: [parentRef], rules: [{ backendRefs: [{ name: 'stable', port: 80 }] }] },
};

function conditionsOf(status: HttpRoute['status']): unknown {
  return status?.parents?.flatMap((parent) =>
    (parent.conditions ?? []).map(({ type, status: holds, observedGeneration }) => [type, holds, observedGeneration]),
  );
}

test('accepts a route for the generation that it works with', () => {
  assert.deepEqual(conditionsOf(nextRouteStatus(route, () => true, 0)), [
    ['Accepted', 'True', 3],
    ['ResolvedRefs', 'True', 3],
  ]);
});

test('names backends that do not exist', () => {
  const status = nextRouteStatus(route, () => false, 0);

  assert.deepEqual(conditionsOf(status), [
    ['Accepted', 'True', 3],
    ['ResolvedRefs', 'False', 3],
  ]);
  assert.match(status?.parents?.[0]?.conditions?.[1]?.message ?? '', /Service stable with port 80/);
});

test('writes nothing that is so already, and keeps since when it is so', () => {
  const status = nextRouteStatus(route, () => true, 1_000);
  assert.equal(
    nextRouteStatus({ ...route, status }, () => true, 90_000),
    undefined,
  );

  const later = nextRouteStatus(
    { ...route, metadata: { ...route.metadata, generation: 4 }, status },
    () => true,
    90_000,
  );
  assert.deepEqual(
    later?.parents?.[0]?.conditions?.map((condition) => condition.lastTransitionTime),
    ['1970-01-01T00:00:01Z', '1970-01-01T00:00:01Z'],
  );
});

test('leaves alone what other gateways say', () => {
  const foreign = { parentRef, controllerName: 'example.com/other', conditions: [] };

  assert.deepEqual(nextRouteStatus({ ...route, status: { parents: [foreign] } }, () => true, 0)?.parents?.[0], foreign);
});
