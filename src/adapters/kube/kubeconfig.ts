import type { KubeConfig } from '@kubernetes/client-node';

/** Where the API server is and how to be someone there, as a kubeconfig or a pod's service account says it. */
export interface ClusterAccess {
  readonly url: string;
  readonly contextName: string;
  /** The context's namespace, or that of the pod; `default` when neither names one. */
  readonly namespace: string;
  /** Reads token files and runs exec plug-ins as needed: ask again every few seconds, so that what rotates is noticed. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ClusterAccessOptions {
  readonly kubeconfigPath?: string;
  /** Instead of the kubeconfig's current one. */
  readonly context?: string;
  /** Uses the pod's service account; kubeconfig files are not looked at. */
  readonly inCluster?: boolean;
}

/**
 * Reads who we are and whom we talk to. Without options: `$KUBECONFIG`, then `~/.kube/config`, then the pod's account.
 * Throws an Error that says what is missing. The only file that loads client-node (300 ms of CPU and 85 MB): lazily.
 */
export async function loadClusterAccess(options: ClusterAccessOptions): Promise<ClusterAccess> {
  const { KubeConfig } = await import('./client-node.ts');
  const config = new KubeConfig();
  load(config, options);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  if (context === null || cluster === null) throw new Error(missingContext(config));
  if (cluster.proxyUrl !== undefined) {
    throw new Error(
      `context ${context.name}: proxy-url is not supported; use a context that reaches ${cluster.server} directly`,
    );
  }
  allowPlainHttp(config);
  return {
    url: cluster.server.replace(/\/+$/, ''),
    contextName: context.name,
    namespace: context.namespace ?? 'default',
    credentials: () => readCredentials(config),
  };
}

function load(config: KubeConfig, options: ClusterAccessOptions): void {
  if (options.inCluster === true) {
    config.loadFromCluster();
    if (config.getCurrentCluster()?.server.includes('undefined') === true) {
      throw new Error('not in a cluster: KUBERNETES_SERVICE_HOST is not set; name a file with --kubeconfig');
    }
    return;
  }
  if (options.kubeconfigPath !== undefined && options.kubeconfigPath !== '') {
    config.loadFromFile(options.kubeconfigPath);
    return;
  }
  config.loadFromDefault();
  if (config.getCurrentContext() === 'loaded-context') {
    throw new Error('no kubeconfig found: set KUBECONFIG, name a file with --kubeconfig, or run in a cluster');
  }
}

function missingContext(config: KubeConfig): string {
  const known = config.getContexts().map((context) => context.name);
  return `kubeconfig: context "${config.getCurrentContext()}" is missing or names no cluster; it has ${known.join(', ') || 'no contexts'}`;
}

/** client-node refuses plain http unless verification is off, although there is nothing to verify. */
function allowPlainHttp(config: KubeConfig): void {
  config.clusters = config.clusters.map((cluster) =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
}

async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const asked: CredentialFields = {};
  await config.applyToHTTPSOptions(asked as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(asked.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (asked.auth !== undefined) headers['authorization'] = `Basic ${Buffer.from(asked.auth).toString('base64')}`;
  return {
    headers,
    tls: {
      ca: asked.ca?.toString(),
      cert: asked.cert?.toString(),
      key: asked.key?.toString(),
      servername: asked.servername,
      rejectUnauthorized: asked.rejectUnauthorized,
    },
  };
}

/** The part of https.RequestOptions that client-node fills. */
interface CredentialFields {
  headers?: Record<string, unknown>;
  auth?: string;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}
