import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { KINDS } from '../../api/kinds.ts';
import type { Rollout, TrafficRouting } from '../../api/rollout.ts';
import type { BackendRef, HttpRoute } from '../../api/workloads.ts';
import { applyJsonPatch } from '../../kube-memory/patch/json-patch.ts';
import { gatewayApi } from '../../routers/gateway-api.ts';
import { leftTargetOf } from './left-target.ts';

const BETWEEN: readonly BackendRef[] = [
  { name: 'stable', port: 80, weight: 75 },
  { name: 'canary', port: 80, weight: 20 },
  { name: 'exp-a', port: 80, weight: 5 },
];

function rolloutWith(trafficRouting: TrafficRouting | undefined): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace: 'shop', uid: 'u' },
    spec: { strategy: { canary: trafficRouting === undefined ? {} : { trafficRouting } } },
    status: {
      canary: {
        weights: {
          canary: { weight: 20, serviceName: 'canary' },
          stable: { weight: 75, serviceName: 'stable' },
          additional: [{ weight: 5, serviceName: 'exp-a' }],
        },
      },
    },
  };
}

describe('what a Rollout has to put right that names its router no more', () => {
  it('is everything that status tells of, also where an empty block of routing is left', () => {
    const left = leftTargetOf(rolloutWith(undefined));

    assert.equal(left?.stableService, 'stable');
    assert.equal(left?.weightTotal, 100);
    assert.deepEqual(leftTargetOf(rolloutWith({})), left);
    assert.deepEqual(leftTargetOf(rolloutWith({ plugins: {}, managedRoutes: [{ name: 'testers' }] })), left);
    assert.equal(leftTargetOf(rolloutWith({ nginx: { stableIngress: 'shop' } })), undefined);
  });

  it('takes the versions of an Experiment out of a route, and gives stable all of it', () => {
    const left = leftTargetOf(rolloutWith(undefined));
    const route: HttpRoute = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'web', namespace: 'shop', resourceVersion: '7' },
      spec: { rules: [{ backendRefs: BETWEEN }] },
    };
    assert.ok(left);

    const [write] = gatewayApi.leave(left, KINDS.httpRoute, [route]);

    assert.ok(write?.verb === 'patch');
    assert.deepEqual((applyJsonPatch(route, write.body) as HttpRoute).spec.rules, [
      {
        backendRefs: [
          { name: 'stable', port: 80, weight: 100 },
          { name: 'canary', port: 80, weight: 0 },
        ],
      },
    ]);
  });
});
