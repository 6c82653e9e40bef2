import { sleep } from '../lib/clock.ts';
import { answerReview, REVIEW_KINDS, type Authorize } from './access-review.ts';
import { objectBody } from './body.ts';
import { aggregatedDiscovery, coreVersions, groupList, resourceList, singleGroup } from './discovery.ts';
import type { FaultHooks, RequestFault } from './faults.ts';
import { authenticate } from './identity.ts';
import { wantsAggregatedDiscovery } from './negotiate.ts';
import { OpenApiDocuments } from './openapi.ts';
import { deletionWarnings, Operations } from './operations.ts';
import { ConnectionLost, type ApiRequest, type ApiResponse, type RequestFacts, type UserInfo } from './request.ts';
import { fieldManagerOf, verbOf } from './request-options.ts';
import { parseResourcePath, type ResourcePath } from './resource-path.ts';
import { aggregatedResponse, foundOr404, jsonResponse, pageNotFound, statusResponse, warned } from './responses.ts';
import type { ServerState } from './server-state.ts';
import { ApiError, failure, forbidden, internalError, methodNotAllowed, unknownPath } from './status-error.ts';
import type { Target } from './target.ts';

export interface ApiServerOptions {
  readonly kubernetesVersion: string;
  readonly faults: FaultHooks;
  readonly authorize: Authorize;
  readonly token: string | undefined;
  /** Told of every resource request after it was authorised, before faults. */
  readonly record: ((facts: RequestFacts) => void) | undefined;
}

/** Answers requests without knowing of sockets: `http.ts` puts it on a port, a simulation calls it in process. */
export class ApiServer {
  readonly #server: ServerState;
  readonly #options: ApiServerOptions;
  readonly #openApi: OpenApiDocuments;
  readonly #operations: Operations;
  #sequence = 0;

  constructor(server: ServerState, options: ApiServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#openApi = new OpenApiDocuments(server.registry);
    this.#operations = new Operations(server, options.faults);
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
    const user = authenticate(request, this.#options.token);
    const path = parseResourcePath(url.pathname);
    if (path === undefined) return this.#answerAbout(request, url);
    const review = REVIEW_KINDS.find(
      (each) => each.group === path.group && each.version === path.version && each.plural === path.plural,
    );
    if (review !== undefined) return this.#answerReview(request, review.kind, user);
    return this.#answerResource({ request, query: url.searchParams, path, user });
  }

  /** Version, health, discovery and OpenAPI. */
  #answerAbout(request: ApiRequest, url: URL): ApiResponse {
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
        return pageNotFound();
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
    if (target === undefined) return pageNotFound();
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
    const warning = path.subresource === '' ? target.definition.warning : undefined;
    const warnings = [
      ...(warning === undefined ? [] : [warning]),
      ...deletionWarnings({ request, query, target, facts }),
    ];
    const response = await this.#underFault(fault, (staleRevision) =>
      this.#operations.execute({ request, query, path, target, facts, staleRevision }),
    ).catch((error: unknown) => {
      if (error instanceof ApiError && warnings.length > 0) return statusResponse(error.status);
      throw error;
    });
    return warned(response, warnings);
  }

  /** Undefined in a group or version that is not served at all. */
  #target(path: ResourcePath): Target | undefined {
    const found = this.#server.registry.find(path.group, path.version, path.plural);
    if (found === undefined) {
      if (this.#server.registry.groupVersions().get(path.group)?.includes(path.version) !== true) return undefined;
      throw unknownPath();
    }
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
