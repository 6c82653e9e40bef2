import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../../api/kinds.ts';
import {
  PERMISSIONS,
  createCallGuard,
  generateClusterRole,
  generateNamespacedRole,
  generateOwnRole,
  policyRules,
  unusedRights,
} from './permissions.ts';

const everyRule = [...policyRules('watched'), ...policyRules('lease'), ...policyRules('own')];

test('no rule has a wildcard', () => {
  for (const rule of everyRule)
    assert.ok(![...rule.apiGroups, ...rule.resources, ...rule.verbs].some((word) => word.includes('*')));
});

test('Secrets are read one by one, never listed, watched or written', () => {
  const verbs = everyRule.filter((rule) => rule.resources.includes('secrets')).flatMap((rule) => rule.verbs);

  assert.deepEqual(verbs, ['get']);
});

test('what versions of ConfigMaps and Secrets need is granted apart, and changes none', () => {
  const rules = policyRules('watched', { feature: 'versionedConfig' });

  assert.deepEqual(
    rules.flatMap(({ resources }) => resources),
    ['configmaps', 'secrets'],
  );
  for (const { verbs } of rules) assert.ok(!verbs.includes('patch') && !verbs.includes('update'));
});

test('nothing lets its holder raise its own rights', () => {
  for (const { kind, verbs } of PERMISSIONS) {
    assert.notEqual(kind.group, 'rbac.authorization.k8s.io');
    assert.ok(
      kind.kind === 'ServiceAccount' || !verbs.includes('impersonate'),
      'only service accounts are impersonated',
    );
  }
});

test('each right stands in one line, with its reason', () => {
  const rights = PERMISSIONS.flatMap(({ kind, subresource, verbs }) =>
    verbs.map((verb) => `${verb} ${kind.group}/${kind.plural}/${subresource ?? ''}`),
  );

  assert.equal(new Set(rights).size, rights.length);
  for (const { why } of PERMISSIONS) assert.ok(why.length > 10);
});

test('leases are kept in the own namespace, and the namespaced variant asks for nothing of the cluster', () => {
  const text = JSON.stringify(generateClusterRole());
  assert.doesNotMatch(text, /leases/);
  assert.match(JSON.stringify(generateOwnRole({ name: 'headgate', namespace: 'own' })), /leases/);
  assert.doesNotMatch(JSON.stringify(generateNamespacedRole({ name: 'headgate', namespace: 'team' })), /cluster/);
});

test('a guard lets through what the table allows, stops what it does not, and knows what was used', () => {
  const guard = createCallGuard();

  guard.check({
    verb: 'patch',
    kind: KINDS.replicaSet,
    namespace: 'ns',
    name: 'a',
    contentType: 'application/apply-patch+yaml',
  });
  guard.check({ verb: 'patch', kind: KINDS.namespace, name: 'x', impersonate: 'system:serviceaccount:ns:deployer' });
  assert.throws(() => guard.check({ verb: 'patch', kind: KINDS.secret }), /allows: patch \/secrets/);
  assert.throws(
    () => guard.check({ verb: 'patch', kind: KINDS.rollout, subresource: 'scale' }),
    /allows: patch argoproj.io\/rollouts\/scale/,
  );

  assert.deepEqual(
    [...guard.used()],
    ['patch apps/replicasets', 'create apps/replicasets', 'impersonate /serviceaccounts'],
  );
  assert.ok(unusedRights(guard.used()).includes('list argoproj.io/rollouts'));
  assert.ok(!unusedRights(guard.used()).includes('patch apps/replicasets'));
});
