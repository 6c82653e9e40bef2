import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PureWorld, rolloutOf, type RolloutWishes } from '../../../test/support/pure-world.ts';
import { findByTemplate } from './revisions.ts';

const TERM = (stable: string): unknown => ({
  labelSelector: { matchExpressions: [{ key: 'rollouts-pod-template-hash', operator: 'In', values: [stable] }] },
  namespaces: ['default'],
  topologyKey: 'kubernetes.io/hostname',
});
const REQUIRED = { requiredDuringSchedulingIgnoredDuringExecution: {} };
const PREFERRED = { preferredDuringSchedulingIgnoredDuringExecution: { weight: 7 } };

function updated(wishes: RolloutWishes): PureWorld {
  return new PureWorld(rolloutOf(wishes)).advance(10_000).image('v2').advance(10_000);
}

test('a new version keeps off the nodes of the stable one, where that is required', () => {
  const world = updated({ canary: { antiAffinity: REQUIRED, steps: [{ pause: {} }] } });

  const [first, second] = world.cluster.replicaSets;
  assert.equal(first?.spec.template.spec?.affinity, undefined);
  assert.deepEqual(second?.spec.template.spec?.affinity, {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [TERM(world.status.stableRS ?? '')] },
  });
});

test('a new version keeps off the nodes of the stable one if it can, where that is preferred', () => {
  const world = updated({ blueGreen: { antiAffinity: PREFERRED, autoPromotionEnabled: false } });

  assert.deepEqual(world.cluster.replicaSets[1]?.spec.template.spec?.affinity, {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 7, podAffinityTerm: TERM(world.status.stableRS ?? '') },
      ],
    },
  });
});

test('the rule that was added does not make a template another one', () => {
  const world = updated({ canary: { antiAffinity: REQUIRED, steps: [{ pause: {} }] } });
  const template = world.cluster.rollout.spec.template;
  assert.ok(template);

  assert.equal(findByTemplate(world.cluster.replicaSets, template, []), world.cluster.replicaSets[1]);
});

test('rules that the user wrote stay', () => {
  const zone = { labelSelector: { matchLabels: { app: 'shop' } }, topologyKey: 'zone' };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [zone] } };
  const world = new PureWorld(rolloutOf({ canary: { antiAffinity: REQUIRED, steps: [{ pause: {} }] } })).advance(
    10_000,
  );

  world.edit({ template: { spec: { affinity } } }).advance(10_000);

  const found = world.cluster.replicaSets[1]?.spec.template.spec?.affinity;
  assert.deepEqual(found, {
    podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [zone, TERM(world.status.stableRS ?? '')] },
  });
  const template = world.cluster.rollout.spec.template;
  assert.ok(template);
  assert.equal(findByTemplate(world.cluster.replicaSets, template, []), world.cluster.replicaSets[1]);
});
