import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { stepsHash, templateHash } from './template-hash.ts';

const DEMO = {
  metadata: { labels: { app: 'rollouts-demo' } },
  spec: {
    containers: [
      {
        name: 'rollouts-demo',
        image: 'argoproj/rollouts-demo:blue',
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { memory: '32Mi', cpu: '5m' } },
      },
    ],
  },
};

describe('the hash of a template', () => {
  test('is the one that the API is known by', () => {
    assert.equal(templateHash(DEMO, undefined), '5cd66ff7ff');
  });

  test('does not depend on the order in which fields were written', () => {
    const { spec, metadata } = DEMO;

    assert.equal(templateHash({ spec, metadata }, undefined), templateHash(DEMO, undefined));
  });

  test('changes with the image and with a collision', () => {
    const hashes = new Set([templateHash(DEMO, undefined), templateHash(DEMO, 1), templateHash(DEMO, 2)]);

    assert.equal(hashes.size, 3);
  });
});

test('the hash of steps tells a pause without end from one with', () => {
  assert.notEqual(stepsHash([{ pause: {} }]), stepsHash([{ pause: { duration: 10 } }]));
});

const RECORDED: readonly (readonly [hash: string, steps: Parameters<typeof stepsHash>[0]])[] = [
  ['57666c449c', [{ setWeight: 0 }, { pause: { duration: '1h' } }, { pause: { duration: 30 } }]],
  [
    '689f9d99f7',
    [
      {
        experiment: {
          duration: '5m',
          templates: [
            { name: 'b', specRef: 'stable', replicas: 1 },
            {
              name: 'c',
              specRef: 'canary',
              metadata: { labels: { k: 'v' } },
              selector: { matchLabels: { k: 'v' } },
              service: { name: 'svc' },
            },
          ],
          analyses: [
            { name: 'x', templateName: 'good', requiredForCompletion: true, args: [{ name: 'z', value: '1' }] },
          ],
          scaleDownDelaySeconds: 5,
        },
      },
    ],
  ],
  [
    '57c87d665d',
    [
      { setWeight: 20 },
      {
        analysis: {
          templates: [{ templateName: 'good', clusterScope: false }],
          args: [
            { name: 'a', value: '<b>' },
            { name: 'h', valueFrom: { podTemplateHashValue: 'Latest' } },
            { name: 'f', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          dryRun: [{ metricName: 'web' }],
          measurementRetention: [{ metricName: 'web', limit: 3 }],
          analysisRunMetadata: { labels: { x: 'y' } },
        },
      },
    ],
  ],
  ['b4d4b485f', [{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'good' }] } }, { pause: {} }]],
];

for (const [hash, steps] of RECORDED) {
  test(`the hash of steps is the one that the API is known by, ${hash}`, () => assert.equal(stepsHash(steps), hash));
}
