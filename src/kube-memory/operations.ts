import type { KubeObject } from '../api/kube-object.ts';
import { applyObject } from './apply/apply.ts';
import { bindPod } from './binding.ts';
import { objectBody, textBody } from './body.ts';
import { decode } from './decode.ts';
import { deleteObject, parseDeleteOptions } from './delete.ts';
import { evictPod } from './eviction.ts';
import { WatchGate, type FaultHooks } from './faults.ts';
import { parseListQuery } from './list-query.ts';
import { inVersion } from './object-json.ts';
import { patchedValue, patchObject, patchTypeOf } from './patch.ts';
import { listBodyJson, listPage, objectBodyJson } from './read.ts';
import type { ApiResponse } from './request.ts';
import {
  applyNeedsManager,
  forceForbidden,
  formOf,
  isDryRun,
  optionalBody,
  writeOptions,
  yamlObject,
  type Execution,
  type Form,
} from './request-options.ts';
import { jsonResponse, textResponse, warned } from './responses.ts';
import { checkScalable, scaleDefinitionOf, scaleOf, withScale } from './scale.ts';
import { selectorOf } from './selectors.ts';
import type { ServerState } from './server-state.ts';
import { methodNotAllowed, notFound, notImplemented, unknownPath } from './status-error.ts';
import type { Target, Written } from './target.ts';
import { watchStream } from './watch.ts';
import { createObject, replaceObject, storedObject, storeUpdate } from './write.ts';

/** Kinds whose DELETE answers with the object that went instead of a Status. */
const RETURNS_DELETED: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'serviceaccounts',
  'podtemplates',
  'persistentvolumeclaims',
  'namespaces',
]);

/** What a real server has and this one has not. */
const UNSERVED: ReadonlySet<string> = new Set([
  'pods/log',
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'pods/ephemeralcontainers',
  'pods/resize',
  'services/proxy',
  'nodes/proxy',
  'serviceaccounts/token',
  'namespaces/finalize',
]);

/** Custom resources answer as if an object were missing. */
function noSubresource({ resource, definition, name }: Target): Error {
  return resource.custom ? notFound(definition, name) : unknownPath();
}

/** What each verb does on collections, objects and subresources. Synchronous: a request is one step of the server. */
export class Operations {
  readonly #server: ServerState;
  readonly #faults: FaultHooks;

  constructor(server: ServerState, faults: FaultHooks) {
    this.#server = server;
    this.#faults = faults;
  }

  execute(input: Execution): ApiResponse {
    const { path, target } = input;
    if (path.rest.length > 0) throw unknownPath();
    switch (path.subresource) {
      case '':
        return path.name === '' ? this.#executeOnCollection(input) : this.#executeOnObject(input);
      case 'status':
        if (!target.definition.subresources.some((each) => each.name === 'status')) throw noSubresource(target);
        return this.#executeOnObject(input);
      case 'scale':
        if (scaleDefinitionOf(target.definition) === undefined) throw noSubresource(target);
        return this.#executeOnScale(input);
      case 'eviction':
        if (target.resource.key !== 'pods') throw noSubresource(target);
        return this.#executeEviction(input);
      case 'binding':
        if (target.resource.key !== 'pods') throw noSubresource(target);
        return this.#executeBinding(input);
      default:
        if (!UNSERVED.has(`${target.resource.key}/${path.subresource}`)) throw noSubresource(target);
        throw notImplemented(`the subresource ${target.resource.key}/${path.subresource}`);
    }
  }

