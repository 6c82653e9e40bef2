import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../api/kube-object.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { trackUpdate } from './apply/managed-fields.ts';
import { decode } from './decode.ts';
import { isObject } from './json-value.ts';
import { metadataErrors, metadataUpdateErrors } from './metadata-rules.ts';
import { generatedName, newUid } from './names.ts';
import { inVersion } from './object-json.ts';
import type { FieldError, ResourceDefinition } from './resource.ts';
import { replicasErrors } from './scale.ts';
import { ruleErrors } from './schema/cel.ts';
import { invalidValue, NO_PATH } from './schema/field-error.ts';
import { validate } from './schema/validate.ts';
import type { ServerState } from './server-state.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  failure,
  invalid,
  modifiedMeanwhile,
  notFound,
  plainFailure,
} from './status-error.ts';
import { hasStatusSubresource, type Target, type WriteOptions, type Written } from './target.ts';

const NAME_ATTEMPTS_MAX = 8;

/** Creates the object in a request's body. Throws 404 without its namespace, 409 when the name is taken, 422 when it is invalid. */
export function createObject(
  server: ServerState,
  target: Target,
  body: Readonly<Record<string, unknown>>,
  options: WriteOptions,
  applied?: readonly ManagedFieldsEntry[],
): Written {
  const { definition, resource } = target;
  const sent = decode(withoutStatus(body, definition), definition, options.fieldValidation);
  const metadata = sent.object.metadata;
  if (target.namespace !== undefined) checkNamespace(server, target, metadata);
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '' && metadata.resourceVersion !== '0') {
    throw plainFailure('resourceVersion should not be set on objects to be created');
  }
  const named = withName(server, target, sent.object);
  const made: KubeObject = { ...named, metadata: createdMetadata(server, target, named.metadata) };
  const created = definition.onCreate?.(made) ?? made;
  const tracked =
    applied === undefined
      ? trackUpdate({ definition, old: undefined, next: created, ...trackedBy(server, target, options) })
      : withManagers(created, applied);
  const whole = definition.allocate?.(tracked, undefined) ?? tracked;
  throwIfInvalid(whole, undefined, definition);
  const collection = server.store.collection(resource.key);
  if (collection.get(target.namespace, whole.metadata.name) !== undefined)
    throw alreadyExists(definition, whole.metadata.name);
  const object = options.dryRun ? whole : commit(server, target, whole);
  return { object: inVersion(object, definition), created: true, warnings: sent.warnings };
}

/** Replaces an object, or its status through the status subresource. Throws 404, 409 on an outdated read, 422. */
export function replaceObject(
  server: ServerState,
  target: Target,
  body: Readonly<Record<string, unknown>>,
  options: WriteOptions,
): Written {
  const { definition } = target;
  const old = storedObject(server, target);
  const sent = decode(body, definition, options.fieldValidation);
  checkIdentity(target, sent.object);
  if (target.resource.custom && !sent.object.metadata.resourceVersion) {
    throw invalid({ ...definition, kind: definition.plural }, target.name, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ]);
  }
  const object = storeUpdate(server, target, { old, next: sent.object, options });
  return { object: inVersion(object, definition), created: false, warnings: sent.warnings };
}

/** The stored object of a target in the target's version; throws 404 when there is none. */
export function storedObject(server: ServerState, target: Target): KubeObject {
  const found = server.store.collection(target.resource.key).get(target.namespace, target.name);
  if (found === undefined) throw notFound(target.definition, target.name);
  return inVersion(found, target.definition);
}

/**
 * Stores `next` in the place of `old`: guards, strategy of the (sub)resource, managed fields, validation. A change that changes
 * nothing is not written. The last finalizer of an object that is being deleted takes the object away.
 */
export function storeUpdate(
  server: ServerState,
  target: Target,
  change: {
    readonly old: KubeObject;
    readonly next: KubeObject;
    readonly options: WriteOptions;
    readonly applied?: readonly ManagedFieldsEntry[];
  },
): KubeObject {
  const { old, options } = change;
  const { definition } = target;
  checkPreconditions(target, change.next.metadata, old);
  const prepared = prepareUpdate(change.next, old, definition, options);
  const tracked =
    change.applied === undefined
      ? trackUpdate({ definition, old, next: prepared, ...trackedBy(server, target, options) })
      : withManagers(prepared, change.applied);
  const whole = definition.allocate?.(tracked, old) ?? tracked;
  const next = counted(whole, old, definition, { custom: target.resource.custom, subresource: options.subresource });
  if (deepEqual(next, old)) return old;
  throwIfInvalid(next, old, definition);
  if (options.dryRun) return next;
  if (isGone(next)) {
    server.store.remove(target.resource.key, storedForm(target, next));
    return next;
  }
  return commit(server, target, next);
}

