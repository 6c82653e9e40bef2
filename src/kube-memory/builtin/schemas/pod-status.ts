import {
  about,
  flag,
  int32,
  int64,
  listByKey,
  listOf,
  mapOf,
  oneOfTexts,
  patched,
  quantity,
  record,
  text,
  time,
} from '../schema.ts';
import { resourceRequirementsSchema } from './container.ts';
import { topLevel } from './meta.ts';
import { podSpecSchema } from './pod.ts';

/** What is observed of a pod. */
const podConditionSchema = record({
  lastProbeTime: time,
  lastTransitionTime: time,
  message: text,
  observedGeneration: int64,
  reason: text,
  status: text,
  type: text,
});

const resourceHealthSchema = record({
  health: text,
  resourceID: text,
});

const resourceStatusSchema = record({
  name: text,
  resources: listByKey(resourceHealthSchema, ['resourceID']),
});

const containerStateRunningSchema = record({
  startedAt: time,
});

const containerStateTerminatedSchema = record({
  containerID: text,
  exitCode: int32,
  finishedAt: time,
  message: text,
  reason: text,
  signal: int32,
  startedAt: time,
});

const containerStateWaitingSchema = record({
  message: text,
  reason: text,
});

const containerStateSchema = record({
  running: containerStateRunningSchema,
  terminated: containerStateTerminatedSchema,
  waiting: containerStateWaitingSchema,
});

const linuxContainerUserSchema = record({
  gid: int64,
  supplementalGroups: listOf(int64),
  uid: int64,
});

const containerUserSchema = record({
  linux: linuxContainerUserSchema,
});

const volumeMountStatusSchema = record({
  mountPath: text,
  name: text,
  readOnly: flag,
  recursiveReadOnly: text,
});

const containerStatusSchema = record({
  allocatedResources: mapOf(quantity),
  allocatedResourcesStatus: listByKey(resourceStatusSchema, ['name'], { key: 'name' }),
  containerID: text,
  image: text,
  imageID: text,
  lastState: containerStateSchema,
  name: text,
  ready: about('Whether its readiness probe succeeds.', flag),
  resources: resourceRequirementsSchema,
  restartCount: about('How often it was restarted.', int32),
  started: flag,
  state: about('What it does at the moment.', containerStateSchema),
  stopSignal: oneOfTexts(
    'SIGABRT',
    'SIGALRM',
    'SIGBUS',
    'SIGCHLD',
    'SIGCLD',
    'SIGCONT',
    'SIGFPE',
    'SIGHUP',
    'SIGILL',
    'SIGINT',
    'SIGIO',
    'SIGIOT',
    'SIGKILL',
    'SIGPIPE',
    'SIGPOLL',
    'SIGPROF',
    'SIGPWR',
    'SIGQUIT',
    'SIGRTMAX',
    'SIGRTMAX-1',
    'SIGRTMAX-10',
    'SIGRTMAX-11',
    'SIGRTMAX-12',
    'SIGRTMAX-13',
    'SIGRTMAX-14',
    'SIGRTMAX-2',
    'SIGRTMAX-3',
    'SIGRTMAX-4',
    'SIGRTMAX-5',
    'SIGRTMAX-6',
    'SIGRTMAX-7',
    'SIGRTMAX-8',
    'SIGRTMAX-9',
    'SIGRTMIN',
    'SIGRTMIN+1',
    'SIGRTMIN+10',
    'SIGRTMIN+11',
    'SIGRTMIN+12',
    'SIGRTMIN+13',
    'SIGRTMIN+14',
    'SIGRTMIN+15',
    'SIGRTMIN+2',
    'SIGRTMIN+3',
    'SIGRTMIN+4',
    'SIGRTMIN+5',
    'SIGRTMIN+6',
    'SIGRTMIN+7',
    'SIGRTMIN+8',
    'SIGRTMIN+9',
    'SIGSEGV',
    'SIGSTKFLT',
    'SIGSTOP',
    'SIGSYS',
    'SIGTERM',
    'SIGTRAP',
    'SIGTSTP',
    'SIGTTIN',
    'SIGTTOU',
    'SIGURG',
    'SIGUSR1',
    'SIGUSR2',
    'SIGVTALRM',
    'SIGWINCH',
    'SIGXCPU',
    'SIGXFSZ',
  ),
  user: containerUserSchema,
  volumeMounts: listByKey(volumeMountStatusSchema, ['mountPath'], { key: 'mountPath' }),
});

const containerExtendedResourceRequestSchema = record({
  containerName: text,
  requestName: text,
  resourceName: text,
});

const podExtendedResourceClaimStatusSchema = record({
  requestMappings: listOf(containerExtendedResourceRequestSchema),
  resourceClaimName: text,
});

const hostIPSchema = record({
  ip: text,
});

const podIPSchema = record({
  ip: text,
});

const podResourceClaimStatusSchema = record({
  name: text,
  resourceClaimName: text,
});

const podStatusSchema = record({
  conditions: about(
    'Steps that the pod has reached: placed, initialised, ready.',
    listByKey(podConditionSchema, ['type'], { key: 'type' }),
  ),
  containerStatuses: about('The state of each container.', listOf(containerStatusSchema)),
  ephemeralContainerStatuses: listOf(containerStatusSchema),
  extendedResourceClaimStatus: podExtendedResourceClaimStatusSchema,
  hostIP: about('The address of its node.', text),
  hostIPs: patched(listOf(hostIPSchema), { key: 'ip' }),
  initContainerStatuses: listOf(containerStatusSchema),
  message: text,
  nominatedNodeName: text,
  observedGeneration: int64,
  phase: about(
    'Pending, Running, Succeeded, Failed or Unknown.',
    oneOfTexts('Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'),
  ),
  podIP: about('The address of the pod.', text),
  podIPs: listByKey(podIPSchema, ['ip'], { key: 'ip' }),
  qosClass: oneOfTexts('BestEffort', 'Burstable', 'Guaranteed'),
  reason: text,
  resize: text,
  resourceClaimStatuses: listByKey(podResourceClaimStatusSchema, ['name'], {
    key: 'name',
    strategy: 'merge,retainKeys',
  }),
  startTime: time,
});

export const podSchema = about(
  'One or more containers that run together on one node.',
  topLevel({
    spec: about('What is wanted.', podSpecSchema),
    status: about('What is observed; written by the cluster.', podStatusSchema),
  }),
);