  #executeOnCollection(input: Execution): ApiResponse {
    const { request, query, target, facts } = input;
    switch (facts.verb) {
      case 'list':
      case 'watch': {
        const form = formOf(request, query);
        const listQuery = parseListQuery(query);
        if (facts.verb === 'watch') return this.#watch(input, form);
        const page = listPage(this.#server, target, listQuery, input.staleRevision);
        return textResponse(200, listBodyJson(this.#server, target, page, form));
      }
      case 'create':
        if (target.definition.namespaced && target.namespace === undefined) throw methodNotAllowed();
        return this.#written(input, createObject(this.#server, target, objectBody(request), writeOptions(input)));
      case 'deletecollection':
        return this.#deleteCollection(input);
      default:
        throw methodNotAllowed();
    }
  }

  #watch(input: Execution, form: Form): ApiResponse {
    const { query, target, facts } = input;
    const gate = this.#faults.watch === undefined ? undefined : new WatchGate();
    if (gate !== undefined) this.#faults.watch?.(facts, gate);
    const listQuery = parseListQuery(query);
    const body = watchStream({
      server: this.#server,
      target,
      query: listQuery,
      ...form,
      ...(gate === undefined ? {} : { gate }),
    });
    return { status: 200, headers: { 'content-type': 'application/json' }, body };
  }

  #deleteCollection(input: Execution): ApiResponse {
    const { request, query, target } = input;
    const options = deletionOf(input);
    const matches = selectorOf(target.definition, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
    const objects = [...this.#server.store.collection(target.resource.key).objects(target.namespace)];
    const items: KubeObject[] = [];
    for (const object of objects) {
      if (matches !== undefined && !matches(object)) continue;
      const each = { ...target, name: object.metadata.name, namespace: object.metadata.namespace };
      items.push(inVersion(object, target.definition));
      deleteObject(this.#server, each, options);
    }
    const page = { items, revision: this.#server.store.revision, continueToken: '', remaining: undefined };
    return textResponse(200, listBodyJson(this.#server, target, page, formOf(request, query)));
  }

  #executeOnObject(input: Execution): ApiResponse {
    const { request, query, target, facts } = input;
    switch (facts.verb) {
      case 'get':
        return textResponse(200, objectBodyJson(this.#server, target, this.#readObject(input), formOf(request, query)));
      case 'watch': {
        const named = new URLSearchParams(query);
        named.set('fieldSelector', `metadata.name=${target.name}`);
        return this.#watch({ ...input, query: named }, formOf(request, query));
      }
      case 'update':
        return this.#written(input, replaceObject(this.#server, target, objectBody(request), writeOptions(input)));
      case 'patch':
      case 'apply':
        return this.#patch(input);
      case 'delete':
        return this.#delete(input);
      default:
        throw methodNotAllowed();
    }
  }

  #readObject(input: Execution): KubeObject {
    const { target, staleRevision } = input;
    if (staleRevision === undefined) return storedObject(this.#server, target);
    const past = this.#server.store.collection(target.resource.key).objectsAt(staleRevision, target.namespace);
    const found = past?.find((object) => object.metadata.name === target.name);
    if (past === undefined) return storedObject(this.#server, target);
    if (found === undefined) throw notFound(target.definition, target.name);
    return inVersion(found, target.definition);
  }

  #patch(input: Execution): ApiResponse {
    const { request, query, target } = input;
    const type = patchTypeOf(request, target.resource.custom);
    const options = writeOptions(input);
    if (type === 'apply') {
      if (!query.get('fieldManager')) throw applyNeedsManager();
      return this.#written(input, applyObject(this.#server, target, yamlObject(request), options));
    }
    if (query.has('force')) throw forceForbidden();
    return this.#written(input, patchObject(this.#server, target, { type, text: textBody(request) }, options));
  }

  #delete(input: Execution): ApiResponse {
    const { request, query, target } = input;
    if (input.path.subresource !== '') throw methodNotAllowed();
    const { object, gone } = deleteObject(this.#server, target, deletionOf(input));
    if (!gone || RETURNS_DELETED.has(target.resource.key)) {
      return textResponse(200, objectBodyJson(this.#server, target, object, formOf(request, query)));
    }
    const { group, plural } = target.definition;
    const details = { name: target.name, ...(group === '' ? {} : { group }), kind: plural, uid: object.metadata.uid };
    return jsonResponse(200, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details });
  }

  #executeOnScale(input: Execution): ApiResponse {
    const { request, target, facts } = input;
    const scale = scaleDefinitionOf(target.definition);
    const old = storedObject(this.#server, target);
    if (scale === undefined) throw unknownPath();
    if (facts.verb === 'get') {
      if (target.resource.custom) checkScalable(old, scale);
      return jsonResponse(200, scaleOf(old, scale));
    }
    const options = writeOptions(input);
    const wanted = facts.verb === 'update' ? objectBody(request) : this.#patchedScale(input, scaleOf(old, scale));
    const next = decode(withScale(old, wanted, target.definition), target.definition, 'Ignore').object;
    return jsonResponse(200, scaleOf(storeUpdate(this.#server, target, { old, next, options }), scale));
  }

  #patchedScale(input: Execution, current: KubeObject): Readonly<Record<string, unknown>> {
    const { request, facts } = input;
    if (facts.verb !== 'patch')
      throw facts.verb === 'apply' ? notImplemented('server-side apply on the scale subresource') : methodNotAllowed();
    const type = patchTypeOf(request, false);
    const { resourceVersion: _resourceVersion, ...metadata } = current.metadata;
    const document = { ...current, metadata };
    return patchedValue(
      document,
      { type: type === 'apply' ? 'merge' : type, text: textBody(request) },
      { type: 'object' },
    );
  }

  #executeEviction(input: Execution): ApiResponse {
    const { request, query, target, facts } = input;
    if (facts.verb !== 'create') throw methodNotAllowed();
    const body = objectBody(request);
    const options = parseDeleteOptions(body['deleteOptions'], query);
    evictPod(this.#server, target, { ...options, dryRun: options.dryRun || isDryRun(query) });
    return jsonResponse(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
  }

  #executeBinding(input: Execution): ApiResponse {
    const { request, target, facts } = input;
    if (facts.verb !== 'create') throw methodNotAllowed();
    bindPod(this.#server, target, objectBody(request), writeOptions(input));
    return jsonResponse(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
  }

  #written(input: Execution, written: Written): ApiResponse {
    const { request, query, target } = input;
    const body = objectBodyJson(this.#server, target, written.object, formOf(request, query));
    const response = textResponse(written.created ? 201 : 200, body);
    return warned(response, written.warnings);
  }
}

const PRESERVED_PODS =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

/** Jobs are the one kind whose dependents stay unless something else is said. */
function deletionOf({ request, query, target }: Execution): ReturnType<typeof parseDeleteOptions> {
  const options = parseDeleteOptions(optionalBody(request), query);
  const isJob = target.resource.key === 'jobs.batch' && options.propagationPolicy === undefined;
  return isJob ? { ...options, propagationPolicy: 'Orphan' } : options;
}

export function deletionWarnings({
  request,
  query,
  target,
  facts,
}: Pick<Execution, 'request' | 'query' | 'target' | 'facts'>): readonly string[] {
  if (target.resource.key !== 'jobs.batch' || !facts.verb.startsWith('delete')) return [];
  const { propagationPolicy } = parseDeleteOptions(optionalBody(request), query);
  return propagationPolicy === undefined ? [PRESERVED_PODS] : [];
}