function withManagers(object: KubeObject, managedFields: readonly ManagedFieldsEntry[]): KubeObject {
  const { managedFields: _before, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}

export function commit(server: ServerState, target: Target, object: KubeObject): KubeObject {
  return inVersion(server.store.put(target.resource.key, storedForm(target, object)), target.definition);
}

export function storedForm(target: Target, object: KubeObject): KubeObject {
  return inVersion(object, target.resource.storage);
}

function isGone(object: KubeObject): boolean {
  const { deletionTimestamp, finalizers, deletionGracePeriodSeconds } = object.metadata;
  return deletionTimestamp !== undefined && (finalizers ?? []).length === 0 && (deletionGracePeriodSeconds ?? 0) === 0;
}

function checkNamespace(server: ServerState, target: Target, metadata: ObjectMeta): void {
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== target.namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  const namespaces = server.registry.get('namespaces');
  if (namespaces === undefined) return;
  const namespace = server.store.collection('namespaces').get(undefined, target.namespace ?? '');
  if (namespace === undefined) throw notFound(namespaces.storage, target.namespace ?? '');
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const { definition } = target;
  const why = `unable to create new content in namespace ${target.namespace} because it is being terminated`;
  throw failure(403, 'Forbidden', `${target.resource.key} "${metadata.name}" is forbidden: ${why}`, {
    name: metadata.name,
    group: definition.group,
    kind: definition.plural,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${target.namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}

function withName(server: ServerState, target: Target, object: KubeObject): KubeObject {
  const { metadata } = object;
  if (target.name !== '' && metadata.name !== '' && metadata.name !== target.name)
    throw nameMismatch(target, metadata.name);
  if (metadata.name !== '' || metadata.generateName === undefined || metadata.generateName === '') {
    return metadata.name === '' && target.name !== ''
      ? { ...object, metadata: { ...metadata, name: target.name } }
      : object;
  }
  const collection = server.store.collection(target.resource.key);
  let name = generatedName(server.random, metadata.generateName);
  for (
    let attempt = 1;
    attempt < NAME_ATTEMPTS_MAX && collection.get(target.namespace, name) !== undefined;
    attempt++
  ) {
    name = generatedName(server.random, metadata.generateName);
  }
  return { ...object, metadata: { ...metadata, name } };
}

function createdMetadata(server: ServerState, target: Target, metadata: ObjectMeta): ObjectMeta {
  const {
    name,
    generateName,
    namespace: _namespace,
    uid: _uid,
    resourceVersion: _resourceVersion,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _deletionGracePeriodSeconds,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    managedFields: _managedFields,
    ...rest
  } = metadata;
  return {
    name,
    ...(generateName === undefined ? {} : { generateName }),
    ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
    uid: newUid(server.random),
    ...(countsGenerations(target.definition, target.resource.custom) ? { generation: 1 } : {}),
    creationTimestamp: formatTimestamp(server.clock.nowMs()),
    ...rest,
  };
}

function withoutStatus(
  body: Readonly<Record<string, unknown>>,
  definition: ResourceDefinition,
): Readonly<Record<string, unknown>> {
  if (!hasStatusSubresource(definition) || body['status'] === undefined) return body;
  const { status: _status, ...rest } = body;
  return rest;
}

/** Name and namespace in the body must be those of the URL. */
export function checkIdentity(target: Target, object: KubeObject): void {
  const { name, namespace } = object.metadata;
  if (name !== target.name && name !== '') throw nameMismatch(target, name);
  if (name === '') throw badRequest('name must be provided');
  if (target.namespace !== undefined && namespace !== undefined && namespace !== '' && namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** A patch that names another uid is told that the field is fixed; only a replacement takes it as a precondition. */
export function checkUid(target: Target, next: KubeObject, old: KubeObject): void {
  const { uid } = next.metadata;
  if (uid === undefined || uid === '' || uid === old.metadata.uid) return;
  const error = invalidValue('metadata.uid', uid, 'field is immutable');
  throw invalid(target.definition, target.name, [error, error]);
}

function nameMismatch(target: Target, name: string): Error {
  return badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
}

function checkPreconditions(target: Target, metadata: ObjectMeta, old: KubeObject): void {
  const { uid, resourceVersion } = metadata;
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    throw conflict(
      target.definition,
      target.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ''}`,
    );
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== '0' &&
    resourceVersion !== old.metadata.resourceVersion
  ) {
    throw modifiedMeanwhile(target.definition, target.name);
  }
}

/** What the endpoint lets through: the status endpoint status alone, the main endpoint everything else. */
function prepareUpdate(
  next: KubeObject,
  old: KubeObject,
  definition: ResourceDefinition,
  options: WriteOptions,
): KubeObject {
  if (options.subresource === 'status') {
    const { status: _status, ...rest } =
      definition.countsGenerations === 'with annotations' ? annotated(old, next) : old;
    return next['status'] === undefined ? { ...rest } : { ...rest, status: next['status'] };
  }
  const metadata = updatedMetadata(next.metadata, old.metadata);
  if (!hasStatusSubresource(definition)) return { ...next, metadata };
  const { status: _status, ...rest } = next;
  return old['status'] === undefined ? { ...rest, metadata } : { ...rest, metadata, status: old['status'] };
}

function annotated(object: KubeObject, by: KubeObject): KubeObject {
  const { annotations: _before, ...metadata } = object.metadata;
  const { annotations } = by.metadata;
  return { ...object, metadata: annotations === undefined ? metadata : { ...metadata, annotations } };
}

/** Metadata as the client wants it, with what only the server sets taken from the stored object. */
function updatedMetadata(next: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { managedFields, ...rest } = next;
  const resets =
    managedFields?.length === 0 ||
    (managedFields?.length === 1 && isObject(managedFields[0]) && Object.keys(managedFields[0]).length === 0);
  // Managers that a client names itself are taken over; whoever leaves them out or sends what it read changes nothing.
  const isOld = managedFields === undefined || deepEqual(managedFields, old.managedFields);
  const kept = resets ? undefined : isOld ? old.managedFields : managedFields;
  const merged: Record<string, unknown> = {
    ...rest,
    name: old.name,
    namespace: old.namespace,
    uid: old.uid,
    resourceVersion: old.resourceVersion,
    generation: old.generation,
    creationTimestamp: old.creationTimestamp,
    deletionTimestamp: old.deletionTimestamp,
    deletionGracePeriodSeconds: old.deletionGracePeriodSeconds,
    generateName: old.generateName,
    managedFields: kept,
  };
  for (const key of Object.keys(merged)) {
    if (merged[key] === undefined) delete merged[key];
  }
  return { ...merged, name: old.name };
}

/** The generation goes up when the desired state changes: everything outside metadata and a status that has its own endpoint. */
function counted(next: KubeObject, old: KubeObject, definition: ResourceDefinition, how: HowWritten): KubeObject {
  if (!countsGenerations(definition, how.custom) || sameDesire(next, old, definition, how)) return next;
  return { ...next, metadata: { ...next.metadata, generation: (old.metadata.generation ?? 0) + 1 } };
}

interface HowWritten {
  readonly custom: boolean;
  readonly subresource: WriteOptions['subresource'];
}

function countsGenerations(definition: ResourceDefinition, custom: boolean): boolean {
  return custom || definition.countsGenerations !== false;
}

function sameDesire(
  next: KubeObject,
  old: KubeObject,
  definition: ResourceDefinition,
  { custom, subresource }: HowWritten,
): boolean {
  const ignoresStatus = !custom || hasStatusSubresource(definition);
  const { countsGenerations: counts } = definition;
  if (counts === 'with labels' && !deepEqual(next.metadata.labels, old.metadata.labels)) return false;
  if (
    counts === 'with annotations' &&
    subresource === '' &&
    !deepEqual(next.metadata.annotations, old.metadata.annotations)
  )
    return false;
  for (const key of new Set([...Object.keys(next), ...Object.keys(old)])) {
    if (key === 'metadata' || key === 'apiVersion' || (key === 'status' && ignoresStatus)) continue;
    if (!deepEqual(next[key], old[key])) return false;
  }
  return true;
}

function trackedBy(
  server: ServerState,
  target: Target,
  options: WriteOptions,
): { manager: string; subresource: string; nowMs: number; custom: boolean } {
  return {
    manager: options.fieldManager,
    subresource: options.subresource,
    nowMs: server.clock.nowMs(),
    custom: target.resource.custom,
  };
}

/** Throws 422 with every error of metadata, schema, kind and rules; what did not change since `old` is not complained about. */
export function throwIfInvalid(object: KubeObject, old: KubeObject | undefined, definition: ResourceDefinition): void {
  const errors: FieldError[] = [
    ...(old === undefined || !deepEqual(object.metadata, old.metadata) ? metadataErrors(object, definition) : []),
    ...(old === undefined ? [] : metadataUpdateErrors(object, old, definition)),
    ...(definition.typed === true ? [] : validate(object, definition.schema, old)),
    ...replicasErrors(object, definition),
  ];
  errors.push(...(definition.validate?.(object, old) ?? []));
  if (errors.some((error) => blocksRules(error))) {
    if (hasRules(definition)) errors.push(RULES_NOT_CHECKED);
  } else errors.push(...ruleErrors(object, definition.schema, old));
  if (errors.length > 0) throw invalid(definition, object.metadata.name, errors);
}

const RULES_NOT_CHECKED = invalidValue(
  NO_PATH,
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function blocksRules(error: FieldError): boolean {
  return [
    'FieldValueRequired',
    'FieldValueTypeInvalid',
    'FieldValueTooLong',
    'FieldValueTooMany',
    'FieldValueDuplicate',
  ].includes(error.reason);
}

const schemasWithRules = new WeakMap<object, boolean>();

function hasRules(definition: ResourceDefinition): boolean {
  let found = schemasWithRules.get(definition.schema);
  if (found === undefined) {
    found = JSON.stringify(definition.schema).includes('"x-kubernetes-validations"');
    schemasWithRules.set(definition.schema, found);
  }
  return found;
}
