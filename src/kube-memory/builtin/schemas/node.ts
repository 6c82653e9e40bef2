import {
  about,
  flag,
  int32,
  int64,
  listByKey,
  listOf,
  mapOf,
  oneOfTexts,
  quantity,
  record,
  setOf,
  text,
  time,
} from '../schema.ts';
import { topLevel } from './meta.ts';

/** Node of core/v1. */
const configMapNodeConfigSourceSchema = record(
  {
    kubeletConfigKey: text,
    name: text,
    namespace: text,
    resourceVersion: text,
    uid: text,
  },
  ['namespace', 'name', 'kubeletConfigKey'],
);

const nodeConfigSourceSchema = record({
  configMap: configMapNodeConfigSourceSchema,
});

const taintSchema = record(
  {
    effect: oneOfTexts('NoExecute', 'NoSchedule', 'PreferNoSchedule'),
    key: text,
    timeAdded: time,
    value: text,
  },
  ['key', 'effect'],
);

const nodeSpecSchema = record({
  configSource: nodeConfigSourceSchema,
  externalID: text,
  podCIDR: text,
  podCIDRs: setOf(text, { strategy: 'merge' }),
  providerID: text,
  taints: listOf(taintSchema),
  unschedulable: flag,
});

const nodeAddressSchema = record({
  address: text,
  type: text,
});

const nodeConditionSchema = record({
  lastHeartbeatTime: time,
  lastTransitionTime: time,
  message: text,
  reason: text,
  status: text,
  type: text,
});

const nodeConfigStatusSchema = record({
  active: nodeConfigSourceSchema,
  assigned: nodeConfigSourceSchema,
  error: text,
  lastKnownGood: nodeConfigSourceSchema,
});

const daemonEndpointSchema = record({
  Port: int32,
});

const nodeDaemonEndpointsSchema = record({
  kubeletEndpoint: daemonEndpointSchema,
});

const nodeFeaturesSchema = record({
  supplementalGroupsPolicy: flag,
});

const containerImageSchema = record({
  names: listOf(text),
  sizeBytes: int64,
});

const nodeSwapStatusSchema = record({
  capacity: int64,
});

const nodeSystemInfoSchema = record({
  architecture: text,
  bootID: text,
  containerRuntimeVersion: text,
  kernelVersion: text,
  kubeProxyVersion: text,
  kubeletVersion: text,
  machineID: text,
  operatingSystem: text,
  osImage: text,
  swap: nodeSwapStatusSchema,
  systemUUID: text,
});

const nodeRuntimeHandlerFeaturesSchema = record({
  recursiveReadOnlyMounts: flag,
  userNamespaces: flag,
});

const nodeRuntimeHandlerSchema = record({
  features: nodeRuntimeHandlerFeaturesSchema,
  name: text,
});

const attachedVolumeSchema = record({
  devicePath: text,
  name: text,
});

const nodeStatusSchema = record({
  addresses: listByKey(nodeAddressSchema, ['type'], { key: 'type' }),
  allocatable: mapOf(quantity),
  capacity: mapOf(quantity),
  conditions: listByKey(nodeConditionSchema, ['type'], { key: 'type' }),
  config: nodeConfigStatusSchema,
  daemonEndpoints: nodeDaemonEndpointsSchema,
  features: nodeFeaturesSchema,
  images: listOf(containerImageSchema),
  nodeInfo: nodeSystemInfoSchema,
  phase: oneOfTexts('Pending', 'Running', 'Terminated'),
  runtimeHandlers: listOf(nodeRuntimeHandlerSchema),
  volumesAttached: listOf(attachedVolumeSchema),
  volumesInUse: listOf(text),
});

export const nodeSchema = about(
  'A machine that runs pods.',
  topLevel({
    spec: nodeSpecSchema,
    status: nodeStatusSchema,
  }),
);
