import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rolloutOf, routed } from '../../../test/support/pure-world.ts';
import { planRollout } from './plan.ts';

const steps = [{ setWeight: 20 }, { pause: { duration: '30s' } }, { setWeight: 60 }, { pause: {} }];

test('a plan shows sizes, weights and waits from the first step to the last old pod', () => {
  const plan = planRollout(rolloutOf({ replicas: 5, canary: routed({ steps }) }), { podStartMs: 2_000 });

  assert.ok(plan.ok);
  const course = plan.entries.map((entry) => [
    entry.atMs,
    entry.canaryWeight,
    entry.canaryReplicas,
    entry.stableReplicas,
  ]);
  assert.deepEqual(course.at(0), [0, 0, 1, 5]);
  assert.ok(course.some(([atMs, weight]) => atMs === 32_000 && weight === 20));
  assert.ok(plan.entries.some((entry) => entry.needsPerson && entry.stepIndex === 3));
  assert.deepEqual(plan.entries.at(-1)?.phase, 'Healthy');
  assert.equal(plan.entries.at(-1)?.waitsFor, undefined);
  assert.equal(plan.entries.at(-1)?.olderReplicas, 0);
});

test('a plan of a first deployment has no steps', () => {
  const plan = planRollout(rolloutOf({ replicas: 2, canary: { steps } }), { install: true });

  assert.ok(plan.ok);
  assert.equal(plan.entries.at(-1)?.phase, 'Healthy');
  assert.ok(plan.entries.every((entry) => entry.canaryReplicas === 0 || entry.stableReplicas === 0));
});

test('a plan of an invalid spec says why', () => {
  const plan = planRollout(rolloutOf({ canary: { steps: [{ setWeight: 120 }] } }));

  assert.ok(!plan.ok);
  assert.match(plan.message, /^The Rollout "shop" is invalid: spec\.strategy\.steps\[0\]\.setWeight/);
});
