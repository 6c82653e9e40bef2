import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

const SERVICE_ACCOUNT_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Longer names of machines are cut: the whole has to be the name of a Lease. */
const HOST_LENGTH_MAX = 200;

/** Tells this process from every other one, also from an earlier one of the same pod. It can be the name of an object. */
export function processIdentity(): string {
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, HOST_LENGTH_MAX);
  return `${host === '' ? 'headgate' : host}-${randomBytes(6).toString('hex')}`;
}

/** The namespace that the controller runs in: of its pod, else of the kubeconfig's context. */
export function ownNamespace(ofContext: string): string {
  return podNamespace() ?? ofContext;
}

/**
 * Where Leases lie: the namespace that the controller runs in. Outside of a cluster it is always the same one, which every
 * cluster has: by that of the context, two controllers whose contexts differ would both act.
 */
export function leaseNamespace(): string {
  return podNamespace() ?? 'default';
}

/** Whether this process runs in a pod, as far as it can tell. */
export function runsInCluster(): boolean {
  return podNamespace() !== undefined;
}

function podNamespace(): string | undefined {
  const given = process.env['HEADGATE_POD_NAMESPACE'];
  if (given !== undefined && given !== '') return given;
  try {
    return readFileSync(SERVICE_ACCOUNT_NAMESPACE, 'utf8').trim();
  } catch {
    return undefined;
  }
}
