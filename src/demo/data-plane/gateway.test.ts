import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { FakeKube } from '../fake-kube.ts';
import { startGateway } from './gateway.ts';

function route(weights: { readonly stable: number; readonly canary: number }, generation: number): KubeObject {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop', namespace: 'demo', generation, resourceVersion: `${generation}0` },
    spec: {
      parentRefs: [{ name: 'demo' }],
      rules: [{ backendRefs: Object.entries(weights).map(([name, weight]) => ({ name, port: 80, weight })) }],
    },
  };
}

function service(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'demo' }, spec: { ports: [{ port: 80 }] } };
}

function slice(name: string, port: number): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: 'demo', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'], targetRef: { name: `${name}-pod` } }],
    ports: [{ port }],
  };
}

test('obeys a changed weight at once and says for which generation it routes', async () => {
  const kube = new FakeKube();
  const clock = new VirtualClock();
  const pod = createServer((_request, response) => response.end());
  pod.listen(0, '127.0.0.1');
  await once(pod, 'listening');
  const { port } = pod.address() as AddressInfo;
  for (const name of ['stable', 'canary']) {
    kube.put(KINDS.service, service(name));
    kube.put(KINDS.endpointSlice, slice(name, port));
  }
  kube.put(KINDS.httpRoute, route({ stable: 100, canary: 0 }, 1));
  const errors: string[] = [];
  const gateway = await startGateway({ kube, clock, onError: (deed) => errors.push(deed) });
  const askPod = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      get(gateway.url, { agent: false }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.headers['x-upstream-pod']));
      }).on('error', reject);
    });

  try {
    assert.equal(await askPod(), 'stable-pod');
    kube.put(KINDS.httpRoute, route({ stable: 0, canary: 100 }, 2));
    assert.equal(await askPod(), 'canary-pod');

    clock.advance(0);
    const [write] = kube.writes;
    assert.ok(write?.verb === 'patch');
    assert.deepEqual([write.subresource, write.patchType], ['status', 'merge']);
    const { metadata, status } = write.body as {
      metadata: unknown;
      status: { parents: { conditions: { observedGeneration: number }[] }[] };
    };
    assert.deepEqual(metadata, { resourceVersion: '20' });
    assert.deepEqual(
      status.parents[0]?.conditions.map((condition) => condition.observedGeneration),
      [2, 2],
    );

    kube.failure = Object.assign(new Error('no'), { reason: 'unavailable' });
    kube.put(KINDS.httpRoute, route({ stable: 0, canary: 100 }, 3));
    clock.advance(0);
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(errors, ['writing the status of HTTPRoute shop']);
    clock.advance(1_000);
    assert.equal(kube.writes.length, 3);
    kube.put(KINDS.httpRoute, route({ stable: 100, canary: 0 }, 4));
  } finally {
    gateway.close();
    pod.close();
    pod.closeAllConnections();
  }
  assert.equal(clock.nextAtMs(), undefined);
});
