import { KINDS } from '../../api/kinds.ts';
import type { Secret } from '../../api/workloads.ts';
import type { KubeReader } from '../../ports/kube.ts';
import type { SecretRequest } from '../../providers/contract.ts';
import { causeOf } from '../failure.ts';
import { decodeBase64 } from '../secret-value.ts';

export interface SecretPlaces {
  readonly controller: string;
  readonly run: string;
}

export type ProviderSecret =
  /** `data` is absent when there is no such Secret; `hidden` are the values that must not be shown. */
  | { readonly ok: true; readonly data?: Readonly<Record<string, string>>; readonly hidden: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** Reads the Secret that a provider asks for, live. */
export async function readProviderSecret(
  request: SecretRequest,
  reader: KubeReader,
  places: SecretPlaces,
): Promise<ProviderSecret> {
  const ref = { kind: KINDS.secret, namespace: places[request.place], name: request.name };
  try {
    const secret = (await reader.get(ref)) as Secret | undefined;
    if (secret === undefined) return { ok: true, hidden: [] };
    const entries = Object.entries(secret.data ?? {}).map(([key, value]) => [key, decodeBase64(value).trim()] as const);
    const hidden = entries.filter(([key, value]) => value !== '' && !request.openKeys.includes(key));
    return { ok: true, data: Object.fromEntries(entries), hidden: hidden.map(([, value]) => value) };
  } catch (error) {
    return { ok: false, message: `reading secret "${request.name}" in ${ref.namespace}: ${causeOf(error)}` };
  }
}
