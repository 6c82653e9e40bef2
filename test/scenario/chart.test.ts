import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadAll } from 'js-yaml';
import type { Manifest } from '../support/api-client.ts';
import { planeTool } from '../support/plane.ts';
import { clusterSkipReason, openCluster, type Cluster } from '../support/world.ts';

const CHART = join(import.meta.dirname, '..', '..', 'charts', 'headgate');
const HELM = planeTool('helm');

/** Variants of the chart by the values that are set. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  default: [],
  namespaced: ['--set', 'namespaced=true'],
  webhook: ['--set', 'webhook.enabled=true'],
  'without CRDs': ['--set', 'installCRDs=false'],
  'versioned configuration': ['--set', 'versionedConfig.enabled=true'],
  'versioned configuration, namespaced': ['--set', 'namespaced=true', '--set', 'versionedConfig.enabled=true'],
};

for (const name of ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][]) {
  const helmIsHere = spawnSync(HELM, ['version']).status === 0;
  const noHelm = helmIsHere || process.env['HEADGATE_CLUSTER'] === 'required' ? undefined : 'helm is not on PATH';
  const skip = (name === 'cluster' ? clusterSkipReason() : undefined) ?? noHelm;
  describe(`the chart, on the ${name} control plane`, { skip }, () => {
    let cluster: Cluster;

    before(async () => {
      cluster = await openCluster(name);
      for (const namespace of ['headgate', 'team']) {
        await cluster.api.create('/api/v1/namespaces', {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name: namespace },
        });
      }
    });
    after(() => cluster.stop());

    for (const [variant, flags] of Object.entries(VARIANTS)) {
      it(`applies with every object accepted: ${variant}`, async () => {
        const objects = render(flags);

        for (const object of objects) {
          const applied = await cluster.api.apply(pathOf(object), object, 'helm');
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
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function render(flags: readonly string[]): readonly Manifest[] {
  const text = execFileSync(HELM, ['template', 'headgate', CHART, '--namespace', 'headgate', ...flags], {
    encoding: 'utf8',
    maxBuffer: 32 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return (loadAll(text) as readonly (Manifest | null)[]).filter((object) => object !== null);
}

const PLURALS: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  Service: 'services',
  Deployment: 'deployments',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  CustomResourceDefinition: 'customresourcedefinitions',
};

function pathOf({ apiVersion = 'v1', kind = '', metadata }: Manifest): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? namespaceOf(kind) : metadata.namespace;
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${root}${scope}/${PLURALS[kind]}/${metadata.name}`;
}

function namespaceOf(kind: string): string | undefined {
  return kind.startsWith('Cluster') || kind === 'CustomResourceDefinition' ? undefined : 'headgate';
}
