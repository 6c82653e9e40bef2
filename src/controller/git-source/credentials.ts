import type { KubeObject } from '../../api/kube-object.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import type { GitCredentials } from '../../ports/git.ts';

/** Keys of a credentials Secret, as Git tools on Kubernetes commonly name them. */
const KEYS: Readonly<Record<keyof GitCredentials, readonly string[]>> = {
  username: ['username'],
  password: ['password'],
  bearerToken: ['bearerToken'],
  identity: ['identity', 'ssh-privatekey'],
  knownHosts: ['known_hosts'],
  certificateAuthority: ['ca.crt', 'caFile'],
};

/** Reads a credentials Secret; keys that are not there are left out. */
export function credentialsOf(secret: KubeObject): GitCredentials {
  const found: Partial<Record<keyof GitCredentials, string>> = {};
  for (const [field, names] of Object.entries(KEYS) as [keyof GitCredentials, readonly string[]][]) {
    for (const name of names) {
      const value = secretText(secret, name);
      if (value !== undefined) found[field] ??= value;
    }
  }
  return found;
}

/** One entry of a Secret as text; undefined when it is not there. */
export function secretText(secret: KubeObject, key: string): string | undefined {
  const data = secret['data'];
  const value = isPlainObject(data) ? data[key] : undefined;
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}
