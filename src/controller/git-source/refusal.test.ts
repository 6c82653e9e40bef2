import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeError } from '../../ports/kube.ts';
import { refusalText } from './refusal.ts';

const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'pin' } };
const TYPED = 'failed to create typed patch object (shop/pin; /v1, Kind=Secret): ';

function refused(message: string, reason: KubeError['reason'] = 'invalid'): KubeError {
  return Object.assign(new Error(message), { name: 'KubeError', reason, status: 400, causes: [] } as const);
}

test('what stands in a Secret is in no message about it', () => {
  for (const [message, told] of [
    [
      `${TYPED}.data.pin: expected string, got &value.valueUnstructured{Value:424242}`,
      `${TYPED}.data.pin: expected string`,
    ],
    [
      `${TYPED}errors:\n  .data.a: expected string, got &{1}\n  .immutable: expected boolean, got &{s3cr3t}`,
      `${TYPED}errors:\n  .data.a: expected string\n  .immutable: expected boolean`,
    ],
    ['Secret "pin" is invalid: data[a b]: Invalid value', 'Secret "pin" is invalid: data[a b]: Invalid value'],
  ] as const) {
    assert.equal(refusalText(SECRET, refused(message), 'deployer'), told);
  }
});

test('of other objects the message is the whole one, and a missing right is named', () => {
  const message = '.spec.replicas: expected numeric (int or float), got &{x}';

  assert.equal(refusalText({ ...SECRET, kind: 'Rollout' }, refused(message), 'deployer'), message);
  assert.match(refusalText(SECRET, refused('no', 'forbidden'), 'deployer'), /^no \(.*ServiceAccount deployer: grant/);
});
