import {
  about,
  atomicMapOf,
  atomicRecord,
  bytes,
  flag,
  int32,
  intOrString,
  listByKey,
  listOf,
  mapOf,
  microTime,
  oneOfTexts,
  quantity,
  record,
  text,
  time,
} from '../schema.ts';
import { conditionSchema, localObjectReferenceSchema, objectReferenceSchema, topLevel } from './meta.ts';
import { podTemplateSpecSchema } from './pod.ts';
import { persistentVolumeClaimSpecSchema } from './volume.ts';

/** The other kinds of core/v1. */
const namespaceSpecSchema = record({
  finalizers: listOf(text),
});

const namespaceConditionSchema = record({
  lastTransitionTime: time,
  message: text,
  reason: text,
  status: text,
  type: text,
});

const namespaceStatusSchema = record({
  conditions: listByKey(namespaceConditionSchema, ['type'], { key: 'type' }),
  phase: oneOfTexts('Active', 'Terminating'),
});

export const namespaceSchema = about(
  'A room for objects: names are unique within it.',
  topLevel({
    spec: namespaceSpecSchema,
    status: namespaceStatusSchema,
  }),
);

const servicePortSchema = record(
  {
    appProtocol: text,
    name: about('Needed when there are several ports.', text),
    nodePort: about('The port on every node.', int32),
    port: about('The port of the service.', int32),
    protocol: about('TCP, UDP or SCTP.', { ...oneOfTexts('SCTP', 'TCP', 'UDP'), default: 'TCP' }),
    targetPort: about('The port of the pods, by number or by the name of a container port.', intOrString),
  },
  ['port'],
);

const clientIPConfigSchema = record({
  timeoutSeconds: int32,
});

const sessionAffinityConfigSchema = record({
  clientIP: clientIPConfigSchema,
});

const serviceSpecSchema = record({
  allocateLoadBalancerNodePorts: flag,
  clusterIP: about('Its address inside the cluster; None for a headless service.', text),
  clusterIPs: listOf(text),
  externalIPs: listOf(text),
  externalName: text,
  externalTrafficPolicy: oneOfTexts('Cluster', 'Local'),
  healthCheckNodePort: int32,
  internalTrafficPolicy: oneOfTexts('Cluster', 'Local'),
  ipFamilies: listOf(oneOfTexts('', 'IPv4', 'IPv6')),
  ipFamilyPolicy: oneOfTexts('PreferDualStack', 'RequireDualStack', 'SingleStack'),
  loadBalancerClass: text,
  loadBalancerIP: text,
  loadBalancerSourceRanges: listOf(text),
  ports: about(
    'Ports of the service and where they lead.',
    listByKey(servicePortSchema, ['port', 'protocol'], { key: 'port' }),
  ),
  publishNotReadyAddresses: about('Also pods that are not ready get traffic.', flag),
  selector: about('Labels of the pods that get the traffic.', atomicMapOf(text)),
  sessionAffinity: about('ClientIP sends a client to the same pod again.', oneOfTexts('ClientIP', 'None')),
  sessionAffinityConfig: sessionAffinityConfigSchema,
  trafficDistribution: text,
  type: about(
    'ClusterIP, NodePort, LoadBalancer or ExternalName.',
    oneOfTexts('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'),
  ),
});

const portStatusSchema = record({
  error: text,
  port: int32,
  protocol: oneOfTexts('SCTP', 'TCP', 'UDP'),
});

const loadBalancerIngressSchema = record({
  hostname: text,
  ip: text,
  ipMode: text,
  ports: listOf(portStatusSchema),
});

const loadBalancerStatusSchema = record({
  ingress: listOf(loadBalancerIngressSchema),
});

const serviceStatusSchema = record({
  conditions: listByKey(conditionSchema, ['type'], { key: 'type' }),
  loadBalancer: loadBalancerStatusSchema,
});

export const serviceSchema = about(
  'A stable address for the pods that its selector finds.',
  topLevel({
    spec: about('What is wanted.', serviceSpecSchema),
    status: about('What is observed.', serviceStatusSchema),
  }),
);

