import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeWrite } from '../../api/kube-write.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KubeError } from '../../ports/kube.ts';
import { WriteRefused } from './enact.ts';
import { Failures } from './failures.ts';

const NAME = { field: 'spec.template.spec.containers[0].name', message: 'Invalid value: "A": a lowercase label' };
const FAULT = `The Rollout "shop" is invalid: ${NAME.field}: ${NAME.message}`;

describe('a ReplicaSet that Kubernetes refuses', () => {
  it('for its pod template tells of an invalid spec', () => {
    const error = refused([{ field: 'metadata.labels', message: 'Invalid value: "c d"' }, NAME]);
    const failures = new Failures();

    failures.add('web/shop', error, AT_ONCE);

    assert.equal(failures.lasting('web/shop', 0)?.templateFault, FAULT);
    assert.deepEqual(failures.news('web/shop', error, 0), { type: 'Warning', reason: 'InvalidSpec', message: FAULT });
  });

  it('for anything else could not be created', () => {
    const error = refused([]);
    const failures = new Failures();

    failures.add('web/shop', error, AT_ONCE);

    assert.deepEqual(failures.lasting('web/shop', 0), { message: 'no', replicaSet: 'shop-1', nowMs: 0 });
    assert.equal(failures.news('web/shop', error, 0)?.reason, 'ReplicaSetCreateError');
  });
});

describe('a failure that should pass by itself', () => {
  const busy = Object.assign(new Error('the webhook did not answer'), { name: 'KubeError', reason: 'unavailable' });

  it('is shown and told once an effect has failed for half a minute', () => {
    const failures = new Failures();
    const told: number[] = [];

    for (let nowMs = 0; nowMs <= 700_000; nowMs += 10_000) {
      assert.equal(failures.lasting('web/shop', nowMs) !== undefined, nowMs > 30_000, String(nowMs));
      failures.add('web/shop', busy, { nowMs, isOfEffect: true });
      if (failures.news('web/shop', busy, nowMs) !== undefined) told.push(nowMs);
    }

    assert.deepEqual(told, [30_000, 630_000]);
    assert.equal(failures.end('web/shop'), true);
    assert.equal(failures.lasting('web/shop', 700_000), undefined);
  });

  it('is no state while not even the status can be written, nor right after', () => {
    const failures = new Failures();
    failures.add('web/shop', busy, { nowMs: 0, isOfEffect: true });

    for (let nowMs = 1_000; nowMs <= 100_000; nowMs += 9_000)
      failures.add('web/shop', busy, { nowMs, isOfEffect: false });
    failures.add('web/shop', busy, { nowMs: 100_000, isOfEffect: true });

    assert.equal(failures.lasting('web/shop', 110_000), undefined);
    assert.equal(failures.end('web/shop'), false);
  });

  it('leaves one that does not as it is', () => {
    const failures = new Failures();
    failures.add('web/shop', refused([]), AT_ONCE);

    for (const isOfEffect of [true, false]) failures.add('web/shop', busy, { nowMs: 1_000, isOfEffect });

    assert.equal(failures.lasting('web/shop', 2_000)?.message, 'no');
  });
});

const AT_ONCE = { nowMs: 0, isOfEffect: true };

function refused(causes: KubeError['causes']): WriteRefused {
  const write: KubeWrite = {
    verb: 'create',
    kind: KINDS.replicaSet,
    object: { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'shop-1', namespace: 'web' } },
  };
  const facts = { name: 'KubeError', reason: 'invalid', status: 422, causes } as const;
  return new WriteRefused(write, Object.assign(new Error('no'), facts));
}
