import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { Agent, request, type Dispatcher } from 'undici';

/**
 * A small client for tests that shares no code with the product, so that a defect in one does not hide in the other.
 * Paths are the API's own: `/apis/apps/v1/namespaces/default/replicasets`.
 */
export interface ApiClient {
  readonly url: string;
  get<T = Manifest>(path: string): Promise<T | undefined>;
  list<T = Manifest>(path: string, query?: string): Promise<readonly T[]>;
  create<T = Manifest>(path: string, object: unknown): Promise<T>;
  /** Merge patch; a path that ends in `/status` patches the subresource. */
  patch<T = Manifest>(path: string, body: unknown): Promise<T>;
  jsonPatch<T = Manifest>(path: string, body: readonly unknown[]): Promise<T>;
  apply<T = Manifest>(path: string, object: unknown, manager?: string): Promise<T>;
  delete(path: string): Promise<void>;
  /** The answer's body as it comes, for watches. Rejects unless the server agrees; ends with `signal`. */
  stream(path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
  close(): Promise<void>;
}

export interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
    readonly managedFields?: readonly unknown[];
  };
  // Tests look into whatever the server sends.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly [field: string]: any;
}

interface Kubeconfig {
  readonly 'current-context': string;
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly cluster: {
      readonly server: string;
      readonly 'certificate-authority'?: string;
      readonly 'certificate-authority-data'?: string;
    };
  }[];
  readonly users: readonly {
    readonly name: string;
    readonly user: {
      readonly token?: string;
      readonly 'client-certificate-data'?: string;
      readonly 'client-key-data'?: string;
    };
  }[];
}

export function openApiClient(kubeconfigPath: string): ApiClient {
  const config = load(readFileSync(kubeconfigPath, 'utf8')) as Kubeconfig;
  const { context } = found(config.contexts, config['current-context']);
  const { cluster } = found(config.clusters, context.cluster);
  const user = config.users.find(({ name }) => name === context.user)?.user ?? {};
  const agent = new Agent({
    connections: 8,
    connect: {
      ca: pem(cluster['certificate-authority-data']) ?? file(cluster['certificate-authority']),
      cert: pem(user['client-certificate-data']),
      key: pem(user['client-key-data']),
    },
  });
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'headgate-test' };
  if (user.token !== undefined) headers['authorization'] = `Bearer ${user.token}`;
  return clientOver(cluster.server.replace(/\/$/, ''), headers, agent);
}

function clientOver(url: string, headers: Readonly<Record<string, string>>, agent: Agent): ApiClient {
  async function call(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<Answer> {
    const answer = await request(url + path, {
      method,
      dispatcher: agent,
      headers: body === undefined ? headers : { ...headers, 'content-type': type },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  }
  return {
    url,
    get: async <T>(path: string) => {
      const answer = await call('GET', path);
      return answer.status === 404 ? undefined : parsed<T>(answer, `GET ${path}`);
    },
    list: async <T>(path: string, query = '') =>
      parsed<{ items: readonly T[] }>(await call('GET', path + query), `LIST ${path}`).items,
    create: async <T>(path: string, object: unknown) => parsed<T>(await call('POST', path, object), `POST ${path}`),
    patch: async <T>(path: string, body: unknown) =>
      parsed<T>(await call('PATCH', path, body, 'application/merge-patch+json'), `PATCH ${path}`),
    jsonPatch: async <T>(path: string, body: readonly unknown[]) =>
      parsed<T>(await call('PATCH', path, body, 'application/json-patch+json'), `PATCH ${path}`),
    apply: async <T>(path: string, object: unknown, manager = 'headgate-test') =>
      parsed<T>(
        await call('PATCH', `${path}?fieldManager=${manager}&force=true`, object, 'application/apply-patch+yaml'),
        `APPLY ${path}`,
      ),
    delete: async (path: string) => {
      const answer = await call('DELETE', path, {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy: 'Background',
      });
      if (answer.status !== 404) parsed(answer, `DELETE ${path}`);
    },
    stream: async (path, signal) => {
      const answer = await request(url + path, { dispatcher: agent, headers, signal, bodyTimeout: 0 });
      if (answer.statusCode >= 300)
        throw new ApiFailure(`GET ${path}`, { status: answer.statusCode, text: await answer.body.text() });
      return answer.body as AsyncIterable<Buffer>;
    },
    close: () => agent.destroy(),
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class ApiFailure extends Error {
  readonly status: number;

  constructor(deed: string, answer: Answer) {
    super(`${deed} answered ${answer.status}: ${messageOf(answer.text)}`);
    this.status = answer.status;
  }
}

function parsed<T>(answer: Answer, deed: string): T {
  if (answer.status >= 300) throw new ApiFailure(deed, answer);
  return JSON.parse(answer.text) as T;
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}

function found<T extends { readonly name: string }>(entries: readonly T[], name: string): T {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`the kubeconfig has no entry ${name}`);
  return entry;
}

function pem(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8');
}

function file(path: string | undefined): string | undefined {
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}
