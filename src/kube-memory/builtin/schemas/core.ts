import {
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

export const namespaceSchema = topLevel({
  spec: namespaceSpecSchema,
  status: namespaceStatusSchema,
});

const servicePortSchema = record(
  {
    appProtocol: text,
    name: text,
    nodePort: int32,
    port: int32,
    protocol: { ...oneOfTexts('SCTP', 'TCP', 'UDP'), default: 'TCP' },
    targetPort: intOrString,
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
  clusterIP: text,
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
  ports: listByKey(servicePortSchema, ['port', 'protocol'], { key: 'port' }),
  publishNotReadyAddresses: flag,
  selector: atomicMapOf(text),
  sessionAffinity: oneOfTexts('ClientIP', 'None'),
  sessionAffinityConfig: sessionAffinityConfigSchema,
  trafficDistribution: text,
  type: oneOfTexts('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'),
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

export const serviceSchema = topLevel({
  spec: serviceSpecSchema,
  status: serviceStatusSchema,
});

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

export const endpointsSchema = topLevel({
  subsets: listOf(endpointSubsetSchema),
});

export const secretSchema = topLevel({
  data: mapOf(bytes),
  immutable: flag,
  stringData: mapOf(text),
  type: text,
});

export const configMapSchema = topLevel({
  binaryData: mapOf(bytes),
  data: mapOf(text),
  immutable: flag,
});

const eventSeriesSchema = record({
  count: int32,
  lastObservedTime: microTime,
});

export const eventSourceSchema = record({
  component: text,
  host: text,
});

export const eventSchema = topLevel(
  {
    action: text,
    count: int32,
    eventTime: microTime,
    firstTimestamp: time,
    involvedObject: objectReferenceSchema,
    lastTimestamp: time,
    message: text,
    reason: text,
    related: objectReferenceSchema,
    reportingComponent: text,
    reportingInstance: text,
    series: eventSeriesSchema,
    source: eventSourceSchema,
    type: text,
  },
  ['involvedObject'],
);

export const serviceAccountSchema = topLevel({
  automountServiceAccountToken: flag,
  imagePullSecrets: listOf(localObjectReferenceSchema),
  secrets: listByKey(objectReferenceSchema, ['name'], { key: 'name' }),
});

export const podTemplateSchema = topLevel({
  template: podTemplateSpecSchema,
});

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

export const persistentVolumeClaimSchema = topLevel({
  spec: persistentVolumeClaimSpecSchema,
  status: persistentVolumeClaimStatusSchema,
});
