import type { KubeObject } from '../api/kube-object.ts';
import { sleep } from '../lib/clock.ts';
import { answerReview, REVIEW_KINDS, type Authorize } from './access-review.ts';
import { applyObject } from './apply/apply.ts';
import { objectBody, parseYaml, textBody } from './body.ts';
import { deleteObject, parseDeleteOptions } from './delete.ts';
import { aggregatedDiscovery, coreVersions, groupList, resourceList, singleGroup } from './discovery.ts';
import { evictPod } from './eviction.ts';
import { WatchGate, type FaultHooks, type RequestFault } from './faults.ts';
import { isObject } from './json-value.ts';
import { isTrue, parseListQuery } from './list-query.ts';
import { representationOf, wantsAggregatedDiscovery, type Representation } from './negotiate.ts';
import { inVersion } from './object-json.ts';
import { OpenApiDocuments } from './openapi.ts';
import { patchedValue, patchObject, patchTypeOf } from './patch.ts';
import { listBodyJson, listPage, objectBodyJson } from './read.ts';
import {
  ConnectionLost,
  type ApiRequest,
  type ApiResponse,
  type RequestFacts,
  type UserInfo,
  type Verb,
} from './request.ts';
import { parseResourcePath, type ResourcePath } from './resource-path.ts';
import { scaleDefinitionOf, scaleOf, withScale } from './scale.ts';
import { selectorOf } from './selectors.ts';
import type { ServerState } from './server-state.ts';
import {
  ApiError,
  badRequest,
  failure,
  forbidden,
  internalError,
  methodNotAllowed,
  notFound,
  notImplemented,
  unauthorized,
  unknownPath,
  type Status,
} from './status-error.ts';
import type { IncludeObject } from './table.ts';
import type { Target, WriteOptions, Written } from './target.ts';
import { watchStream } from './watch.ts';
import { createObject, replaceObject, storedObject, storeUpdate } from './write.ts';
import { decode } from './decode.ts';

export interface ApiServerOptions {
  readonly kubernetesVersion: string;
  readonly faults: FaultHooks;
  readonly authorize: Authorize;
  readonly token: string | undefined;
  /** Told of every resource request after it was authorised, before faults. */
  readonly record: ((facts: RequestFacts) => void) | undefined;
}

/** Kinds whose DELETE answers with the object that went instead of a Status. */
const RETURNS_DELETED: ReadonlySet<string> = new Set([
  'pods',
  'services',
  'serviceaccounts',
  'podtemplates',
  'persistentvolumeclaims',
  'namespaces',
]);

/** Answers requests without knowing of sockets: `http.ts` puts it on a port, a simulation calls it in process. */
export class ApiServer {
  readonly #server: ServerState;
  readonly #options: ApiServerOptions;
  readonly #openApi: OpenApiDocuments;
  #sequence = 0;

  constructor(server: ServerState, options: ApiServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#openApi = new OpenApiDocuments(server.registry);
  }

