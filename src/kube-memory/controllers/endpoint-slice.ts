import { controllerReferenceTo, type KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import { fieldsAt, itemsAt, numberAt, textAt, textsAt, type Fields } from '../builtin/fields.ts';
import { selectorMatches } from '../builtin/selectors.ts';
import type { Controller, ControllerContext } from './context.ts';
import { byLabel, byOwner, inNamespace, keyOf, Mirror, ownerIndexKeys } from './mirror.ts';
import { PORT_ANNOTATION } from './pod-behaviour.ts';
import { isReady, isTerminal } from './pod-facts.ts';
import { shortHash } from './template-hash.ts';
import { WorkQueue } from './work-queue.ts';

const RESOURCE = 'endpointslices.discovery.k8s.io';
const MANAGER = 'endpointslice-controller.k8s.io';
const SERVICE_LABEL = 'kubernetes.io/service-name';
const MANAGER_LABEL = 'endpointslice.kubernetes.io/managed-by';
const TRIGGER_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';
const ENDPOINTS_MAX = 100;

/** Keeps EndpointSlices of the pods that each Service selects. */
export function startEndpointSliceController(context: ControllerContext): Controller {
  const services = new Mirror(context.store, 'services', serviceIndexKeys);
  const slices = new Mirror(context.store, RESOURCE, ownerIndexKeys);
  const queue = new WorkQueue({
    clock: context.clock,
    sync: (key) => syncService(context, slices, services.get(key)),
    onError: context.onError,
  });
  for (const key of services.keys()) queue.add(key);
  services.onChange(({ object }) => queue.add(keyOf(object)));
  context.pods.onChange(({ object, old }) => {
    for (const pod of old === undefined ? [object] : [object, old]) {
      for (const service of servicesOf(services, pod)) queue.add(keyOf(service));
    }
  });
  slices.onChange(({ object }) => {
    const service = object.metadata.labels?.[SERVICE_LABEL];
    if (service !== undefined && object.metadata.labels?.[MANAGER_LABEL] === MANAGER)
      queue.add(`${object.metadata.namespace ?? ''}/${service}`);
  });
  return {
    stop: () => {
      queue.stop();
      services.stop();
      slices.stop();
    },
  };
}

/** A Service is found by one pair of its selector: every pod that it selects carries it. */
function serviceIndexKeys(service: KubeObject): readonly string[] {
  const pair = Object.entries(textsAt(service, 'spec', 'selector'))[0];
  return pair === undefined ? [] : [byLabel(service.metadata.namespace ?? '', ...pair)];
}

function servicesOf(services: Mirror, pod: KubeObject): readonly KubeObject[] {
  const labels = pod.metadata.labels ?? {};
  return Object.entries(labels)
    .flatMap(([name, value]) => services.indexed(byLabel(pod.metadata.namespace ?? '', name, value)))
    .filter((service) => selectorMatches({ matchLabels: textsAt(service, 'spec', 'selector') }, labels));
}

function syncService(context: ControllerContext, slices: Mirror, service: KubeObject | undefined): undefined {
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return undefined;
  const selector = textsAt(service, 'spec', 'selector');
  if (Object.keys(selector).length === 0 || textAt(service, 'spec', 'type') === 'ExternalName') return undefined;
  const pods = selectedPods(context, service, selector);
  const wanted = new Map(wantedSlices(service, pods).map((slice) => [slice.metadata.name, slice]));
  for (const slice of slices.indexed(byOwner(service.metadata.uid ?? ''))) {
    if (slice.metadata.labels?.[MANAGER_LABEL] !== MANAGER) continue;
    const next = wanted.get(slice.metadata.name);
    wanted.delete(slice.metadata.name);
    if (next === undefined) context.store.delete(RESOURCE, slice.metadata.namespace, slice.metadata.name);
    else replaceSlice(context, slice, next);
    slices.refresh(slice.metadata.namespace, slice.metadata.name);
  }
  for (const slice of wanted.values()) {
    context.store.create(RESOURCE, withTrigger(slice, context));
    slices.refresh(slice.metadata.namespace, slice.metadata.name);
  }
  return undefined;
}

/** The pods of a Service, by the label pair that the fewest pods carry. */
function selectedPods(
  context: ControllerContext,
  service: KubeObject,
  selector: Readonly<Record<string, string>>,
): readonly KubeObject[] {
  const namespace = service.metadata.namespace ?? '';
  let narrowest = inNamespace(namespace);
  for (const [name, value] of Object.entries(selector)) {
    const key = byLabel(namespace, name, value);
    if (context.pods.count(key) < context.pods.count(narrowest)) narrowest = key;
  }
  return context.pods
    .indexed(narrowest)
    .filter((pod) => selectorMatches({ matchLabels: selector }, pod.metadata.labels ?? {}))
    .filter((pod) => !isTerminal(pod) && textAt(pod, 'status', 'podIP') !== undefined);
}

function replaceSlice(context: ControllerContext, slice: KubeObject, next: KubeObject): void {
  const same =
    deepEqual(slice.endpoints, next.endpoints) &&
    deepEqual(slice.ports, next.ports) &&
    deepEqual(slice.metadata.labels, next.metadata.labels);
  if (same) return;
  const { annotations } = withTrigger(next, context).metadata;
  context.store.update(RESOURCE, {
    ...slice,
    ...next,
    metadata: { ...slice.metadata, labels: next.metadata.labels, annotations },
  });
}

function withTrigger(slice: KubeObject, context: ControllerContext): KubeObject {
  const annotations = { [TRIGGER_ANNOTATION]: formatTimestamp(context.clock.nowMs()) };
  return { ...slice, metadata: { ...slice.metadata, annotations } };
}

/** Pods with the same ports share slices of up to a hundred endpoints; without any pod one empty slice stays. */
function wantedSlices(service: KubeObject, pods: readonly KubeObject[]): readonly KubeObject[] {
  const groups = new Map<string, { readonly ports: readonly Fields[]; readonly pods: KubeObject[] }>();
  for (const pod of pods) {
    const ports = itemsAt(service, 'spec', 'ports').flatMap((port) => resolvedPort(port, pod));
    const key = JSON.stringify(ports);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ports, pods: [pod] });
    else group.pods.push(pod);
  }
  if (groups.size === 0) return [sliceOf(service, { id: 'empty', ports: [], endpoints: [] })];
  return [...groups].flatMap(([key, { ports, pods: members }]) =>
    chunked(members, ENDPOINTS_MAX).map((chunk, index) => {
      const id = groups.size === 1 && index === 0 ? 'empty' : `${key}#${index}`;
      return sliceOf(service, { id, ports, endpoints: chunk.map((pod) => endpointOf(service, pod)) });
    }),
  );
}

