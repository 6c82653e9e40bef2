import assert from 'node:assert/strict';
import { test } from 'node:test';
import { continueChronicle, EMPTY_CHRONICLE } from './chronicle.ts';
import type { Chronicle } from './chronicle.ts';
import type { RolloutView } from './rollout-view.ts';

const healthy: RolloutView = {
  tag: '1.0.0',
  phase: 'Healthy',
  message: '',
  stepIndex: 2,
  steps: ['weight 10', 'pause'],
  stableHash: 'a',
  currentHash: 'a',
  aborted: false,
  observed: true,
  desired: 1,
  available: 1,
  paused: false,
};
const updating: RolloutView = { ...healthy, tag: '1.1.0', phase: 'Progressing', currentHash: 'b', stepIndex: 0 };

function tell(...states: readonly (readonly [rollout: RolloutView, canaryWeight: number])[]): Chronicle {
  let chronicle = EMPTY_CHRONICLE;
  let weightBefore = 0;
  for (const [rollout, canary] of states) {
    chronicle = continueChronicle(chronicle, { rollout, weights: { stable: 100 - canary, canary }, weightBefore });
    weightBefore = canary;
  }
  return chronicle;
}

test('a version is promoted when it is stable and the Rollout is at rest', () => {
  assert.deepEqual(
    tell([healthy, 0], [updating, 10], [{ ...updating, phase: 'Healthy', stableHash: 'b' }, 0]).promoted,
    ['1.0.0', '1.1.0'],
  );
});

test('is not misled by a status that is about an older spec', () => {
  assert.deepEqual(tell([{ ...healthy, tag: '1.1.0', observed: false }, 0]).promoted, []);
});

test('remembers a brief abort, once', () => {
  const aborted = { ...updating, aborted: true, phase: 'Degraded' };

  assert.deepEqual(tell([updating, 10], [aborted, 10], [aborted, 0], [healthy, 0]).aborted, [
    { tag: '1.1.0', hash: 'b' },
  ]);
});

test('notes a weight that rises after an abort, and only then', () => {
  const aborted = { ...updating, aborted: true, phase: 'Degraded' };

  assert.deepEqual(tell([updating, 10], [updating, 40], [aborted, 40], [aborted, 0]).roseAfterAbort, []);
  assert.deepEqual(tell([aborted, 0], [aborted, 10]).roseAfterAbort, [{ tag: '1.1.0', from: 0, to: 10 }]);
});

test('keeps the highest weight of each new version', () => {
  assert.deepEqual(tell([updating, 10], [updating, 40], [updating, 0]).highestWeights, { '1.1.0': 40 });
});
