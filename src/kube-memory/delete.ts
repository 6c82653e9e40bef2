import type { KubeObject } from '../api/kube-object.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { isObject, numberAt, stringAt } from './json-value.ts';
import { inVersion } from './object-json.ts';
import type { DeleteOptions } from './resource.ts';
import type { ServerState } from './server-state.ts';
import { conflictOnDelete, invalidRequestOptions } from './status-error.ts';
import type { Target } from './target.ts';
import { storedForm, storedObject } from './write.ts';

const FOREGROUND_FINALIZER = 'foregroundDeletion';
const ORPHAN_FINALIZER = 'orphan';
const POD_GRACE_SECONDS = 30;

/** How a deletion ended: the object is gone, or it stays, marked, until its finalizers and its grace period are over. */
export interface Deleted {
  readonly object: KubeObject;
  readonly gone: boolean;
}

/**
 * Deletes an object as an API server does: preconditions, propagation policy as a finalizer, grace for running pods, and the mark
 * in place of removal while finalizers are left. Throws 404 and 409.
 */
export function deleteObject(
  server: ServerState,
  target: Target,
  options: DeleteOptions & { readonly dryRun?: boolean },
): Deleted {
  const old = storedObject(server, target);
  checkPreconditions(target, old, options);
  const finalizers = finalizersFor(old, options.propagationPolicy);
  const graceSeconds = graceOf(target, old, options);
  const { key } = target.resource;
  if (finalizers.length === 0 && graceSeconds === 0 && key !== 'namespaces') {
    const last = key === 'pods' ? markedForDeletion(server, old, 0) : old;
    const object =
      options.dryRun === true ? last : server.store.remove(key, storedForm(target, withFinalizers(last, finalizers)));
    return { object: inVersion(object, target.definition), gone: true };
  }
  const marked = terminating(target, markedForDeletion(server, withFinalizers(old, finalizers), graceSeconds));
  if (marked === old || options.dryRun === true) return { object: marked, gone: false };
  return { object: inVersion(server.store.put(key, storedForm(target, marked)), target.definition), gone: false };
}

function checkPreconditions(target: Target, old: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = old.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid ?? ''}). The object might have been deleted and then recreated`;
    throw conflictOnDelete(target.definition, target.name, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion ?? ''}). The object might have been modified`;
    throw conflictOnDelete(target.definition, target.name, why);
  }
}

function finalizersFor(old: KubeObject, policy: DeleteOptions['propagationPolicy']): readonly string[] {
  const finalizers = old.metadata.finalizers ?? [];
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((each) => each !== FOREGROUND_FINALIZER && each !== ORPHAN_FINALIZER);
  switch (policy) {
    case 'Foreground':
      return finalizers.includes(FOREGROUND_FINALIZER) ? finalizers : [...others, FOREGROUND_FINALIZER];
    case 'Orphan':
      return finalizers.includes(ORPHAN_FINALIZER) ? finalizers : [...others, ORPHAN_FINALIZER];
    case 'Background':
      return others.length === finalizers.length ? finalizers : others;
  }
}

/** Seconds that a running pod gets to end; everything else goes at once. */
function graceOf(target: Target, old: KubeObject, options: DeleteOptions): number {
  if (target.resource.key !== 'pods') return 0;
  const phase = stringAt(old, 'status', 'phase');
  const scheduled = stringAt(old, 'spec', 'nodeName') !== undefined;
  if (!scheduled || phase === 'Succeeded' || phase === 'Failed') return 0;
  const asked =
    options.gracePeriodSeconds ?? numberAt(old, 'spec', 'terminationGracePeriodSeconds') ?? POD_GRACE_SECONDS;
  const graceSeconds = Math.max(0, asked);
  const running = old.metadata.deletionGracePeriodSeconds;
  return running === undefined ? graceSeconds : Math.min(running, graceSeconds);
}

function withFinalizers(object: KubeObject, finalizers: readonly string[]): KubeObject {
  if (
    finalizers === object.metadata.finalizers ||
    (finalizers.length === 0 && object.metadata.finalizers === undefined)
  )
    return object;
  const { finalizers: _finalizers, ...metadata } = object.metadata;
  return { ...object, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
}

function markedForDeletion(server: ServerState, object: KubeObject, graceSeconds: number): KubeObject {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined && (metadata.deletionGracePeriodSeconds ?? 0) <= graceSeconds)
    return object;
  return {
    ...object,
    metadata: {
      ...metadata,
      deletionTimestamp: formatTimestamp(server.clock.nowMs() + graceSeconds * 1_000),
      deletionGracePeriodSeconds: graceSeconds,
      ...(metadata.generation === undefined || metadata.deletionTimestamp !== undefined
        ? {}
        : { generation: metadata.generation + 1 }),
    },
  };
}

/** A namespace stays until its content is gone, and says so. */
function terminating(target: Target, object: KubeObject): KubeObject {
  return target.resource.key === 'namespaces' ? { ...object, status: { phase: 'Terminating' } } : object;
}

/** The options of a DELETE: its body (DeleteOptions), or its query when there is no body. Throws 422 on an unknown policy. */
export function parseDeleteOptions(body: unknown, query: URLSearchParams): DeleteOptions & { dryRun: boolean } {
  const options = isObject(body) ? body : optionsInQuery(query);
  const preconditions = isObject(options['preconditions']) ? options['preconditions'] : {};
  const policy = options['propagationPolicy'] ?? undefined;
  const grace = options['gracePeriodSeconds'];
  const orphan = options['orphanDependents'];
  if (policy !== undefined && !POLICIES.includes(policy)) throw unknownPolicy(policy);
  const { uid, resourceVersion } = preconditions;
  return {
    ...(policy === 'Foreground' || policy === 'Background' || policy === 'Orphan' ? { propagationPolicy: policy } : {}),
    ...(policy === undefined && orphan === true ? { propagationPolicy: 'Orphan' as const } : {}),
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace } : {}),
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
    dryRun: Array.isArray(options['dryRun']) && options['dryRun'].includes('All'),
  };
}

function optionsInQuery(query: URLSearchParams): Readonly<Record<string, unknown>> {
  const policy = query.get('propagationPolicy');
  const grace = query.get('gracePeriodSeconds');
  return {
    dryRun: query.getAll('dryRun'),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
  };
}

const POLICIES: readonly unknown[] = ['Foreground', 'Background', 'Orphan'];

function unknownPolicy(policy: unknown): Error {
  const supported = [...POLICIES, 'nil'].map((each) => JSON.stringify(each)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`;
  return invalidRequestOptions('DeleteOptions', [
    { path: 'propagationPolicy', reason: 'FieldValueNotSupported', message },
  ]);
}
