import { fieldsOf } from '../../lib/fields-of.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A pod template as the API server stores it: with Kubernetes' defaults filled in, empty leftovers removed and
 * quantities spelled one way, so that templates which mean the same compare equal. Never written to the cluster.
 */
export function defaultedPodTemplate(template: unknown): unknown {
  const fields = fieldsOf(template);
  return pruned({ metadata: fields['metadata'], spec: defaultedPodSpec(fieldsOf(fields['spec'])) });
}

function defaultedPodSpec(spec: Fields): Fields {
  const hostNetwork = spec['hostNetwork'] === true;
  const { serviceAccount, ...rest } = spec;
  const result: Record<string, unknown> = {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
    ...rest,
    serviceAccountName: spec['serviceAccountName'] ?? serviceAccount,
    containers: list(spec['containers'], (container) => defaultedContainer(container, hostNetwork)),
    initContainers: list(spec['initContainers'], (container) => defaultedContainer(container, hostNetwork)),
    volumes: list(spec['volumes'], defaultedVolume),
    topologySpreadConstraints: list(spec['topologySpreadConstraints'], (constraint) => ({ maxSkew: 1, ...constraint })),
    tolerations: list(spec['tolerations'], (toleration) =>
      toleration['operator'] === 'Equal' ? { ...toleration, operator: undefined } : toleration,
    ),
  };
  return result;
}

function defaultedContainer(container: Fields, hostNetwork: boolean): Fields {
  return {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(container['image']),
    ...container,
    ports: list(container['ports'], (port) => ({
      protocol: 'TCP',
      ...(hostNetwork ? { hostPort: port['containerPort'] } : {}),
      ...port,
    })),
    env: list(container['env'], defaultedVariable),
    resources: defaultedResources(fieldsOf(container['resources'])),
    livenessProbe: defaultedProbe(container['livenessProbe']),
    readinessProbe: defaultedProbe(container['readinessProbe']),
    startupProbe: defaultedProbe(container['startupProbe']),
    lifecycle: defaultedLifecycle(container['lifecycle']),
    securityContext: defaultedSecurity(container['securityContext']),
  };
}

/** An image without a tag, or with `latest`, is pulled each time; a digest never names the newest. */
function pullPolicy(image: unknown): string {
  if (typeof image !== 'string') return 'Always';
  if (image.includes('@')) return 'IfNotPresent';
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultedVariable(variable: Fields): Fields {
  const from = variable['valueFrom'];
  if (!isPlainObject(from)) return variable['value'] === '' ? { ...variable, value: undefined } : variable;
  const fieldRef = isPlainObject(from['fieldRef']) ? { apiVersion: 'v1', ...from['fieldRef'] } : from['fieldRef'];
  const resource = from['resourceFieldRef'];
  const resourceFieldRef = isPlainObject(resource)
    ? { ...resource, divisor: quantity(resource['divisor'] ?? '0') }
    : resource;
  return { ...variable, valueFrom: { ...from, fieldRef, resourceFieldRef } };
}

/** A limit without a request is also the request. */
function defaultedResources(resources: Fields): Fields {
  const limits = quantities(resources['limits']);
  const requests = { ...limits, ...quantities(resources['requests']) };
  return { ...resources, limits, requests };
}

function quantities(map: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fieldsOf(map)).map(([name, amount]) => [name, quantity(amount)]));
}

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  Pi: 1024 ** 5,
  Ei: 1024 ** 6,
};

/** One number for every spelling: `1`, `1000m` and `1.0` are the same amount. */
function quantity(amount: unknown): unknown {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(String(amount).trim());
  if (match === null) return amount;
  const value = Number(match[1]) * (match[2] === undefined ? (FACTORS[match[3] ?? ''] ?? 1) : 10 ** Number(match[2]));
  return Number(value.toPrecision(15));
}

function defaultedProbe(probe: unknown): unknown {
  if (!isPlainObject(probe)) return undefined;
  const seconds = probe['initialDelaySeconds'] === 0 ? undefined : probe['initialDelaySeconds'];
  return {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...defaultedHandler(probe),
    initialDelaySeconds: seconds,
  };
}

function defaultedHandler(handler: Fields): Fields {
  const http = handler['httpGet'];
  const grpc = handler['grpc'];
  return {
    ...handler,
    httpGet: isPlainObject(http) ? { path: '/', scheme: 'HTTP', ...http } : http,
    grpc: isPlainObject(grpc) ? { service: '', ...grpc } : grpc,
  };
}

function defaultedLifecycle(lifecycle: unknown): unknown {
  if (!isPlainObject(lifecycle)) return undefined;
  return {
    ...lifecycle,
    postStart: isPlainObject(lifecycle['postStart']) ? defaultedHandler(lifecycle['postStart']) : undefined,
    preStop: isPlainObject(lifecycle['preStop']) ? defaultedHandler(lifecycle['preStop']) : undefined,
  };
}

/** The privileged flag is ignored when it only spells out the default. */
function defaultedSecurity(security: unknown): unknown {
  if (!isPlainObject(security)) return undefined;
  return { ...security, privileged: security['privileged'] === true ? true : undefined };
}

const FILE_MODE = 0o644;

function defaultedVolume(volume: Fields): Fields {
  const types = Object.keys(volume).filter(
    (key) => key !== 'name' && volume[key] !== undefined && volume[key] !== null,
  );
  if (types.length === 0) return { ...volume, emptyDir: KEPT };
  return Object.fromEntries(Object.entries(volume).map(([type, source]) => [type, defaultedSource(type, source)]));
}

function defaultedSource(type: string, source: unknown): unknown {
  if (!isPlainObject(source)) return source;
  if (type === 'emptyDir') return Object.keys(source).length === 0 ? KEPT : source;
  if (type === 'secret' || type === 'configMap' || type === 'downwardAPI')
    return withFieldVersions({ defaultMode: FILE_MODE, ...source });
  if (type === 'hostPath') return { ...source, type: source['type'] ?? '' };
  if (type !== 'projected') return source;
  const sources = list(source['sources'], (projection) => ({
    ...projection,
    serviceAccountToken: isPlainObject(projection['serviceAccountToken'])
      ? { expirationSeconds: 3_600, ...projection['serviceAccountToken'] }
      : undefined,
    downwardAPI: withFieldVersions(projection['downwardAPI']),
  }));
  return { defaultMode: FILE_MODE, ...source, sources };
}

function withFieldVersions(source: unknown): unknown {
  if (!isPlainObject(source) || !Array.isArray(source['items'])) return source;
  return {
    ...source,
    items: list(source['items'], (item) =>
      isPlainObject(item['fieldRef']) ? { ...item, fieldRef: { apiVersion: 'v1', ...item['fieldRef'] } } : item,
    ),
  };
}

/** Stands for a type that is chosen by being there, even when it has no settings. */
const KEPT = 'default';

function list(value: unknown, each: (item: Fields) => Fields): unknown {
  return Array.isArray(value) ? value.map((item) => (isPlainObject(item) ? each(item) : item)) : undefined;
}

/** Without what Kubernetes does not store: null, and empty texts, lists and maps. */
function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value)
    .map(([key, item]) => [key, pruned(item)] as const)
    .filter(([key, item]) => !isNothing(item) && !(item === false && FALSE_BY_DEFAULT.has(key)));
  return Object.fromEntries(entries);
}

/** Flags that Kubernetes does not store when they are off. */
const FALSE_BY_DEFAULT: ReadonlySet<string> = new Set([
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'stdin',
  'stdinOnce',
  'tty',
  'readOnly',
]);

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isPlainObject(value) && Object.keys(value).length === 0;
}
