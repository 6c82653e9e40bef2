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
  const additive = { headgate: { step: 'probe' } };
  await untilStatus(api, 'the additive status to be pruned', additive, (kept) => kept?.['headgate'] === undefined);
}

/** A new definition takes a moment to be obeyed: writes a status until it is kept as wanted. */
async function untilStatus(
  api: ApiClient,
  what: string,
  status: object,
  isRight: (kept: Readonly<Record<string, unknown>> | undefined) => boolean,
): Promise<void> {
  const probes = '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts';
  const probe = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'probe' }, spec: {} };
  await api.apply(`${probes}/probe`, probe);
  await until(what, async () => isRight((await api.patch(`${probes}/probe/status`, { status }))['status']));
  await api.delete(`${probes}/probe`);
}

/** Back to our own. */
export async function installOwnCrds(api: ApiClient): Promise<void> {
  await api.apply(`${CRDS}/${ROLLOUTS}`, definition());
}

/** As a later version of Headgate might bring them: they keep a field `later` wherever status has fields of its own. */
export async function installLaterCrds(api: ApiClient): Promise<void> {
  const extended = structuredClone(definition()) as Definition;
  const status = extended.spec.versions[0]?.schema.openAPIV3Schema.properties.status.properties ?? {};
  for (const part of ['canary', 'blueGreen', 'headgate']) {
    const { properties = {} } = status[part] as { properties?: Record<string, unknown> };
    properties['later'] = { type: 'string' };
  }
  status['later'] = { type: 'string' };
  await api.apply(`${CRDS}/${ROLLOUTS}`, extended);
  await untilStatus(api, 'a later status to be kept', { later: 'probe' }, (kept) => kept?.['later'] === 'probe');
}

function definition(): unknown {
  return customResourceDefinitions().find(({ metadata }) => metadata.name === ROLLOUTS);
}

function withoutAdditiveStatus(): unknown {
  const reduced = structuredClone(definition()) as Definition;
  for (const field of ADDITIVE)
    delete reduced.spec.versions[0]?.schema.openAPIV3Schema.properties.status.properties[field];
  return reduced;
}

interface Definition {
  readonly spec: { readonly versions: readonly Version[] };
}

interface Version {
  readonly schema: {
    readonly openAPIV3Schema: {
      readonly properties: { readonly status: { readonly properties: Record<string, unknown> } };
    };
  };
}
