import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../ports/clock.ts';
import { loadClusterAccess } from './kubeconfig.ts';
import type { ClusterAccess, ClusterAccessOptions, Credentials, TlsMaterial } from './kubeconfig.ts';

/** Token files and exec plug-ins rotate; reading them again costs microseconds when nothing changed. */
const CREDENTIALS_FRESH_MS = 10_000;
/** Longer than the pause between two passes of a busy controller, shorter than what load balancers cut. */
const KEEP_ALIVE_MS = 30_000;
/** The default User-Agent, and the manager that our writes are recorded under. */
export const FIELD_MANAGER = 'headgate';

/** One API server, reached over one pool of keep-alive connections. Proxies of the environment are not followed. */
export interface Connection {
  /** Scheme, host and port. */
  readonly origin: string;
  /** Set where the API server lives under a path, else empty. */
  readonly basePath: string;
  readonly contextName: string;
  readonly namespace: string;
  /** Headers with valid credentials, and the pool to send on. Rejects when credentials cannot be had (no secret in the message). */
  prepare(): Promise<Prepared>;
  /** Makes the next `prepare` read credentials again: the server refused them. */
  expireCredentials(): void;
  close(): Promise<void>;
}

export interface Prepared {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

/** Who we are, besides the credentials. */
export interface ConnectionIdentity {
  readonly userAgent?: string;
  /** Every call is made as this user. */
  readonly asUser?: string;
}

/** Connects to what a kubeconfig (or the pod's service account) names. */
export async function connect(
  options: ClusterAccessOptions & ConnectionIdentity & { readonly clock: Clock },
): Promise<Connection> {
  return connectWith(await loadClusterAccess(options), options);
}

/** Connects to an address without a kubeconfig: the embedded API, tests. */
export function connectTo(options: ConnectToOptions): Connection {
  const access: ClusterAccess = {
    url: options.url.replace(/\/+$/, ''),
    contextName: options.url,
    namespace: 'default',
    credentials: () => Promise.resolve({ headers: options.headers ?? {}, tls: options.tls ?? {} }),
  };
  return connectWith(access, options);
}

export interface ConnectToOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: TlsMaterial;
  readonly userAgent?: string;
}

function connectWith(access: ClusterAccess, options: ConnectionIdentity & { readonly clock: Clock }): Connection {
  const { clock, userAgent = FIELD_MANAGER, asUser } = options;
  const own = { 'user-agent': userAgent, ...(asUser === undefined ? {} : { 'impersonate-user': asUser }) };
  const address = new URL(access.url);
  const agents = new Set<Agent>();
  let current: { readonly identity: string; readonly prepared: Prepared } | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<Prepared> | undefined;

  async function read(): Promise<Prepared> {
    const credentials = await access.credentials();
    const identity = identityOf(credentials.tls);
    const dispatcher = current?.identity === identity ? current.prepared.dispatcher : openPool(credentials);
    current = { identity, prepared: { dispatcher, headers: { ...credentials.headers, ...own } } };
    readAtMs = clock.nowMs();
    return current.prepared;
  }

  function openPool(credentials: Credentials): Agent {
    const agent = newAgent(credentials.tls);
    // The pool of the certificates before finishes what it has in hand; its watches end by themselves within minutes.
    for (const older of agents) void older.close().then(() => agents.delete(older));
    agents.add(agent);
    return agent;
  }

  return {
    origin: address.origin,
    basePath: address.pathname === '/' ? '' : address.pathname,
    contextName: access.contextName,
    namespace: access.namespace,
    prepare() {
      if (current !== undefined && clock.nowMs() - readAtMs < CREDENTIALS_FRESH_MS)
        return Promise.resolve(current.prepared);
      reading ??= read().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    expireCredentials() {
      readAtMs = Number.NEGATIVE_INFINITY;
    },
    async close() {
      await Promise.all([...agents].map((agent) => agent.destroy()));
    },
  };
}

function newAgent(tls: TlsMaterial): Agent {
  return new Agent({
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A request costs a third less CPU on a connection of its own than as a stream, here and at the API server.
    allowH2: false,
    // Time-outs are ours: they follow the injected clock and differ between a read and a watch.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: definedOnly(tls),
  });
}

function definedOnly(tls: TlsMaterial): TlsMaterial {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}

function identityOf(tls: TlsMaterial): string {
  return JSON.stringify([tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized]);
}
