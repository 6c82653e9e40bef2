import assert from 'node:assert/strict';
import { it } from 'node:test';
import { deploymentResource } from '../builtin/deployments.ts';
import { secretSchema } from '../builtin/schemas/core.ts';
import { typeProblem, withoutNulls } from './typed.ts';

const cases = [
  {
    spec: { replicas: 'x' },
    says: 'json: cannot unmarshal string into Go struct field Deployment.spec.replicas of type int32',
  },
  {
    spec: { replicas: 1.5 },
    says: 'json: cannot unmarshal number 1.5 into Go struct field Deployment.spec.replicas of type int32',
  },
  {
    spec: { paused: 'no' },
    says: 'json: cannot unmarshal string into Go struct field Deployment.spec.paused of type bool',
  },
  { spec: { strategy: { rollingUpdate: { maxSurge: '25%' } } }, says: undefined },
  {
    spec: { template: { spec: { containers: {} } } },
    says: 'json: cannot unmarshal object into Go struct field Deployment.spec.template.spec.containers of type []struct',
  },
  { spec: { replicas: null }, says: undefined },
];
for (const { spec, says } of cases) {
  it(`${JSON.stringify(spec)} is ${says === undefined ? 'accepted' : 'refused as Go refuses it'}`, () => {
    assert.equal(typeProblem({ spec }, deploymentResource.schema, 'Deployment'), says);
  });
}

it('refuses what is no quantity and what is no base64', () => {
  const resources = { limits: { cpu: 'many' } };
  const spec = { template: { spec: { containers: [{ name: 'c', resources }] } } };

  assert.match(typeProblem({ spec }, deploymentResource.schema, 'Deployment') ?? '', /^quantities must match/);
  assert.match(
    typeProblem({ data: { a: '***' } }, secretSchema, 'Secret') ?? '',
    /illegal base64 data at input byte 0/,
  );
  assert.equal(typeProblem({ data: { a: 'Yg==' } }, secretSchema, 'Secret'), undefined);
});

it('drops nulls of objects and keeps those of lists', () => {
  assert.deepEqual(withoutNulls({ a: null, b: { c: null, d: 1 }, e: [null, { f: null }] }), {
    b: { d: 1 },
    e: [null, {}],
  });
});
