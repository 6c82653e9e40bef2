import type { KubeObject } from '../../api/kube-object.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import { ruleNameOf } from '../../api/managed-route-name.ts';
import type { LabelSelector } from '../../api/rollout.ts';
import { labelSelectorSchema } from '../../api/schema/common.ts';
import { selectorMatches } from '../../api/validation/label-selector.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/** What the Rollouts of a namespace steer: leaves of these objects belong to the controller while a Rollout uses them. */
export interface Steering {
  /** Names of Services whose selector carries the hash of a ReplicaSet. */
  readonly services: ReadonlySet<string>;
  /** Names of routes and Ingresses whose weights move. */
  readonly routes: ReadonlySet<string>;
  /** Labels by which other such routes are found. */
  readonly routeSelectors: readonly RouteSelector[];
  /** Names of Services that have a part of the traffic for a while, beside those that Git declares. */
  readonly additional: ReadonlySet<string>;
  /** Names of route rules that the controller adds and removes. */
  readonly managedRoutes: ReadonlySet<string>;
  /** `Kind/name` of what an autoscaler or a Rollout scales. */
  readonly scaled: ReadonlySet<string>;
}

export interface RouteSelector {
  readonly kind: string;
  readonly selector: LabelSelector;
}

/** Annotations on Ingresses that carry weights. */
const WEIGHT_ANNOTATION = /(\/canary-weight|\/canary-by-header|\/canary-by-header-value|\/actions\..+)$/;
const SERVICE_FIELDS = [
  'stableService',
  'canaryService',
  'activeService',
  'previewService',
  'pingService',
  'pongService',
];

/** Finds what the given Rollouts and autoscalers steer. Both live objects and declarations may be given; more names do no harm. */
export function steeringOf(objects: readonly KubeObject[]): Steering {
  const names: Names = {
    services: new Set<string>(),
    routes: new Set<string>(),
    routeSelectors: [],
    additional: new Set<string>(),
    managedRoutes: new Set<string>(),
    scaled: new Set<string>(),
  };
  for (const object of objects) {
    const spec = object['spec'];
    if (!isPlainObject(spec)) continue;
    if (object.kind === 'HorizontalPodAutoscaler' || object.kind === 'ScaledObject')
      addTarget(names.scaled, spec['scaleTargetRef']);
    if (object.kind !== 'Rollout') continue;
    const workload = spec['workloadRef'];
    if (isPlainObject(workload) && workload['scaleDown'] !== undefined && workload['scaleDown'] !== 'never')
      addTarget(names.scaled, workload);
    addStrategy(names, spec['strategy']);
    const weights = field(field(object['status'], 'canary'), 'weights');
    for (const { serviceName } of items(field(weights, 'additional')))
      if (typeof serviceName === 'string') names.additional.add(serviceName);
  }
  return names;
}

interface Names extends Steering {
  readonly services: Set<string>;
  readonly routes: Set<string>;
  readonly routeSelectors: RouteSelector[];
  readonly additional: Set<string>;
  readonly managedRoutes: Set<string>;
  readonly scaled: Set<string>;
}

function addTarget(scaled: Set<string>, target: unknown): void {
  if (isPlainObject(target) && typeof target['name'] === 'string')
    scaled.add(`${typeof target['kind'] === 'string' ? target['kind'] : 'Deployment'}/${target['name']}`);
}

function addStrategy(names: Names, strategy: unknown): void {
  walk(strategy, (key, value) => {
    if (typeof value === 'string' && SERVICE_FIELDS.includes(key)) names.services.add(value);
    if (
      typeof value === 'string' &&
      (key === 'httpRoute' ||
        key === 'grpcRoute' ||
        key === 'tcpRoute' ||
        key === 'tlsRoute' ||
        key === 'stableIngress' ||
        key === 'ingress')
    )
      names.routes.add(value);
    const selected = SELECTED_KINDS.get(key);
    const selector = selected === undefined ? undefined : labelSelectorSchema.safeParse(value);
    if (selected !== undefined && selector?.success === true)
      names.routeSelectors.push({ kind: selected, selector: selector.data });
    if (!Array.isArray(value)) return;
    for (const item of value) {
      if (typeof item === 'string' && (key === 'stableIngresses' || key === 'ingresses')) names.routes.add(item);
      if (!isPlainObject(item) || typeof item['name'] !== 'string') continue;
      if (/^(http|grpc|tcp|tls)Routes$/.test(key)) names.routes.add(item['name']);
      if (key === 'managedRoutes') names.managedRoutes.add(item['name']);
    }
  });
}

const SELECTED_KINDS: ReadonlyMap<string, string> = new Map([
  ['httpRouteSelector', 'HTTPRoute'],
  ['grpcRouteSelector', 'GRPCRoute'],
]);

function walk(value: unknown, visit: (key: string, value: unknown) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
  } else if (isPlainObject(value)) {
    for (const [key, field] of Object.entries(value)) {
      visit(key, field);
      walk(field, visit);
    }
  }
}

/**
 * The declaration with the steered leaves as the live object has them, so that applying it moves no traffic and no pod.
 * When a leaf was carried over, the object also carries the live resourceVersion: a write in between must not be undone.
 */
export function carryOver(desired: KubeObject, live: KubeObject | undefined, steering: Steering): KubeObject {
  if (live === undefined) return desired;
  const carried = carryOf(desired, live, steering);
  if (carried === desired || live.metadata.resourceVersion === undefined) return carried;
  return { ...carried, metadata: { ...carried.metadata, resourceVersion: live.metadata.resourceVersion } };
}

