import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { rolloutOf } from '../../../test/support/pure-world.ts';
import { currentAnnotations, findByTemplate, newReplicaSet, nextRevision } from './revisions.ts';

const DESIRED: PodTemplateSpec = {
  metadata: { labels: { app: 'shop' } },
  spec: {
    containers: [
      {
        name: 'app',
        image: 'registry/shop:1.2',
        ports: [{ containerPort: 8080 }],
        env: [{ name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
        resources: { limits: { cpu: '1', memory: '1Gi' } },
        readinessProbe: { httpGet: { port: 8080 } },
      },
    ],
    volumes: [
      { name: 'cache', emptyDir: {} },
      { name: 'settings', configMap: { name: 'settings' } },
    ],
  },
};

/** The same, as the API server of another controller's ReplicaSet stores it. */
const STORED: PodTemplateSpec = {
  metadata: {
    creationTimestamp: null,
    labels: { app: 'shop', [POD_TEMPLATE_HASH_LABEL]: 'abc' },
  } as PodTemplateSpec['metadata'],
  spec: {
    containers: [
      {
        name: 'app',
        image: 'registry/shop:1.2',
        imagePullPolicy: 'IfNotPresent',
        ports: [{ containerPort: 8080, protocol: 'TCP' }],
        env: [{ name: 'NODE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } }],
        resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: '1', memory: '1Gi' } },
        readinessProbe: {
          httpGet: { path: '/', port: 8080, scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    volumes: [
      { name: 'cache', emptyDir: {} },
      { name: 'settings', configMap: { name: 'settings', defaultMode: 420 } },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  },
};

function replicaSet(template: PodTemplateSpec, hash: string, annotations: Record<string, string> = {}): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `shop-${hash}`,
      labels: { [POD_TEMPLATE_HASH_LABEL]: hash },
      annotations,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { selector: {}, template },
  };
}

describe('the ReplicaSet of a template', () => {
  test('is found by what the template means, whatever its hash', () => {
    assert.equal(findByTemplate([replicaSet(STORED, 'abc')], DESIRED, [])?.metadata.name, 'shop-abc');
  });

  test('is found although metadata for its role and anti-affinity were added', () => {
    const affinity = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          {
            labelSelector: { matchExpressions: [{ key: POD_TEMPLATE_HASH_LABEL, operator: 'In', values: ['old'] }] },
            topologyKey: 'kubernetes.io/hostname',
          },
        ],
      },
    };
    const template: PodTemplateSpec = {
      metadata: { labels: { ...STORED.metadata?.labels, role: 'canary' } },
      spec: { ...STORED.spec, affinity },
    };
    const added = JSON.stringify({ labels: { role: 'canary' } });

    const found = findByTemplate(
      [replicaSet(template, 'abc', { 'rollout.argoproj.io/ephemeral-metadata': added })],
      DESIRED,
      [],
    );

    assert.equal(found?.metadata.name, 'shop-abc');
  });

  test('is not found when anything that counts differs', () => {
    const [container] = DESIRED.spec?.containers ?? [];
    const other = {
      ...DESIRED,
      spec: { ...DESIRED.spec, containers: [{ ...container, name: 'app', image: 'registry/shop:1.3' }] },
    };

    assert.equal(findByTemplate([replicaSet(STORED, 'abc')], other, []), undefined);
  });

  test('of several that mean the same, the one that status names counts', () => {
    const found = findByTemplate([replicaSet(STORED, 'abc'), replicaSet(STORED, 'def')], DESIRED, ['def']);

    assert.equal(found?.metadata.name, 'shop-def');
  });
});

describe('revisions', () => {
  const revision = (number: string): ReplicaSet =>
    replicaSet(DESIRED, number, { 'rollout.argoproj.io/revision': number });

  test('a new version has the next number, and one that comes back gets it too', () => {
    assert.equal(nextRevision(undefined, [revision('1'), revision('2')]), 3);
    assert.equal(nextRevision(revision('1'), [revision('2')]), 3);
    assert.equal(nextRevision(revision('2'), [revision('1')]), 2);
  });

  test('a version that comes back remembers its earlier numbers', () => {
    const annotations = currentAnnotations(rolloutOf(), revision('1'), 3);

    assert.equal(annotations['rollout.argoproj.io/revision'], '3');
    assert.equal(annotations['rollout.argoproj.io/revision-history'], '1');
  });

  test('a new ReplicaSet carries the hash on itself, its selector and its pods, and the Rollout as its owner', () => {
    const rollout = { ...rolloutOf({ replicas: 4 }), metadata: { name: 'shop', namespace: 'default', uid: 'u1' } };

    const made = newReplicaSet({ rollout, template: DESIRED, labels: {}, hash: 'xyz', size: 2, revision: 7 });

    assert.equal(made.metadata.name, 'shop-xyz');
    assert.equal(made.spec.replicas, 2);
    assert.equal(made.spec.selector.matchLabels?.[POD_TEMPLATE_HASH_LABEL], 'xyz');
    assert.equal(made.spec.template.metadata?.labels?.[POD_TEMPLATE_HASH_LABEL], 'xyz');
    assert.equal(made.metadata.annotations?.['rollout.argoproj.io/desired-replicas'], '4');
    assert.equal(made.metadata.ownerReferences?.[0]?.uid, 'u1');
  });
});