const endpointAddressSchema = atomicRecord(
  {
    hostname: text,
    ip: text,
    nodeName: text,
    targetRef: objectReferenceSchema,
  },
  ['ip'],
);

const endpointPortSchema = atomicRecord(
  {
    appProtocol: text,
    name: text,
    port: int32,
    protocol: oneOfTexts('SCTP', 'TCP', 'UDP'),
  },
  ['port'],
);

const endpointSubsetSchema = record({
  addresses: listOf(endpointAddressSchema),
  notReadyAddresses: listOf(endpointAddressSchema),
  ports: listOf(endpointPortSchema),
});

export const endpointsSchema = about(
  'Addresses behind a service; EndpointSlices have replaced them.',
  topLevel({
    subsets: listOf(endpointSubsetSchema),
  }),
);

export const secretSchema = about(
  'Confidential data, for pods to mount or to take as environment.',
  topLevel({
    data: about('Bytes in base64 by key.', mapOf(bytes)),
    immutable: flag,
    stringData: about('Texts by key, for writing only; they end up in data.', mapOf(text)),
    type: about('What the data is for, e.g. kubernetes.io/tls.', text),
  }),
);

export const configMapSchema = about(
  'Configuration as text, for pods to mount or to take as environment.',
  topLevel({
    binaryData: about('Bytes in base64 by key.', mapOf(bytes)),
    data: about('Texts by key.', mapOf(text)),
    immutable: about('The data cannot change any more.', flag),
  }),
);

const eventSeriesSchema = record({
  count: int32,
  lastObservedTime: microTime,
});

export const eventSourceSchema = record({
  component: text,
  host: text,
});

export const eventSchema = about(
  'Something that happened to an object.',
  topLevel(
    {
      action: text,
      count: about('How often it happened.', int32),
      eventTime: microTime,
      firstTimestamp: time,
      involvedObject: about('The object that it happened to.', objectReferenceSchema),
      lastTimestamp: about('When it happened last.', time),
      message: about('A sentence for people.', text),
      reason: about('One word for programs.', text),
      related: objectReferenceSchema,
      reportingComponent: text,
      reportingInstance: text,
      series: eventSeriesSchema,
      source: eventSourceSchema,
      type: about('Normal or Warning.', text),
    },
    ['involvedObject'],
  ),
);

export const serviceAccountSchema = about(
  'Who the programs in pods are for the API.',
  topLevel({
    automountServiceAccountToken: flag,
    imagePullSecrets: listOf(localObjectReferenceSchema),
    secrets: listByKey(objectReferenceSchema, ['name'], { key: 'name' }),
  }),
);

export const podTemplateSchema = about(
  'A pod template on its own, for others to refer to.',
  topLevel({
    template: podTemplateSpecSchema,
  }),
);

const persistentVolumeClaimConditionSchema = record({
  lastProbeTime: time,
  lastTransitionTime: time,
  message: text,
  reason: text,
  status: text,
  type: text,
});

const modifyVolumeStatusSchema = record({
  status: oneOfTexts('InProgress', 'Infeasible', 'Pending'),
  targetVolumeAttributesClassName: text,
});

const persistentVolumeClaimStatusSchema = record({
  accessModes: listOf(oneOfTexts('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod')),
  allocatedResourceStatuses: mapOf(
    oneOfTexts(
      'ControllerResizeInProgress',
      'ControllerResizeInfeasible',
      'NodeResizeInProgress',
      'NodeResizeInfeasible',
      'NodeResizePending',
    ),
  ),
  allocatedResources: mapOf(quantity),
  capacity: mapOf(quantity),
  conditions: listByKey(persistentVolumeClaimConditionSchema, ['type'], { key: 'type' }),
  currentVolumeAttributesClassName: text,
  modifyVolumeStatus: modifyVolumeStatusSchema,
  phase: oneOfTexts('Bound', 'Lost', 'Pending'),
});

export const persistentVolumeClaimSchema = about(
  'A claim for storage.',
  topLevel({
    spec: persistentVolumeClaimSpecSchema,
    status: persistentVolumeClaimStatusSchema,
  }),
);
