import {
  atomicRecord,
  flag,
  int32,
  int64,
  intOrString,
  listByKey,
  listOf,
  mapOf,
  oneOfTexts,
  quantity,
  record,
  setOf,
  text,
} from '../schema.ts';
import { objectFieldSelectorSchema, resourceFieldSelectorSchema } from './volume.ts';

/** Containers: environment, ports, probes, resources, security. */
const configMapKeySelectorSchema = atomicRecord(
  {
    key: text,
    name: text,
    optional: flag,
  },
  ['key'],
);

const fileKeySelectorSchema = atomicRecord(
  {
    key: text,
    optional: flag,
    path: text,
    volumeName: text,
  },
  ['volumeName', 'path', 'key'],
);

const secretKeySelectorSchema = atomicRecord(
  {
    key: text,
    name: text,
    optional: flag,
  },
  ['key'],
);

const envVarSourceSchema = record({
  configMapKeyRef: configMapKeySelectorSchema,
  fieldRef: objectFieldSelectorSchema,
  fileKeyRef: fileKeySelectorSchema,
  resourceFieldRef: resourceFieldSelectorSchema,
  secretKeyRef: secretKeySelectorSchema,
});

const envVarSchema = record(
  {
    name: text,
    value: text,
    valueFrom: envVarSourceSchema,
  },
  ['name'],
);

const configMapEnvSourceSchema = record({
  name: text,
  optional: flag,
});

const secretEnvSourceSchema = record({
  name: text,
  optional: flag,
});

const envFromSourceSchema = record({
  configMapRef: configMapEnvSourceSchema,
  prefix: text,
  secretRef: secretEnvSourceSchema,
});

const execActionSchema = record({
  command: listOf(text),
});

const httpHeaderSchema = record(
  {
    name: text,
    value: text,
  },
  ['name', 'value'],
);

const httpGetActionSchema = record(
  {
    host: text,
    httpHeaders: listOf(httpHeaderSchema),
    path: text,
    port: intOrString,
    scheme: oneOfTexts('HTTP', 'HTTPS'),
  },
  ['port'],
);

const sleepActionSchema = record(
  {
    seconds: int64,
  },
  ['seconds'],
);

const tcpSocketActionSchema = record(
  {
    host: text,
    port: intOrString,
  },
  ['port'],
);

const lifecycleHandlerSchema = record({
  exec: execActionSchema,
  httpGet: httpGetActionSchema,
  sleep: sleepActionSchema,
  tcpSocket: tcpSocketActionSchema,
});

const lifecycleSchema = record({
  postStart: lifecycleHandlerSchema,
  preStop: lifecycleHandlerSchema,
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
});

const grpcActionSchema = record(
  {
    port: int32,
    service: text,
  },
  ['port'],
);

const probeSchema = record({
  exec: execActionSchema,
  failureThreshold: int32,
  grpc: grpcActionSchema,
  httpGet: httpGetActionSchema,
  initialDelaySeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  tcpSocket: tcpSocketActionSchema,
  terminationGracePeriodSeconds: int64,
  timeoutSeconds: int32,
});

const containerPortSchema = record(
  {
    containerPort: int32,
    hostIP: text,
    hostPort: int32,
    name: text,
    protocol: { ...oneOfTexts('SCTP', 'TCP', 'UDP'), default: 'TCP' },
  },
  ['containerPort'],
);

const containerResizePolicySchema = record(
  {
    resourceName: text,
    restartPolicy: text,
  },
  ['resourceName', 'restartPolicy'],
);

const resourceClaimSchema = record(
  {
    name: text,
    request: text,
  },
  ['name'],
);

export const resourceRequirementsSchema = record({
  claims: listByKey(resourceClaimSchema, ['name']),
  limits: mapOf(quantity),
  requests: mapOf(quantity),
});

const containerRestartRuleOnExitCodesSchema = record(
  {
    operator: text,
    values: setOf(int32),
  },
  ['operator'],
);

const containerRestartRuleSchema = record(
  {
    action: text,
    exitCodes: containerRestartRuleOnExitCodesSchema,
  },
  ['action'],
);

export const appArmorProfileSchema = record(
  {
    localhostProfile: text,
    type: oneOfTexts('Localhost', 'RuntimeDefault', 'Unconfined'),
  },
  ['type'],
);

