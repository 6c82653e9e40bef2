import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/workloads.ts';
import { targetsOfPods } from './pod-targets.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'shop-1',
    namespace: 'demo',
    labels: { app: 'shop', 'rollouts-pod-template-hash': 'abc' },
    annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
  },
  spec: { containers: [] },
  status: { phase: 'Running', podIP: '127.1.1.1' },
};

test('a running pod that asks for it is scraped, with its labels', () => {
  assert.deepEqual(targetsOfPods([pod]), [
    {
      host: '127.1.1.1',
      port: 8080,
      path: '/metrics',
      labels: {
        app: 'shop',
        rollouts_pod_template_hash: 'abc',
        job: 'pods',
        instance: '127.1.1.1:8080',
        namespace: 'demo',
        pod: 'shop-1',
        service: 'shop',
      },
    },
  ]);
});

test('pods that do not run, have no address or did not ask are left alone', () => {
  const without = (change: Partial<Pod>): Pod => ({ ...pod, ...change });

  assert.deepEqual(
    targetsOfPods([
      without({ status: { phase: 'Pending', podIP: '127.1.1.1' } }),
      without({ status: { phase: 'Running' } }),
      without({ metadata: { name: 'x' } }),
    ]),
    [],
  );
});

test('where a pod could not have its port, the one that it has is scraped', () => {
  const annotations = { ...pod.metadata.annotations, 'sim.headgate.dev/port': '40001' };

  assert.equal(targetsOfPods([{ ...pod, metadata: { ...pod.metadata, annotations } }])[0]?.port, 40_001);
});
