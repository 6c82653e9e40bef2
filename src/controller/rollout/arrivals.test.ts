import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imagineCluster, observe } from '../../core/rollout/imagined-cluster.ts';
import type { Observation } from '../../core/observation.ts';
import { rolloutOf } from '../../../test/support/pure-world.ts';
import { Arrivals } from './arrivals.ts';

describe('a new spec that names something which is not there', () => {
  it('is left alone for a second, counted from its first look', () => {
    const arrivals = new Arrivals();

    assert.equal(arrivals.untilMs('ns/a', lacking({ nowMs: 1_000 })), 2_000);
    assert.equal(arrivals.untilMs('ns/a', lacking({ nowMs: 1_900 })), 2_000);
    assert.equal(arrivals.untilMs('ns/a', lacking({ nowMs: 2_000 })), undefined);
    assert.equal(arrivals.untilMs('ns/b', lacking({ nowMs: 2_000 })), 3_000);
  });

  it('waits anew with the next edit', () => {
    const arrivals = new Arrivals();
    arrivals.untilMs('ns/a', lacking({ nowMs: 1_000 }));

    assert.equal(arrivals.untilMs('ns/a', lacking({ nowMs: 5_000, generation: 2 })), 6_000);
  });

  it('does not wait when it is all there, was looked at already, or is aborted', () => {
    const arrivals = new Arrivals();
    const whole = { ...lacking({ nowMs: 0 }), services: {} };

    assert.equal(arrivals.untilMs('ns/a', whole), undefined);
    assert.equal(arrivals.untilMs('ns/a', lacking({ nowMs: 0, status: { observedGeneration: '1' } })), undefined);
    assert.equal(arrivals.untilMs('ns/a', lacking({ nowMs: 0, status: { abort: true } })), undefined);
  });
});

function lacking({
  nowMs,
  generation = 1,
  status = {},
}: {
  readonly nowMs: number;
  readonly generation?: number;
  readonly status?: Observation['rollout']['status'];
}): Observation {
  const rollout = rolloutOf();
  const named = { ...rollout, metadata: { ...rollout.metadata, generation }, status };
  return { ...observe(imagineCluster({ rollout: named, nowMs })), services: { 'shop-canary': null } };
}