const capabilitiesSchema = record({
  add: listOf(text),
  drop: listOf(text),
});

export const seLinuxOptionsSchema = record({
  level: text,
  role: text,
  type: text,
  user: text,
});

export const seccompProfileSchema = record(
  {
    localhostProfile: text,
    type: oneOfTexts('Localhost', 'RuntimeDefault', 'Unconfined'),
  },
  ['type'],
);

export const windowsSecurityContextOptionsSchema = record({
  gmsaCredentialSpec: text,
  gmsaCredentialSpecName: text,
  hostProcess: flag,
  runAsUserName: text,
});

const securityContextSchema = record({
  allowPrivilegeEscalation: flag,
  appArmorProfile: appArmorProfileSchema,
  capabilities: capabilitiesSchema,
  privileged: flag,
  procMount: oneOfTexts('Default', 'Unmasked'),
  readOnlyRootFilesystem: flag,
  runAsGroup: int64,
  runAsNonRoot: flag,
  runAsUser: int64,
  seLinuxOptions: seLinuxOptionsSchema,
  seccompProfile: seccompProfileSchema,
  windowsOptions: windowsSecurityContextOptionsSchema,
});

const volumeDeviceSchema = record(
  {
    devicePath: text,
    name: text,
  },
  ['name', 'devicePath'],
);

const volumeMountSchema = record(
  {
    mountPath: text,
    mountPropagation: oneOfTexts('Bidirectional', 'HostToContainer', 'None'),
    name: text,
    readOnly: flag,
    recursiveReadOnly: text,
    subPath: text,
    subPathExpr: text,
  },
  ['name', 'mountPath'],
);

export const containerSchema = record(
  {
    args: listOf(text),
    command: listOf(text),
    env: listByKey(envVarSchema, ['name'], { key: 'name' }),
    envFrom: listOf(envFromSourceSchema),
    image: text,
    imagePullPolicy: oneOfTexts('Always', 'IfNotPresent', 'Never'),
    lifecycle: lifecycleSchema,
    livenessProbe: probeSchema,
    name: text,
    ports: listByKey(containerPortSchema, ['containerPort', 'protocol'], { key: 'containerPort' }),
    readinessProbe: probeSchema,
    resizePolicy: listOf(containerResizePolicySchema),
    resources: resourceRequirementsSchema,
    restartPolicy: text,
    restartPolicyRules: listOf(containerRestartRuleSchema),
    securityContext: securityContextSchema,
    startupProbe: probeSchema,
    stdin: flag,
    stdinOnce: flag,
    terminationMessagePath: text,
    terminationMessagePolicy: oneOfTexts('FallbackToLogsOnError', 'File'),
    tty: flag,
    volumeDevices: listByKey(volumeDeviceSchema, ['devicePath'], { key: 'devicePath' }),
    volumeMounts: listByKey(volumeMountSchema, ['mountPath'], { key: 'mountPath' }),
    workingDir: text,
  },
  ['name'],
);

export const ephemeralContainerSchema = record(
  {
    args: listOf(text),
    command: listOf(text),
    env: listByKey(envVarSchema, ['name'], { key: 'name' }),
    envFrom: listOf(envFromSourceSchema),
    image: text,
    imagePullPolicy: oneOfTexts('Always', 'IfNotPresent', 'Never'),
    lifecycle: lifecycleSchema,
    livenessProbe: probeSchema,
    name: text,
    ports: listByKey(containerPortSchema, ['containerPort', 'protocol'], { key: 'containerPort' }),
    readinessProbe: probeSchema,
    resizePolicy: listOf(containerResizePolicySchema),
    resources: resourceRequirementsSchema,
    restartPolicy: text,
    restartPolicyRules: listOf(containerRestartRuleSchema),
    securityContext: securityContextSchema,
    startupProbe: probeSchema,
    stdin: flag,
    stdinOnce: flag,
    targetContainerName: text,
    terminationMessagePath: text,
    terminationMessagePolicy: oneOfTexts('FallbackToLogsOnError', 'File'),
    tty: flag,
    volumeDevices: listByKey(volumeDeviceSchema, ['devicePath'], { key: 'devicePath' }),
    volumeMounts: listByKey(volumeMountSchema, ['mountPath'], { key: 'mountPath' }),
    workingDir: text,
  },
  ['name'],
);
