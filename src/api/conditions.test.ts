import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { removeCondition, upsertCondition, upsertConditionWithMessage, type ConditionFact } from './conditions.ts';
import type { RolloutCondition } from './rollout.ts';

const EARLIER = '2026-01-01T00:00:00Z';
const NOW = '2026-01-01T00:05:00Z';

describe('upsertCondition', () => {
  it('adds a condition that is not there', () => {
    assert.deepEqual(upsertCondition(undefined, fact({}), NOW), [
      { ...fact({}), lastUpdateTime: NOW, lastTransitionTime: NOW },
    ]);
  });

  it('changes nothing when status and reason are there already, not even the message', () => {
    const before = [condition({})];

    assert.equal(upsertCondition(before, fact({ message: 'another' }), NOW), before);
  });

  it('keeps the time of transition and moves the condition to the end when only the reason changes', () => {
    const other = condition({ type: 'Available' });

    const after = upsertCondition([condition({}), other], fact({ reason: 'ReplicaSetUpdated' }), NOW);

    assert.deepEqual(after, [
      other,
      { ...fact({ reason: 'ReplicaSetUpdated' }), lastUpdateTime: NOW, lastTransitionTime: EARLIER },
    ]);
  });

  it('sets the time of transition when the status changes', () => {
    const [after] = upsertCondition([condition({})], fact({ status: 'False' }), NOW);

    assert.equal(after?.lastTransitionTime, NOW);
  });
});

describe('upsertConditionWithMessage', () => {
  it('takes a new message, in place', () => {
    const other = condition({ type: 'Available' });

    const after = upsertConditionWithMessage([condition({}), other], fact({ message: 'another' }), NOW);

    assert.deepEqual(after, [{ ...condition({}), message: 'another', lastUpdateTime: NOW }, other]);
  });

  it('changes nothing when the message is there already', () => {
    const before = [condition({})];

    assert.equal(upsertConditionWithMessage(before, fact({}), NOW), before);
  });
});

describe('removeCondition', () => {
  it('returns the same list when there is nothing to remove', () => {
    const before = [condition({})];

    assert.equal(removeCondition(before, 'InvalidSpec'), before);
    assert.deepEqual(removeCondition(before, 'Progressing'), []);
  });
});

function fact(changes: Partial<ConditionFact>): ConditionFact {
  return { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message: 'one', ...changes };
}

function condition(changes: Partial<RolloutCondition>): RolloutCondition {
  return { ...fact({}), lastUpdateTime: EARLIER, lastTransitionTime: EARLIER, ...changes };
}
