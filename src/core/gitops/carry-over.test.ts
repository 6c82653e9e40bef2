import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '../../api/kube-object.ts';
import { carryOver, steeringOf } from './carry-over.ts';

function object(kind: string, name: string, spec: unknown, resourceVersion?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec,
  };
}

const ROLLOUT = object('Rollout', 'shop', {
  strategy: {
    canary: {
      stableService: 'stable',
      canaryService: 'canary',
      trafficRouting: {
        nginx: { stableIngress: 'web' },
        managedRoutes: [{ name: 'header' }],
        plugins: { 'argoproj-labs/gatewayAPI': { httpRoutes: [{ name: 'route' }] } },
      },
    },
  },
});
const steering = steeringOf([
  ROLLOUT,
  object('HorizontalPodAutoscaler', 'h', { scaleTargetRef: { kind: 'Rollout', name: 'shop' } }),
]);

describe('leaves that are carried over', () => {
  it('are the hash of a Service that a Rollout uses, with the version that it was read at', () => {
    const desired = object('Service', 'canary', { selector: { app: 'shop' } });
    const live = object('Service', 'canary', { selector: { app: 'old', 'rollouts-pod-template-hash': 'h1' } }, '7');

    const carried = carryOver(desired, live, steering);

    assert.deepEqual(carried['spec'], { selector: { app: 'shop', 'rollouts-pod-template-hash': 'h1' } });
    assert.equal(carried.metadata.resourceVersion, '7');
  });

  it('are rules of a managed route, each before the rule that it is made of', () => {
    const rule = (name: string, weight: number): unknown => ({ name, backendRefs: [{ name: 'canary', weight }] });
    const live = [
      rule('a', 1),
      rule('header', 1),
      rule('b', 3),
      rule('header-1', 1),
      rule('c', 4),
      rule('header-x', 5),
    ];
    const declared = [rule('a', 0), rule('b', 0), rule('c', 0), rule('header-x', 0)];

    const carried = carryOver(
      object('HTTPRoute', 'route', { rules: declared }),
      object('HTTPRoute', 'route', { rules: live }, '7'),
      steering,
    );

    assert.deepEqual(carried['spec'], { rules: live });
  });

  it('are the weights of the backends that a Rollout uses, and rules that it manages; others stay as declared', () => {
    const backends = (stable: number, canary: number): unknown[] => [
      { name: 'stable', weight: stable },
      { name: 'canary', weight: canary },
      { name: 'other', weight: 1 },
    ];
    const desired = object('HTTPRoute', 'route', { rules: [{ backendRefs: backends(100, 0) }] });
    const header = { name: 'header', matches: [] };
    const live = object(
      'HTTPRoute',
      'route',
      { rules: [header, { backendRefs: [...backends(70, 30).slice(0, 2), { name: 'other', weight: 9 }] }] },
      '7',
    );

    assert.deepEqual(carryOver(desired, live, steering)['spec'], {
      rules: [header, { backendRefs: backends(70, 30) }],
    });
  });

  it('are the weights of a route that a Rollout finds by its labels', () => {
    const selected = steeringOf([
      object('Rollout', 'shop', {
        strategy: {
          canary: {
            stableService: 'stable',
            canaryService: 'canary',
            trafficRouting: {
              plugins: {
                'argoproj-labs/gatewayAPI': {
                  httpRouteSelector: { matchLabels: { team: 'shop' } },
                  grpcRouteSelector: { matchExpressions: 'malformed' },
                },
              },
            },
          },
        },
      }),
    ]);
    const weighted = (kind: string, weight: number, team: string): KubeObject => {
      const route = object(kind, 'any', { rules: [{ backendRefs: [{ name: 'canary', weight }] }] }, '7');
      return { ...route, metadata: { ...route.metadata, labels: { team } } };
    };
    const specOf = (kind: string, team: string): unknown =>
      carryOver(weighted(kind, 0, team), weighted(kind, 30, team), selected)['spec'];

    assert.deepEqual(specOf('HTTPRoute', 'shop'), { rules: [{ backendRefs: [{ name: 'canary', weight: 30 }] }] });
    assert.deepEqual(specOf('HTTPRoute', 'other'), { rules: [{ backendRefs: [{ name: 'canary', weight: 0 }] }] });
    assert.deepEqual(specOf('GRPCRoute', 'shop'), { rules: [{ backendRefs: [{ name: 'canary', weight: 0 }] }] });
  });

  it('are the parts that the versions of an Experiment have, which Git does not know', () => {
    const weights = { additional: [{ weight: 5, serviceName: 'exp-a' }] };
    const running = steeringOf([{ ...ROLLOUT, status: { canary: { weights } } }]);
    const declared = [
      { name: 'stable', weight: 100 },
      { name: 'canary', weight: 0 },
    ];
    const live = [
      { name: 'stable', weight: 75 },
      { name: 'canary', weight: 20 },
      { name: 'exp-a', weight: 5 },
    ];
    const route = (backendRefs: readonly unknown[]): KubeObject =>
      object('HTTPRoute', 'route', { rules: [{ backendRefs }] }, '7');

    assert.deepEqual(carryOver(route(declared), route([...live, { name: 'foreign', weight: 1 }]), running)['spec'], {
      rules: [{ backendRefs: live }],
    });
  });

  it('are the replicas of what an autoscaler scales', () => {
    const desired = object('Rollout', 'shop', { replicas: 2 });

    assert.deepEqual(carryOver(desired, object('Rollout', 'shop', { replicas: 9 }, '1'), steering)['spec'], {
      replicas: 9,
    });
    assert.deepEqual(carryOver(desired, object('Rollout', 'shop', { replicas: 9 }, '1'), steeringOf([]))['spec'], {
      replicas: 2,
    });
  });

  it('are the replicas that an autoscaler unknown to Git wrote', () => {
    const desired = object('Deployment', 'web', { replicas: 2 });
    const live = object('Deployment', 'web', { replicas: 9 }, '1');
    const managedFields = [{ manager: 'kube-controller-manager', subresource: 'scale' }];

    const scaled = { ...live, metadata: { ...live.metadata, managedFields } };
    assert.deepEqual(carryOver(desired, scaled, steering)['spec'], { replicas: 9 });
    assert.deepEqual(carryOver(desired, live, steering)['spec'], { replicas: 2 });
  });

  it('are weight annotations of an Ingress that Git declares too', () => {
    const key = 'nginx.ingress.kubernetes.io/canary-weight';
    const desired: KubeObject = {
      apiVersion: 'v1',
      kind: 'Ingress',
      metadata: { name: 'web', annotations: { [key]: '0', x: 'new' } },
    };
    const live: KubeObject = {
      ...desired,
      metadata: { name: 'web', resourceVersion: '1', annotations: { [key]: '40', x: 'old' } },
    };

    assert.deepEqual(carryOver(desired, live, steering).metadata.annotations, { [key]: '40', x: 'new' });
  });

  it('are none of an object that no Rollout uses or that does not exist yet', () => {
    const desired = object('Service', 'else', { selector: { app: 'x' } });
    const live = object('Service', 'else', { selector: { 'rollouts-pod-template-hash': 'h1' } }, '7');

    assert.equal(carryOver(desired, live, steering), desired);
    assert.equal(carryOver(desired, undefined, steering), desired);
  });
});
