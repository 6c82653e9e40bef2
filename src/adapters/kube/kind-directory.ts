import type { ResourceKind } from '../../api/kube-object.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import type { KindDirectory } from '../../ports/kube.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './kube-error.ts';

/** A kind that was missing may come with the next CRD, so what is unknown is asked for again after this long. */
const RECHECK_MS = 2_000;

/** The kinds that the API server serves, by its discovery documents; each group version is read once. */
export function createKindDirectory(client: KubeClient, clock: Clock): KindDirectory {
  const versions = new Map<string, { readonly kinds: readonly ResourceKind[]; readonly readAtMs: number }>();

  return {
    async find(apiVersion, kind, options = {}) {
      const known = versions.get(apiVersion);
      const found = known?.kinds.find((candidate) => candidate.kind === kind);
      if (found !== undefined) return found;
      if (known !== undefined && clock.nowMs() - known.readAtMs < RECHECK_MS) return undefined;
      const kinds = await readKinds(client, apiVersion, options.impersonate);
      versions.set(apiVersion, { kinds, readAtMs: clock.nowMs() });
      return kinds.find((candidate) => candidate.kind === kind);
    },
  };
}

async function readKinds(
  client: KubeClient,
  apiVersion: string,
  impersonate: string | undefined,
): Promise<readonly ResourceKind[]> {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  // The discovery document stands where the collection of an unnamed kind would.
  const document: ResourceKind = { group, version, kind: 'APIResourceList', plural: '', namespaced: false };
  try {
    return parse(await client.request({ verb: 'get', kind: document, impersonate }), group, version);
  } catch (error) {
    if (isKubeError(error) && error.reason === 'not-found') return [];
    throw error;
  }
}

function parse(answer: unknown, group: string, version: string): readonly ResourceKind[] {
  if (!isPlainObject(answer) || !Array.isArray(answer['resources'])) return [];
  return answer['resources'].flatMap((resource: unknown) => {
    if (!isPlainObject(resource)) return [];
    const { kind, name, namespaced } = resource;
    if (typeof kind !== 'string' || typeof name !== 'string' || name.includes('/')) return [];
    return [{ group, version, kind, plural: name, namespaced: namespaced === true }];
  });
}
