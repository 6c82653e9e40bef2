import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { PodTemplateSpec } from '../../api/pod-template.ts';
import { configReferences, withConfigNames } from './references.ts';

const TEMPLATE: PodTemplateSpec = {
  metadata: { labels: { app: 'shop' } },
  spec: {
    imagePullSecrets: [{ name: 'pull' }],
    volumes: [
      { name: 'a', configMap: { name: 'a', items: [{ key: 'k', path: 'p' }] } },
      { name: 'b', secret: { secretName: 'b', optional: true } },
      {
        name: 'c',
        projected: { sources: [{ configMap: { name: 'c' } }, { secret: { name: 'd' } }, { downwardAPI: {} }] },
      },
      { name: 'e', emptyDir: {} },
      { name: 'f', csi: { driver: 'x', nodePublishSecretRef: { name: 'f' } } },
    ],
    initContainers: [{ name: 'init', envFrom: [{ configMapRef: { name: 'g' } }] }],
    containers: [
      {
        name: 'main',
        envFrom: [{ secretRef: { name: 'h' } }, { configMapRef: {} }],
        env: [
          { name: 'PLAIN', value: 'x' },
          { name: 'FIELD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'I', valueFrom: { configMapKeyRef: { name: 'i', key: 'k' } } },
          { name: 'J', valueFrom: { secretKeyRef: { name: 'j', key: 'k', optional: true } } },
        ],
      },
    ],
  },
};

test('every place that containers read from is found, with its path, and no other', () => {
  const found = configReferences(TEMPLATE).map(({ kind, name, path, optional }) => {
    return `${kind}/${name} ${path.replace('spec.template.spec.', '')}${optional ? ' optional' : ''}`;
  });

  assert.deepEqual(found.sort(), [
    'configmap/a volumes[0].configMap.name',
    'configmap/c volumes[2].projected.sources[0].configMap.name',
    'configmap/g initContainers[0].envFrom[0].configMapRef.name',
    'configmap/i containers[0].env[2].valueFrom.configMapKeyRef.name',
    'secret/b volumes[1].secret.secretName optional',
    'secret/d volumes[2].projected.sources[1].secret.name',
    'secret/h containers[0].envFrom[0].secretRef.name',
    'secret/j containers[0].env[3].valueFrom.secretKeyRef.name optional',
  ]);
});

test('other names change nothing else, and not what was handed in', () => {
  const before = JSON.stringify(TEMPLATE);

  const renamed = withConfigNames(TEMPLATE, ({ name }) => `${name}-copy`);

  assert.equal(JSON.stringify(TEMPLATE), before);
  assert.equal(JSON.stringify(renamed).replaceAll('-copy', ''), before);
  assert.equal(JSON.stringify(renamed).split('-copy').length - 1, 8);
});

test('a template that names nothing means the same', () => {
  assert.deepEqual(
    withConfigNames({}, ({ name }) => name),
    { spec: undefined },
  );
  assert.deepEqual(configReferences({ spec: { containers: [{ name: 'main' }] } }), []);
});
