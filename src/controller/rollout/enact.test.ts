import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { KubeErrorReason, KubeWriter } from '../../ports/kube.ts';
import { carryOutWrites } from './enact.ts';

const ref = { kind: KINDS.replicaSet, namespace: 'web', name: 'shop-1' };
const write: KubeWrite = { verb: 'patch', ref, patchType: 'merge', body: { spec: { replicas: 2 } } };

test('a write whose answer was lost counts as one that the caches do not show yet', async () => {
  assert.deepEqual(await toldOf('unavailable'), ['shop-1']);
});

test('a write that was refused changed nothing that would have to be waited for', async () => {
  assert.deepEqual(await toldOf('conflict'), []);
});

test('an eviction that is refused is told, and one of a pod that is gone is done', async () => {
  for (const [status, reason, isRefused] of [
    [429, 'too-many-requests', true],
    [500, 'unavailable', true],
    [404, 'not-found', false],
  ] as const) {
    const pods = ['a', 'b'].map((name): KubeWrite => {
      return { verb: 'evict', ref: { kind: KINDS.pod, namespace: 'web', name }, uid: name };
    });
    const refused: string[] = [];
    const failing = failingWith(reason, status);

    await carryOutWrites(
      failing,
      pods,
      () => undefined,
      (uid) => refused.push(uid),
    );

    assert.deepEqual(refused, isRefused ? ['a', 'b'] : [], String(status));
  }
});

async function toldOf(reason: KubeErrorReason): Promise<readonly string[]> {
  const told: string[] = [];
  await assert.rejects(carryOutWrites(failingWith(reason), [write], ({ name }) => told.push(name)));
  return told;
}

function failingWith(reason: KubeErrorReason, status = 0): KubeWriter {
  return {
    write: () => Promise.reject(Object.assign(new Error(reason), { name: 'KubeError', reason, status })),
    fresh: () => false,
    whenFresh: () => undefined,
  };
}
