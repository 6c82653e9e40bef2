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

async function toldOf(reason: KubeErrorReason): Promise<readonly string[]> {
  const failing: KubeWriter = {
    write: () => Promise.reject(Object.assign(new Error(reason), { name: 'KubeError', reason })),
    fresh: () => false,
    whenFresh: () => undefined,
  };
  const told: string[] = [];
  await assert.rejects(carryOutWrites(failing, [write], ({ name }) => told.push(name)));
  return told;
}