function carryOf(desired: KubeObject, live: KubeObject, steering: Steering): KubeObject {
  const name = desired.metadata.name;
  if (desired.kind === 'Service' && steering.services.has(name)) return carryHash(desired, live);
  if (isSteeredRoute(desired, live, steering)) return carryWeights(desired, live, steering);
  if (desired.kind === 'Ingress' && steering.routes.has(name)) return carryAnnotations(desired, live);
  if (steering.scaled.has(`${desired.kind}/${name}`) || isAutoscaled(live)) return carryReplicas(desired, live);
  return desired;
}

/** By its name, or by the labels that it has now. */
function isSteeredRoute({ kind, metadata }: KubeObject, live: KubeObject, steering: Steering): boolean {
  if (!/^(HTTP|GRPC|TCP|TLS)Route$/.test(kind)) return false;
  const isSelected = steering.routeSelectors.some(
    (one) => one.kind === kind && selectorMatches(one.selector, live.metadata.labels ?? {}),
  );
  return steering.routes.has(metadata.name) || isSelected;
}

function carryHash(desired: KubeObject, live: KubeObject): KubeObject {
  const liveSelector = field(live['spec'], 'selector');
  const hash = field(liveSelector, POD_TEMPLATE_HASH_LABEL);
  const spec = desired['spec'];
  if (typeof hash !== 'string' || !isPlainObject(spec)) return desired;
  const selector = fieldsOf(spec['selector']);
  return { ...desired, spec: { ...spec, selector: { ...selector, [POD_TEMPLATE_HASH_LABEL]: hash } } };
}

/**
 * Rules match by name, else by position; backends within a rule by their reference. Weights of others than the Rollout's
 * Services stay as declared. Rules that the controller adds stay right before the rule that they are made of.
 */
function carryWeights(desired: KubeObject, live: KubeObject, steering: Steering): KubeObject {
  const spec = desired['spec'];
  const liveRules = items(field(live['spec'], 'rules'));
  if (!isPlainObject(spec) || liveRules.length === 0) return desired;
  const declared = items(spec['rules']);
  const isManaged = (rule: Record<string, unknown>): boolean =>
    isNameOf(rule['name'], steering.managedRoutes) && !declared.some(({ name }) => name === rule['name']);
  const users = liveRules.filter((rule) => !isManaged(rule));
  const rules = declared.flatMap((rule, index) => {
    const liveRule =
      users.find((other) => rule['name'] !== undefined && other['name'] === rule['name']) ?? users[index];
    if (liveRule === undefined) return [rule];
    const backendRefs = carryBackends(items(rule['backendRefs']), items(liveRule['backendRefs']), steering);
    return [...runBefore(liveRules, liveRule, isManaged), { ...rule, backendRefs }];
  });
  return { ...desired, spec: { ...spec, rules } };
}

/** Rules of a managed route have its name as far as a rule may, with a number from the second one on. */
function isNameOf(name: unknown, managedRoutes: ReadonlySet<string>): boolean {
  if (typeof name !== 'string') return false;
  const front = name.replace(/-\d+$/, '');
  return [...managedRoutes].map(ruleNameOf).some((managed) => managed === name || managed === front);
}

/** The unbroken run of such items right before this one. */
function runBefore<Item>(all: readonly Item[], item: Item, isSuch: (item: Item) => boolean): readonly Item[] {
  const before = all.slice(0, all.indexOf(item));
  return before.slice(before.findLastIndex((one) => !isSuch(one)) + 1);
}

function carryBackends(
  desired: readonly Record<string, unknown>[],
  live: readonly Record<string, unknown>[],
  steering: Steering,
): readonly Record<string, unknown>[] {
  const declared = desired.map((backend) => {
    if (typeof backend['name'] !== 'string' || !steering.services.has(backend['name'])) return backend;
    const counterpart = live.find(
      (other) =>
        other['name'] === backend['name'] && (backend['port'] === undefined || other['port'] === backend['port']),
    );
    return counterpart?.['weight'] === undefined ? backend : { ...backend, weight: counterpart['weight'] };
  });
  const isAdditional = ({ name }: Record<string, unknown>): boolean =>
    typeof name === 'string' && steering.additional.has(name) && !desired.some((backend) => backend['name'] === name);
  return [...declared, ...live.filter(isAdditional)];
}

function carryAnnotations(desired: KubeObject, live: KubeObject): KubeObject {
  const declared = desired.metadata.annotations ?? {};
  const steered = Object.keys(declared).filter(
    (key) => WEIGHT_ANNOTATION.test(key) && live.metadata.annotations?.[key] !== undefined,
  );
  if (steered.length === 0) return desired;
  const carried = Object.fromEntries(steered.map((key) => [key, live.metadata.annotations?.[key] ?? '']));
  return { ...desired, metadata: { ...desired.metadata, annotations: { ...declared, ...carried } } };
}

/** Kubernetes' own autoscaler writes through the scale subresource, under the name of its process: it may be unknown to Git. */
function isAutoscaled(live: KubeObject): boolean {
  const entries = live.metadata.managedFields ?? [];
  return entries.some((entry) => entry.subresource === 'scale' && entry.manager === 'kube-controller-manager');
}

function carryReplicas(desired: KubeObject, live: KubeObject): KubeObject {
  const replicas = field(live['spec'], 'replicas');
  const spec = desired['spec'];
  if (typeof replicas !== 'number' || !isPlainObject(spec) || spec['replicas'] === undefined) return desired;
  return { ...desired, spec: { ...spec, replicas } };
}

function field(value: unknown, key: string): unknown {
  return isPlainObject(value) ? value[key] : undefined;
}

function items(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isPlainObject) : [];
}
