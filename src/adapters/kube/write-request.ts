import { apiVersionOf } from '../../api/kube-object.ts';
import type { ObjectRef } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { WriteOptions } from '../../ports/kube.ts';
import type { KubeCall } from './client.ts';
import { FIELD_MANAGER } from './connection.ts';

const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
} as const;
/** JSON is YAML, so the body of an apply stays JSON. */
const APPLY_TYPE = 'application/apply-patch+yaml';

/** The call that carries out a write. */
export function callOfWrite(write: KubeWrite, options: WriteOptions = {}): KubeCall {
  const fieldManager = options.fieldManager ?? FIELD_MANAGER;
  const dryRun = options.dryRun === true ? 'All' : undefined;
  const { impersonate } = options;
  switch (write.verb) {
    case 'create': {
      const { kind, object } = write;
      const namespace = kind.namespaced ? object.metadata.namespace : undefined;
      return { verb: 'create', kind, namespace, body: object, impersonate, query: { fieldManager, dryRun } };
    }
    case 'apply':
      return {
        verb: 'patch',
        ...addressOf(write.ref),
        contentType: APPLY_TYPE,
        body: applied(write),
        impersonate,
        query: { fieldManager, force: write.force ? 'true' : undefined, dryRun },
      };
    case 'patch':
      return {
        verb: 'patch',
        ...addressOf(write.ref),
        subresource: write.subresource,
        contentType: PATCH_TYPES[write.patchType],
        body: write.body,
        impersonate,
        query: { fieldManager, dryRun },
      };
    case 'delete':
      return { verb: 'delete', ...addressOf(write.ref), impersonate, body: deletion(write), query: { dryRun } };
    case 'evict':
      return {
        verb: 'create',
        ...addressOf(write.ref),
        subresource: 'eviction',
        impersonate,
        body: eviction(write),
        query: { dryRun },
      };
  }
}

function addressOf(ref: ObjectRef): Pick<KubeCall, 'kind' | 'namespace' | 'name'> {
  return { kind: ref.kind, namespace: ref.kind.namespaced ? ref.namespace : undefined, name: ref.name };
}

/** An apply names its kind, and may not carry managedFields (a cached object would). */
function applied(write: Extract<KubeWrite, { verb: 'apply' }>): unknown {
  const { managedFields: _dropped, ...metadata } = write.object.metadata;
  return { ...write.object, apiVersion: apiVersionOf(write.ref.kind), kind: write.ref.kind.kind, metadata };
}

function deletion(write: Extract<KubeWrite, { verb: 'delete' }>): unknown {
  const { uid, resourceVersion, propagationPolicy } = write;
  const guarded = uid !== undefined || resourceVersion !== undefined;
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy,
    preconditions: guarded ? { uid, resourceVersion } : undefined,
  };
}

function eviction(write: Extract<KubeWrite, { verb: 'evict' }>): unknown {
  return {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name: write.ref.name, namespace: write.ref.namespace },
    deleteOptions:
      write.uid === undefined
        ? undefined
        : { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: write.uid } },
  };
}
