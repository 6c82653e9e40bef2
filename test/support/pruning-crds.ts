import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import type { ApiClient } from './api-client.ts';
import { until } from './world.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ROLLOUTS = 'rollouts.argoproj.io';
/** What the CRD of Rollouts of Argo Rollouts v1.10 does not have, and its API server therefore drops. */
const ADDITIVE = ['headgate', 'duration'] as const;

/** Replaces our CRD of Rollouts by one that knows no more than that of the other controller, and waits until it prunes. */
export async function installPruningCrds(api: ApiClient): Promise<void> {
  await api.apply(`${CRDS}/${ROLLOUTS}`, withoutAdditiveStatus());
  const probes = '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts';
  const probe = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'probe' }, spec: {} };
  await api.apply(`${probes}/probe`, probe);
  await until('the additive status to be pruned', async () => {
    const { status } = await api.patch(`${probes}/probe/status`, { status: { headgate: { step: 'probe' } } });
    return status?.headgate === undefined;
  });
  await api.delete(`${probes}/probe`);
}

/** Back to our own. */
export async function installOwnCrds(api: ApiClient): Promise<void> {
  await api.apply(`${CRDS}/${ROLLOUTS}`, definition());
}

function definition(): unknown {
  return customResourceDefinitions().find(({ metadata }) => metadata.name === ROLLOUTS);
}

function withoutAdditiveStatus(): unknown {
  const reduced = structuredClone(definition()) as { spec: { versions: readonly Version[] } };
  for (const field of ADDITIVE)
    delete reduced.spec.versions[0]?.schema.openAPIV3Schema.properties.status.properties[field];
  return reduced;
}

interface Version {
  readonly schema: {
    readonly openAPIV3Schema: {
      readonly properties: { readonly status: { readonly properties: Record<string, unknown> } };
    };
  };
}
