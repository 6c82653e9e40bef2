import {
  about,
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
    name: about('Name of the variable.', text),
    value: about('Its value.', text),
    valueFrom: about('Where its value comes from instead.', envVarSourceSchema),
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
  exec: about('Succeeds when a command ends with 0.', execActionSchema),
  failureThreshold: about('Failures in a row that make bad.', int32),
  grpc: about('Asks a gRPC health service.', grpcActionSchema),
  httpGet: about('Succeeds when an HTTP request is answered with 200 to 399.', httpGetActionSchema),
  initialDelaySeconds: about('Seconds after the start before the first probe.', int32),
  periodSeconds: about('Seconds between two probes.', int32),
  successThreshold: about('Successes in a row that make good.', int32),
  tcpSocket: about('Succeeds when a connection can be opened.', tcpSocketActionSchema),
  terminationGracePeriodSeconds: int64,
  timeoutSeconds: about('Seconds after which a probe has failed.', int32),
});

const containerPortSchema = record(
  {
    containerPort: about('The number of the port, 1 to 65535.', int32),
    hostIP: text,
    hostPort: about('The same port on the node.', int32),
    name: about('A short name for Services and probes to use.', text),
    protocol: about('TCP, UDP or SCTP.', { ...oneOfTexts('SCTP', 'TCP', 'UDP'), default: 'TCP' }),
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
  limits: about('The most that may be used.', mapOf(quantity)),
  requests: about('What must be free on a node for the pod to be placed there.', mapOf(quantity)),
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
    mountPath: about('The path inside the container.', text),
    mountPropagation: oneOfTexts('Bidirectional', 'HostToContainer', 'None'),
    name: about('The volume of the pod that is mounted.', text),
    readOnly: about('Nothing can be written to it.', flag),
    recursiveReadOnly: text,
    subPath: about('A path inside the volume.', text),
    subPathExpr: text,
  },
  ['name', 'mountPath'],
);

export const containerSchema = about(
  'One program of a pod.',
  record(
    {
      args: about('Arguments of the entry point.', listOf(text)),
      command: about('Replaces the entry point of the image.', listOf(text)),
      env: about('Environment variables.', listByKey(envVarSchema, ['name'], { key: 'name' })),
      envFrom: about('ConfigMaps and Secrets whose entries become environment variables.', listOf(envFromSourceSchema)),
      image: about('The image to run, with its tag or digest.', text),
      imagePullPolicy: about(
        'When the image is pulled: Always, IfNotPresent or Never.',
        oneOfTexts('Always', 'IfNotPresent', 'Never'),
      ),
      lifecycle: about('What to do after the start and before the end.', lifecycleSchema),
      livenessProbe: about('Says whether the container must be restarted.', probeSchema),
      name: about('Unique in the pod.', text),
      ports: about(
        'Ports that the program listens on; names can be used by Services and probes.',
        listByKey(containerPortSchema, ['containerPort', 'protocol'], { key: 'containerPort' }),
      ),
      readinessProbe: about('Says whether the container takes traffic.', probeSchema),
      resizePolicy: listOf(containerResizePolicySchema),
      resources: about(
        'Computing resources that the container asks for and may use at most.',
        resourceRequirementsSchema,
      ),
      restartPolicy: text,
      restartPolicyRules: listOf(containerRestartRuleSchema),
      securityContext: about('Privileges of this container.', securityContextSchema),
      startupProbe: about('Holds the other probes back until the program has started.', probeSchema),
      stdin: flag,
      stdinOnce: flag,
      terminationMessagePath: text,
      terminationMessagePolicy: oneOfTexts('FallbackToLogsOnError', 'File'),
      tty: flag,
      volumeDevices: listByKey(volumeDeviceSchema, ['devicePath'], { key: 'devicePath' }),
      volumeMounts: about(
        'Where volumes appear in the file system.',
        listByKey(volumeMountSchema, ['mountPath'], { key: 'mountPath' }),
      ),
      workingDir: about('The directory that the program starts in.', text),
    },
    ['name'],
  ),
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