  /** Answers one request. Rejects only with ConnectionLost, when a fault breaks the connection. */
  async handle(request: ApiRequest): Promise<ApiResponse> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof ConnectionLost) throw error;
      const status =
        error instanceof ApiError
          ? error.status
          : internalError(error instanceof Error ? (error.stack ?? error.message) : String(error)).status;
      return statusResponse(status);
    }
  }

  async #answer(request: ApiRequest): Promise<ApiResponse> {
    const url = new URL(request.url, 'http://kube-memory');
    const user = this.#authenticate(request);
    const path = parseResourcePath(url.pathname);
    if (path === undefined) return this.#answerAbout(request, url, user);
    const review = REVIEW_KINDS.find(
      (each) => each.group === path.group && each.version === path.version && each.plural === path.plural,
    );
    if (review !== undefined) return this.#answerReview(request, review.kind, user);
    return this.#answerResource({ request, query: url.searchParams, path, user });
  }

  #authenticate(request: ApiRequest): UserInfo {
    const { token } = this.#options;
    if (token !== undefined && request.headers['authorization'] !== `Bearer ${token}`) throw unauthorized();
    const admin: UserInfo = { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
    const impersonated = request.headers['impersonate-user'];
    if (impersonated === undefined) return admin;
    const groups = (request.headers['impersonate-group'] ?? '').split(',').map((group) => group.trim());
    return {
      username: impersonated,
      groups: [
        ...groups.filter((group) => group !== ''),
        ...serviceAccountGroups(impersonated),
        'system:authenticated',
      ],
      impersonatedBy: admin.username,
    };
  }

  /** Version, health, discovery and OpenAPI. */
  #answerAbout(request: ApiRequest, url: URL, user: UserInfo): ApiResponse {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
    const { registry } = this.#server;
    const accept = request.headers['accept'];
    const segments = url.pathname.split('/').filter((segment) => segment !== '');
    const [first = '', second = '', third = ''] = segments;
    switch (first) {
      case '':
        return jsonResponse(200, {
          paths: ['/api', '/apis', '/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/readyz', '/version'],
        });
      case 'healthz':
      case 'livez':
      case 'readyz':
        return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'ok' };
      case 'version':
        return jsonResponse(200, versionInfo(this.#options.kubernetesVersion));
      case 'openapi':
        return this.#openApi.answer(second, segments.slice(2).join('/'), accept);
      case 'api':
        if (segments.length === 1 && wantsAggregatedDiscovery(accept))
          return aggregatedResponse(aggregatedDiscovery('core', registry));
        if (segments.length === 1) return jsonResponse(200, coreVersions(request.headers['host'] ?? ''));
        return foundOr404(resourceList('', second, registry));
      case 'apis':
        if (segments.length === 1 && wantsAggregatedDiscovery(accept))
          return aggregatedResponse(aggregatedDiscovery('groups', registry));
        if (segments.length === 1) return jsonResponse(200, groupList(registry));
        return foundOr404(
          segments.length === 2 ? singleGroup(second, registry) : resourceList(second, third, registry),
        );
      default:
        void user;
        throw unknownPath();
    }
  }

  #answerReview(request: ApiRequest, kind: Parameters<typeof answerReview>[0], user: UserInfo): ApiResponse {
    if (request.method !== 'POST') throw methodNotAllowed();
    return jsonResponse(201, answerReview(kind, objectBody(request), user, this.#options.authorize));
  }

  async #answerResource(input: {
    request: ApiRequest;
    query: URLSearchParams;
    path: ResourcePath;
    user: UserInfo;
  }): Promise<ApiResponse> {
    const { request, query, path, user } = input;
    const target = this.#target(path);
    const verb = verbOf(request, path, query);
    const facts: RequestFacts = {
      verb,
      group: path.group,
      version: path.version,
      resource: path.plural,
      subresource: path.subresource,
      namespace: path.namespace ?? '',
      name: path.name,
      user,
      userAgent: request.headers['user-agent'] ?? '',
      fieldManager: fieldManagerOf(query, request.headers['user-agent'] ?? ''),
      sequence: ++this.#sequence,
    };
    this.#authorize(facts);
    this.#options.record?.(facts);
    const fault = this.#options.faults.request?.(facts) ?? { kind: 'pass' };
    return this.#underFault(fault, (staleRevision) =>
      this.#execute({ request, query, path, target, facts, staleRevision }),
    );
  }

  #target(path: ResourcePath): Target {
    const found = this.#server.registry.find(path.group, path.version, path.plural);
    if (found === undefined) throw unknownPath();
    const { resource, definition } = found;
    if (!definition.namespaced && path.namespace !== undefined) throw unknownPath();
    if (definition.namespaced && path.namespace === undefined && path.name !== '') throw unknownPath();
    return { resource, definition, namespace: path.namespace, name: path.name };
  }

  #authorize(facts: RequestFacts): void {
    const verb = facts.verb === 'apply' ? 'patch' : facts.verb;
    const answer = this.#options.authorize({ ...facts, verb });
    if (answer.allowed) return;
    const resource = facts.subresource === '' ? facts.resource : `${facts.resource}/${facts.subresource}`;
    const scope = facts.namespace === '' ? 'at the cluster scope' : `in the namespace "${facts.namespace}"`;
    const why = `User "${facts.user.username}" cannot ${verb} resource "${resource}" in API group "${facts.group}" ${scope}`;
    throw forbidden(
      { group: facts.group, plural: facts.resource },
      facts.name === '' ? undefined : facts.name,
      answer.reason === undefined ? why : `${why}: ${answer.reason}`,
    );
  }

  async #underFault(fault: RequestFault, execute: (staleRevision?: number) => ApiResponse): Promise<ApiResponse> {
    switch (fault.kind) {
      case 'pass':
        return execute();
      case 'delay':
        await sleep(this.#server.clock, fault.delayMs);
        return this.#underFault(fault.then ?? { kind: 'pass' }, execute);
      case 'reset':
        throw new ConnectionLost();
      case 'lose-answer':
        attempt(execute);
        throw new ConnectionLost();
      case 'timeout-after-effect':
        attempt(execute);
        throw failure(504, 'Timeout', 'Timeout: request did not complete within the allotted timeout');
      case 'stale':
        return execute(Math.max(1, this.#server.store.revision - fault.commitsBack));
      case 'error':
        throw failure(
          fault.code,
          fault.reason ?? 'InternalError',
          fault.message ?? 'injected by a fault hook',
          fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds },
        );
    }
  }

  #execute(input: Execution): ApiResponse {
    const { path, target } = input;
    if (path.rest.length > 0) throw unknownPath();
    switch (path.subresource) {
      case '':
        return path.name === '' ? this.#executeOnCollection(input) : this.#executeOnObject(input);
      case 'status':
        if (!target.definition.subresources.some((each) => each.name === 'status')) throw unknownPath();
        return this.#executeOnObject(input);
      case 'scale':
        if (scaleDefinitionOf(target.definition) === undefined) throw unknownPath();
        return this.#executeOnScale(input);
      case 'eviction':
        if (target.resource.key !== 'pods') throw unknownPath();
        return this.#executeEviction(input);
      default:
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
    const gate = this.#options.faults.watch === undefined ? undefined : new WatchGate();
    if (gate !== undefined) this.#options.faults.watch?.(facts, gate);
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
    const options = parseDeleteOptions(optionalBody(request), query);
    const matches = selectorOf(target.definition, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
    const objects = [...this.#server.store.collection(target.resource.key).objects(target.namespace)];
    const items: KubeObject[] = [];
    for (const object of objects) {
      if (matches !== undefined && !matches(object)) continue;
      const each = { ...target, name: object.metadata.name, namespace: object.metadata.namespace };
      items.push(deleteObject(this.#server, each, options).object);
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
    const { object, gone } = deleteObject(this.#server, target, parseDeleteOptions(optionalBody(request), query));
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
    if (facts.verb === 'get') return jsonResponse(200, scaleOf(old, scale));
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

  #written(input: Execution, written: Written): ApiResponse {
    const { request, query, target } = input;
    const body = objectBodyJson(this.#server, target, written.object, formOf(request, query));
    const response = textResponse(written.created ? 201 : 200, body);
    if (written.warnings.length === 0) return response;
    const warning = written.warnings.map((text) => `299 - ${JSON.stringify(text)}`);
    return { ...response, headers: { ...response.headers, warning } };
  }
}

interface Execution {
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
  readonly path: ResourcePath;
  readonly target: Target;
  readonly facts: RequestFacts;
  readonly staleRevision: number | undefined;
}

interface Form {
  readonly representation: Representation;
  readonly includeObject: IncludeObject;
}

function formOf(request: ApiRequest, query: URLSearchParams): Form {
  const include = query.get('includeObject');
  return {
    representation: representationOf(request.headers['accept']),
    includeObject: include === 'None' || include === 'Object' ? include : 'Metadata',
  };
}

function verbOf(request: ApiRequest, path: ResourcePath, query: URLSearchParams): Verb {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      if (query.has('watch') && isTrue(query.get('watch'))) return 'watch';
      return path.name === '' ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return (request.headers['content-type'] ?? '').startsWith('application/apply-patch+') ? 'apply' : 'patch';
    case 'DELETE':
      return path.name === '' ? 'deletecollection' : 'delete';
    default:
      throw methodNotAllowed();
  }
}

function writeOptions(input: Execution): WriteOptions {
  const { query, facts, path } = input;
  const validation = query.get('fieldValidation');
  if (
    validation !== null &&
    validation !== 'Strict' &&
    validation !== 'Warn' &&
    validation !== 'Ignore' &&
    validation !== ''
  ) {
    throw badRequest(
      `fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Strict", "Warn"`,
    );
  }
  return {
    dryRun: isDryRun(query),
    fieldManager: facts.fieldManager,
    fieldValidation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn',
    force: isTrue(query.get('force')) && query.has('force'),
    subresource: path.subresource === 'status' || path.subresource === 'scale' ? path.subresource : '',
  };
}

function isDryRun(query: URLSearchParams): boolean {
  return query.getAll('dryRun').includes('All');
}

const MANAGER_LENGTH_MAX = 128;

/** The manager of a write that names none is the first part of its User-Agent. */
function fieldManagerOf(query: URLSearchParams, userAgent: string): string {
  const named = query.get('fieldManager');
  if (named !== null && named !== '') return named;
  const prefix = userAgent.split('/')[0] ?? '';
  return prefix === '' ? 'unknown' : prefix.slice(0, MANAGER_LENGTH_MAX);
}

function serviceAccountGroups(username: string): readonly string[] {
  const account = /^system:serviceaccount:([^:]+):[^:]+$/.exec(username);
  return account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`];
}

function applyNeedsManager(): ApiError {
  const message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch';
  return failure(422, 'Invalid', message, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
    causes: [
      { reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' },
    ],
  });
}

function forceForbidden(): ApiError {
  const message = 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch';
  return failure(422, 'Invalid', message, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
    causes: [
      { reason: 'FieldValueForbidden', message: 'Forbidden: may not be specified for non-apply patch', field: 'force' },
    ],
  });
}

function yamlObject(request: ApiRequest): Record<string, unknown> {
  const value = parseYaml(textBody(request));
  if (!isObject(value)) throw badRequest('error decoding YAML: the applied configuration is not an object');
  return value;
}

function optionalBody(request: ApiRequest): unknown {
  return request.body === undefined || request.body.length === 0 ? undefined : objectBody(request);
}

/** Runs the request for its effect; an error is lost with the answer. */
function attempt(execute: () => ApiResponse): void {
  try {
    execute();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

function versionInfo(gitVersion: string): unknown {
  const [major = '1', minor = '0'] = gitVersion.replace(/^v/, '').split('.');
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'embedded',
  };
}

function foundOr404(document: unknown): ApiResponse {
  if (document === undefined) throw unknownPath();
  return jsonResponse(200, document);
}

function aggregatedResponse(document: unknown): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
    body: JSON.stringify(document),
  };
}

function statusResponse(status: Status): ApiResponse {
  const retryAfter = status.details?.retryAfterSeconds;
  const response = jsonResponse(status.code, status);
  return retryAfter === undefined
    ? response
    : { ...response, headers: { ...response.headers, 'retry-after': String(retryAfter) } };
}

function jsonResponse(status: number, body: unknown): ApiResponse {
  return textResponse(status, JSON.stringify(body));
}

function textResponse(status: number, body: string): ApiResponse {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
