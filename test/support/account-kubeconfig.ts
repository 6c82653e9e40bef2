import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import type { ApiClient } from './api-client.ts';

/** Who a process is to the API server. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export interface AccountKubeconfigInput {
  readonly api: ApiClient;
  /** That of an administrator, for where the server is. */
  readonly kubeconfig: string;
  /** Where the new one is written. */
  readonly directory: string;
}

/** Writes a kubeconfig with a token of the ServiceAccount; answers its path. Only a real API server knows tokens. */
export async function accountKubeconfig(
  { namespace, name }: Account,
  { api, kubeconfig, directory }: AccountKubeconfigInput,
): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = await api.create<{ readonly status: { readonly token: string } }>(path, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3_600 },
  });
  const config = load(readFileSync(kubeconfig, 'utf8')) as { users: { user: object }[] };
  for (const entry of config.users) entry.user = { token: answer.status.token };
  const file = join(directory, `${namespace}-${name}.yaml`);
  writeFileSync(file, dump(config), { mode: 0o600 });
  return file;
}