function sliceOf(
  service: KubeObject,
  parts: { readonly id: string; readonly ports: readonly Fields[]; readonly endpoints: readonly Fields[] },
): KubeObject {
  const { name, namespace, labels, uid } = service.metadata;
  const headless: Readonly<Record<string, string>> =
    textAt(service, 'spec', 'clusterIP') === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${shortHash([uid, parts.id]).slice(0, 5)}`,
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, ...headless, [MANAGER_LABEL]: MANAGER, [SERVICE_LABEL]: name },
      ownerReferences: [controllerReferenceTo(service)],
    },
    addressType: 'IPv4',
    endpoints: parts.endpoints,
    ports: parts.ports,
  };
}

function endpointOf(service: KubeObject, pod: KubeObject): Fields {
  const ready = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const published = fieldsAt(service, 'spec').publishNotReadyAddresses === true;
  const nodeName = textAt(pod, 'spec', 'nodeName');
  return {
    addresses: [textAt(pod, 'status', 'podIP')],
    conditions: { ready: published || (ready && !terminating), serving: ready, terminating },
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  };
}

/** A Service's port as this pod serves it; nothing when it names a port that the pod does not have. */
function resolvedPort(port: Fields, pod: KubeObject): readonly Fields[] {
  const target = port.targetPort ?? port.port;
  const number = typeof target === 'string' ? namedPort(pod, target, textAt(port, 'protocol') ?? 'TCP') : target;
  if (typeof number !== 'number') return [];
  const listening = Number(pod.metadata.annotations?.[PORT_ANNOTATION] ?? Number.NaN);
  const appProtocol = textAt(port, 'appProtocol');
  return [
    {
      name: textAt(port, 'name') ?? '',
      protocol: textAt(port, 'protocol') ?? 'TCP',
      port: Number.isNaN(listening) ? number : listening,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    },
  ];
}

function namedPort(pod: KubeObject, name: string, protocol: string): number | undefined {
  const ports = itemsAt(pod, 'spec', 'containers').flatMap((container) => itemsAt(container, 'ports'));
  return numberAt(
    ports.find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol),
    'containerPort',
  );
}

function chunked<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const chunks: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}
