import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../api/kube-object.ts';
import { createTrim } from './trim.ts';

test('managedFields become a digest, the last applied manifest goes, and everything else stays', () => {
  const trimmed = createTrim()({
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: {
      name: 'a',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' },
      managedFields: [
        {
          manager: 'kubectl-edit',
          operation: 'Update',
          time: '2026-01-01T00:00:00Z',
          fieldsType: 'FieldsV1',
          subresource: 'status',
          fieldsV1: {
            'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
            'f:spec': { '.': {}, 'f:paused': {} },
            'f:status': { 'f:abort': {} },
            'f:data': { 'f:x': {} },
          },
        },
      ],
    },
    spec: { paused: true, future: { field: 1 } },
  });

  assert.deepEqual(trimmed.metadata.annotations, { kept: 'yes' });
  assert.deepEqual(trimmed.metadata.managedFields, [
    {
      manager: 'kubectl-edit',
      operation: 'Update',
      time: '2026-01-01T00:00:00Z',
      subresource: 'status',
      fields: ['metadata.labels', 'spec.paused', 'status.abort', 'data'],
    },
  ]);
  assert.deepEqual(trimmed['spec'], { paused: true, future: { field: 1 } });
});

test('an object of which nobody is known to have written anything says so', () => {
  const thing: KubeObject = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' } };
  const trimmed = createTrim()(thing);

  assert.deepEqual(trimmed.metadata.managedFields, []);
});

test('equal lists of fields are kept once', () => {
  const trim = createTrim();
  const make = (): ReturnType<typeof trim> =>
    trim({
      apiVersion: 'v1',
      kind: 'Thing',
      metadata: { name: 'a', managedFields: [{ manager: 'm', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }] },
    });

  assert.equal(make().metadata.managedFields?.[0]?.fields, make().metadata.managedFields?.[0]?.fields);
});
