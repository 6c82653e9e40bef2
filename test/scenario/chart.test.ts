import assert from 'node:assert/strict';
import { before, it } from 'node:test';
import type { Manifest } from '../support/api-client.ts';
import { noHelmReason, pathOfChartObject, renderChart } from '../support/chart.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane } from '../support/stories.ts';
import { openCluster } from '../support/world.ts';

/** Variants of the chart by the values that are set. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  default: [],
  namespaced: ['--set', 'namespaced=true'],
  webhook: ['--set', 'webhook.enabled=true'],
  'without CRDs': ['--set', 'installCRDs=false'],
  'replicas that share, with the Lease of another namespace': [
    '--set',
    'sharding=true',
    '--set',
    'leaderElection.namespace=team',
    '--set',
    'leaderElection.leaseName=the-lock',
  ],
  'versioned configuration': ['--set', 'versionedConfig.enabled=true'],
  'versioned configuration, namespaced': ['--set', 'namespaced=true', '--set', 'versionedConfig.enabled=true'],
};

onEachControlPlane('the chart', { skip: noHelmReason() }, (name) => {
  const cluster = opened(
    () => openCluster(name),
    (open) => open.stop(),
  );
  before(async () => {
    for (const namespace of ['headgate', 'team']) {
      await cluster.api.create('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace },
      });
    }
  });

  for (const [variant, flags] of Object.entries(VARIANTS)) {
    it(`applies with every object accepted: ${variant}`, async () => {
      const objects = render(flags);

      for (const object of objects) {
        const applied = await cluster.api.apply(pathOfChartObject(object), object, 'helm');
        assert.equal(applied.metadata.name, object.metadata.name);
      }

      assert.ok(objects.some(({ kind }) => kind === 'Deployment'));
    });
  }

  it('asks for no permission on the cluster when it looks after one namespace', () => {
    const kinds = render(VARIANTS['namespaced'] ?? []).map(({ kind }) => kind);

    assert.ok(kinds.includes('Role'));
    assert.deepEqual(
      kinds.filter((kind) => kind?.startsWith('Cluster')),
      [],
    );
  });

  it('may not list Secrets, and has no wildcards', () => {
    const roles = render([]).filter(
      ({ kind, metadata }) => kind?.endsWith('Role') === true && !metadata.name.includes('aggregate'),
    );
    const rules = roles.flatMap((role) => role['rules'] as readonly Rule[]);

    assert.ok(rules.length > 10);
    for (const rule of rules) {
      assert.ok(![...rule.apiGroups, ...rule.resources, ...rule.verbs].includes('*'), JSON.stringify(rule));
      if (rule.resources.includes('secrets')) assert.deepEqual(rule.verbs, ['get']);
    }
  });

  it('may hold its Lease in another namespace, and see no other Lease there', () => {
    const objects = render(VARIANTS['replicas that share, with the Lease of another namespace'] ?? []);
    const there = objects.filter(({ metadata }) => metadata.namespace === 'team');
    const args = objects.find(({ kind }) => kind === 'Deployment')?.['spec'].template.spec.containers[0].args;

    assert.deepEqual(there.map(({ kind = '' }) => kind).sort(), ['Role', 'RoleBinding']);
    assert.deepEqual(there.find(({ kind }) => kind === 'Role')?.['rules'], [
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'patch'] },
    ]);
    for (const arg of ['--sharding', '--leader-election-namespace=team', '--leader-election-lease-name=the-lock'])
      assert.ok(args.includes(arg), arg);
  });

  it('runs its container without any privilege', () => {
    const deployment = render([]).find(({ kind }) => kind === 'Deployment');
    const pod = deployment?.['spec'].template.spec;

    assert.equal(pod.securityContext.runAsNonRoot, true);
    assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
    assert.deepEqual(pod.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('listens for webhooks on a port of its own', () => {
    const services = render(VARIANTS['webhook'] ?? []).filter(({ kind }) => kind === 'Service');

    assert.deepEqual(services.map(({ metadata }) => metadata.name).sort(), ['headgate-metrics', 'headgate-webhook']);
  });
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function render(flags: readonly string[]): readonly Manifest[] {
  return renderChart({ namespace: 'headgate', flags });
}
