import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

const SERVICE_ACCOUNT_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Tells this process from every other one, also from an earlier one of the same pod. */
export function processIdentity(): string {
  return `${hostname()}_${randomBytes(6).toString('hex')}`;
}

/** The namespace that the controller runs in: of its pod, else of the kubeconfig's context. */
export function ownNamespace(ofContext: string): string {
  const given = process.env['HEADGATE_POD_NAMESPACE'];
  if (given !== undefined && given !== '') return given;
  try {
    return readFileSync(SERVICE_ACCOUNT_NAMESPACE, 'utf8').trim();
  } catch {
    return ofContext;
  }
}
