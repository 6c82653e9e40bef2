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
