import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeWrite } from '../../api/kube-write.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KubeError } from '../../ports/kube.ts';
import { WriteRefused } from './enact.ts';
import { failureNotice, Failures } from './failures.ts';

const NAME = { field: 'spec.template.spec.containers[0].name', message: 'Invalid value: "A": a lowercase label' };
const FAULT = `The Rollout "shop" is invalid: ${NAME.field}: ${NAME.message}`;

describe('a ReplicaSet that Kubernetes refuses', () => {
  it('for its pod template tells of an invalid spec', () => {
    const error = refused([{ field: 'metadata.labels', message: 'Invalid value: "c d"' }, NAME]);
    const failures = new Failures();

    failures.add('web/shop', error);

    assert.equal(failures.lasting('web/shop', 0)?.templateFault, FAULT);
    assert.deepEqual(failureNotice('web/shop', error), { type: 'Warning', reason: 'InvalidSpec', message: FAULT });
  });

  it('for anything else could not be created', () => {
    const error = refused([]);
    const failures = new Failures();

    failures.add('web/shop', error);

    assert.deepEqual(failures.lasting('web/shop', 0), { message: 'no', replicaSet: 'shop-1', nowMs: 0 });
    assert.equal(failureNotice('web/shop', error).reason, 'ReplicaSetCreateError');
  });
});

function refused(causes: KubeError['causes']): WriteRefused {
  const write: KubeWrite = {
    verb: 'create',
    kind: KINDS.replicaSet,
    object: { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'shop-1', namespace: 'web' } },
  };
  const facts = { name: 'KubeError', reason: 'invalid', status: 422, causes } as const;
  return new WriteRefused(write, Object.assign(new Error('no'), facts));
}
