import { apiVersionOf } from '../../api/kube-object.ts';
import type { KubeObject, ObjectRef } from '../../api/kube-object.ts';
import type { KubeReader } from '../../ports/kube.ts';
import type { LiveRead } from './barrier.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './kube-error.ts';
import { parseList } from './list-watch.ts';

const PAGE_SIZE = 500;

/** Live reads, past the caches. */
export function createReader(client: KubeClient): KubeReader {
  return {
    async get(ref, options = {}) {
      try {
        return (await client.request({
          verb: 'get',
          kind: ref.kind,
          namespace: ref.namespace,
          name: ref.name,
          impersonate: options.impersonate,
        })) as KubeObject;
      } catch (error) {
        if (isKubeError(error) && error.reason === 'not-found') return undefined;
        throw error;
      }
    },
    async list(kind, query = {}) {
      const objects: KubeObject[] = [];
      let next: string | undefined;
      do {
        const page = parseList(
          await client.request({
            verb: 'list',
            kind,
            namespace: query.namespace,
            query: { labelSelector: query.labelSelector, limit: String(PAGE_SIZE), continue: next },
          }),
        );
        for (const item of page.items) objects.push({ ...item, apiVersion: apiVersionOf(kind), kind: kind.kind });
        next = page.next;
      } while (next !== undefined);
      return objects;
    },
  };
}

/** One object with the version that it was read at, also when it does not exist: a list of one, which needs no more rights than the watch. */
export async function readLive(client: KubeClient, ref: ObjectRef): Promise<LiveRead> {
  const { kind, namespace, name } = ref;
  const page = parseList(
    await client.request({ verb: 'list', kind, namespace, query: { fieldSelector: `metadata.name=${name}` } }),
  );
  const found = page.items.find((item) => item.metadata.name === name);
  return {
    object: found === undefined ? undefined : { ...found, apiVersion: apiVersionOf(kind), kind: kind.kind },
    version: page.version,
  };
}
