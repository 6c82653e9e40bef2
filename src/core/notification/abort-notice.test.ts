import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout } from '../../api/rollout.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import type { GitSource } from '../../api/git-source.ts';
import { abortIn, revertOf } from './abort-notice.ts';

const aborted = {
  metadata: { name: 'shop', namespace: 'shop', uid: 'u', labels: { 'rollouts-pod-template-hash': 'new' } },
} as unknown as ReplicaSet;

test('an abort that comes before its revision was recorded on the Rollout is the same abort afterwards', () => {
  const replicaSet = revised(aborted, '2') as ReplicaSet;
  const before = abortIn(rollout('1'), { runs: [], replicaSets: [replicaSet] });
  const after = abortIn(rollout('2'), { runs: [], replicaSets: [replicaSet] });

  assert.equal(before?.revision, 2);
  assert.deepEqual(after, before);
});

test('an abort whose ReplicaSet was never made has the key that it keeps', () => {
  const before = abortIn(rollout('1'), { runs: [], replicaSets: [] });
  const after = abortIn(rollout('2'), { runs: [], replicaSets: [revised(aborted, '2') as ReplicaSet] });

  assert.equal(after?.key, before?.key);
});

test('what became of an earlier abort of the same version is no news of this one', () => {
  const abort = abortIn(rollout('1'), { runs: [], replicaSets: [] });
  assert.ok(abort);
  const entry = { key: 'k', state: 'Skipped', rollout: 'shop/shop', podTemplateHash: 'new', message: 'retried' };
  const sourceAt = (time: string): GitSource =>
    ({ spec: { url: 'x', onAbort: 'Push' }, status: { reverts: [{ ...entry, time }] } }) as unknown as GitSource;

  assert.equal(revertOf(abort, sourceAt('2025-12-31T23:59:00Z')).type, 'pending');
  assert.equal(revertOf(abort, sourceAt('2026-01-01T00:00:01Z')).type, 'refused');
});

function rollout(revision: string): Rollout {
  const metadata = { name: 'shop', namespace: 'shop', uid: 'u' };
  const status = { abort: true, abortedAt: '2026-01-01T00:00:00Z', currentPodHash: 'new' };
  return revised({ metadata, spec: {}, status } as unknown as Rollout, revision) as Rollout;
}

function revised(object: Rollout | ReplicaSet, revision: string): Rollout | ReplicaSet {
  return { ...object, metadata: { ...object.metadata, annotations: { 'rollout.argoproj.io/revision': revision } } };
}
