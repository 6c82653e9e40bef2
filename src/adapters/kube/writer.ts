import { isPlainObject } from '../../lib/merge-patch.ts';
import type { KubeObject, ObjectRef } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { KubeWriter, WriteOptions } from '../../ports/kube.ts';
import type { Barrier } from './barrier.ts';
import type { WatchedCaches } from './caches.ts';
import type { KubeClient } from './client.ts';
import { isKubeError, KubeApiError } from './kube-error.ts';
import { callOfWrite } from './write-request.ts';

/** Carries out writes, puts each answer into the caches at once, and tells the barrier what the caches must still show. */
export function createWriter(options: {
  readonly client: KubeClient;
  readonly caches: WatchedCaches;
  readonly barrier: Barrier;
}): KubeWriter {
  const { client, caches, barrier } = options;

  async function write(asked: KubeWrite, writeOptions: WriteOptions = {}): Promise<KubeObject | undefined> {
    try {
      const answer = await client.request(callOfWrite(asked, writeOptions));
      const object = objectOf(answer);
      if (writeOptions.dryRun !== true) remember(asked, object);
      return object;
    } catch (error) {
      if (asked.verb === 'delete' && isKubeError(error) && error.reason === 'not-found') {
        remember(asked, undefined);
        return undefined;
      }
      if (writeOptions.dryRun !== true && isKubeError(error) && error.reason === 'unavailable') doubt(asked);
      throw meetsAnotherObject(asked, error) ? asConflict(error) : error;
    }
  }

  function remember(asked: KubeWrite, object: KubeObject | undefined): void {
    const ref = refOf(asked, object);
    if (ref === undefined) return;
    const version = object?.metadata.resourceVersion;
    // A scale is not the object itself, though it carries the object's version.
    const whole =
      object !== undefined && !(asked.verb === 'patch' && asked.subresource === 'scale') && asked.verb !== 'evict';
    if (whole) for (const cache of caches.holding(ref)) cache.absorb(object);
    if (asked.verb === 'delete' || asked.verb === 'evict')
      barrier.expect(ref, { type: 'gone', uid: asked.uid ?? object?.metadata.uid });
    else if (version !== undefined) barrier.expect(ref, { type: 'version', version });
  }

  function doubt(asked: KubeWrite): void {
    const ref = refOf(asked, undefined);
    if (ref !== undefined) barrier.expect(ref, { type: 'unknown' });
  }

  return { write, fresh: (ref) => barrier.fresh(ref), whenFresh: (refs, run) => barrier.whenFresh(refs, run) };
}

/** What an API server says, with 422, when the operations of a JSON patch do not fit: above all when a `test` failed. */
const PATCH_DOES_NOT_FIT = 'the server rejected our request due to an error in our request';

/** The object changed since it was read; what an invalid outcome gets has the same status, but names the object. */
function meetsAnotherObject(asked: KubeWrite, error: unknown): error is KubeApiError {
  if (asked.verb !== 'patch' || asked.patchType !== 'json' || !isKubeError(error)) return false;
  return error.status === 422 && error.message === PATCH_DOES_NOT_FIT;
}

function asConflict(error: KubeApiError): KubeApiError {
  const { message, status, causes } = error;
  return new KubeApiError(message, { reason: 'conflict', status, causes, cause: error });
}

function refOf(asked: KubeWrite, object: KubeObject | undefined): ObjectRef | undefined {
  if (asked.verb !== 'create') return asked.ref;
  const { name } = object?.metadata ?? asked.object.metadata;
  return name === undefined || name === ''
    ? undefined
    : { kind: asked.kind, namespace: asked.object.metadata.namespace ?? '', name };
}

/** The object of an answer; a Status (deleted, evicted) is none. */
function objectOf(answer: unknown): KubeObject | undefined {
  if (!isPlainObject(answer) || answer['kind'] === 'Status' || !isPlainObject(answer['metadata'])) return undefined;
  return answer as unknown as KubeObject;
}
