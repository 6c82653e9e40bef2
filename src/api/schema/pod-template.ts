import { z } from 'zod';

import { labelSelectorSchema } from './common.ts';
import { anyMap, anyObject, flag, int32, int64, listByKey, listOf, openObject, text, textMap } from './fields.ts';

/*
 * The pod template is Kubernetes' shape, not ours. Every object in it keeps fields it does not know, so that a field of
 * a newer Kubernetes survives; what is listed here is what Headgate reads, what server-side apply merges by key, and what
 * people look up with `kubectl explain`. Why these keys: docs/decisions/0003-crd-list-keys.md.
 */

/** Any values, since a quantity may be written as a number with a fraction, which no schema of a CRD can say beside text. */
const quantities = (description: string) => anyMap(`${description} Quantities such as 500m, 0.5 or 128Mi.`);

const probe = (description: string) =>
  openObject(description, {
    exec: anyObject('Runs a command in the container; exit code 0 is healthy.').optional(),
    httpGet: anyObject('Requests a URL; a status from 200 to 399 is healthy.').optional(),
    tcpSocket: anyObject('Opens a TCP connection.').optional(),
    grpc: anyObject('Calls the gRPC health service.').optional(),
    initialDelaySeconds: int32('Seconds to wait after the container started.').optional(),
    periodSeconds: int32('Seconds between two checks; 10 if unset.').optional(),
    timeoutSeconds: int32('Seconds until a check counts as failed; 1 if unset.').optional(),
    successThreshold: int32('Successes in a row that are needed after a failure.').optional(),
    failureThreshold: int32('Failures in a row that are needed; 3 if unset.').optional(),
    terminationGracePeriodSeconds: int64('Overrides the grace period of the pod when this probe fails.').optional(),
  });

const port = openObject('A port that the container listens on.', {
  name: text('A name that Services can refer to.').optional(),
  containerPort: int32('The number of the port.'),
  // The API server needs every key of a keyed list to be there or to have a default; TCP is Kubernetes' own.
  protocol: z.string().default('TCP').describe('UDP, TCP or SCTP; TCP if unset.'),
  hostPort: int32('The port to bind on the node.').optional(),
  hostIP: text('The address of the node to bind to.').optional(),
});

const environmentVariable = openObject('An environment variable.', {
  name: text('The name of the variable.'),
  value: text('The value; $(NAME) refers to variables defined before.').optional(),
  valueFrom: anyObject('Where to take the value from: a field, a resource, a ConfigMap or a Secret.').optional(),
});

const container = openObject('A container of the pod.', {
  name: text('The name of the container, unique in the pod.'),
  image: text('The image to run.').optional(),
  imagePullPolicy: text('Always, IfNotPresent or Never.').optional(),
  command: listOf(text('One word of the command.'), 'Replaces the entry point of the image.').optional(),
  args: listOf(text('One argument.'), 'The arguments of the command.').optional(),
  workingDir: text('The directory to start in.').optional(),
  ports: listByKey(['containerPort', 'protocol'], port, 'The ports that the container listens on.').optional(),
  env: listByKey(['name'], environmentVariable, 'Environment variables, each name once.').optional(),
  envFrom: listOf(
    openObject('A ConfigMap or Secret to read.', {
      prefix: text('Put before each name.').optional(),
      configMapRef: anyObject('The ConfigMap to read.').optional(),
      secretRef: anyObject('The Secret to read.').optional(),
    }),
    'ConfigMaps and Secrets of which every key becomes a variable.',
  ).optional(),
  resources: openObject('What the container asks for and may use.', {
    limits: quantities('The most it may use.').optional(),
    requests: quantities('What is set aside for it.').optional(),
    claims: listByKey(
      ['name'],
      openObject('A claim of the pod.', { name: text('The name of the claim in the pod.') }),
      'Claims of the pod that this container uses.',
    ).optional(),
  }).optional(),
  volumeMounts: listByKey(
    ['mountPath'],
    openObject('Where a volume appears in the container.', {
      name: text('The name of the volume.'),
      mountPath: text('The path in the container.'),
      subPath: text('A path within the volume.').optional(),
      readOnly: flag('Whether writing is forbidden.').optional(),
    }),
    'The volumes that the container sees.',
  ).optional(),
  volumeDevices: listByKey(
    ['devicePath'],
    openObject('A raw block device.', {
      name: text('The name of the volume.'),
      devicePath: text('The path of the device in the container.'),
    }),
    'The block devices that the container sees.',
  ).optional(),
  livenessProbe: probe('When it fails, the container is restarted.').optional(),
  readinessProbe: probe('When it fails, the pod gets no traffic.').optional(),
  startupProbe: probe('Until it succeeds, the other probes wait.').optional(),
  lifecycle: anyObject('What to run after the start and before the stop.').optional(),
  restartPolicy: text('Always makes an init container a sidecar.').optional(),
  securityContext: anyObject('Rights and identity of the container.').optional(),
  stdin: flag('Whether standard input stays open.').optional(),
  tty: flag('Whether a terminal is attached.').optional(),
  terminationMessagePath: text('The file whose content becomes the message of a stop.').optional(),
  terminationMessagePolicy: text('File or FallbackToLogsOnError.').optional(),
});

const topologySpreadConstraint = openObject('How to spread pods over a topology.', {
  topologyKey: text('The node label whose values are the domains.'),
  whenUnsatisfiable: text('DoNotSchedule or ScheduleAnyway.'),
  maxSkew: int32('How uneven the spread may be.').optional(),
  labelSelector: labelSelectorSchema.optional(),
});

const podSpec = openObject('The pods to run.', {
  containers: listByKey(['name'], container, 'The containers of the pod.').optional(),
  initContainers: listByKey(['name'], container, 'Containers that run before the others, in order.').optional(),
  ephemeralContainers: listByKey(
    ['name'],
    openObject('A container for debugging.', {
      name: text('The name of the container, unique in the pod.'),
    }),
    'Not allowed in a template.',
  ).optional(),
  volumes: listByKey(
    ['name'],
    openObject('A volume; one further field says of which type.', {
      name: text('The name of the volume, unique in the pod.'),
      configMap: anyObject('A volume filled from a ConfigMap.').optional(),
      secret: anyObject('A volume filled from a Secret.').optional(),
      emptyDir: anyObject('An empty directory that lives as long as the pod.').optional(),
      persistentVolumeClaim: anyObject('A claimed persistent volume.').optional(),
      projected: anyObject('Several sources in one directory.').optional(),
    }),
    'The volumes that containers can mount.',
  ).optional(),
  // Not by key: Kubernetes allows a Secret or an address twice, and charts that merge values do it.
  imagePullSecrets: listOf(
    openObject('A Secret in the namespace.', { name: text('The name of the Secret.').optional() }),
    'Secrets for pulling images.',
  ).optional(),
  hostAliases: listOf(
    openObject('Names for one address.', {
      ip: text('The address.').optional(),
      hostnames: listOf(text('A host name.'), 'The names of the address.').optional(),
    }),
    'Entries for the hosts file of the pod.',
  ).optional(),
  topologySpreadConstraints: listByKey(
    ['topologyKey', 'whenUnsatisfiable'],
    topologySpreadConstraint,
    'How to spread the pods over nodes and zones.',
  ).optional(),
  schedulingGates: listByKey(
    ['name'],
    openObject('A gate.', { name: text('The name of the gate.') }),
    'Gates that hold back scheduling until they are removed.',
  ).optional(),
  resourceClaims: listByKey(
    ['name'],
    openObject('A claim for devices.', { name: text('The name of the claim in this pod.') }),
    'Claims for devices that must be allocated before the pod starts.',
  ).optional(),
  restartPolicy: text('Always, OnFailure or Never.').optional(),
  serviceAccountName: text('The ServiceAccount that the pod runs as.').optional(),
  serviceAccount: text('The old name of serviceAccountName.').optional(),
  automountServiceAccountToken: flag('Whether the token of the ServiceAccount is mounted.').optional(),
  terminationGracePeriodSeconds: int64('Seconds between the request to stop and the kill; 30 if unset.').optional(),
  activeDeadlineSeconds: int64('Seconds that the pod may run.').optional(),
  nodeSelector: textMap('Labels that the node must have.').optional(),
  nodeName: text('The node to run on, without asking the scheduler.').optional(),
  affinity: openObject('Which nodes and neighbours the pods prefer or need.', {
    nodeAffinity: anyObject('Rules about nodes.').optional(),
    podAffinity: anyObject('Rules about pods to be near to.').optional(),
    podAntiAffinity: anyObject('Rules about pods to stay away from.').optional(),
  }).optional(),
  tolerations: listOf(anyObject('A taint that is tolerated.'), 'Taints of nodes that the pods tolerate.').optional(),
  readinessGates: listOf(
    openObject('A condition of the pod.', { conditionType: text('The type of the condition.') }),
    'Further conditions that a pod needs to be ready.',
  ).optional(),
  securityContext: anyObject('Rights and identity of all containers.').optional(),
  priorityClassName: text('The PriorityClass of the pods.').optional(),
  priority: int32('The priority that the PriorityClass gave.').optional(),
  preemptionPolicy: text('Whether lower priorities may be evicted: Never or PreemptLowerPriority.').optional(),
  runtimeClassName: text('The RuntimeClass to run with.').optional(),
  schedulerName: text('The scheduler to ask.').optional(),
  dnsPolicy: text('Where names are resolved.').optional(),
  dnsConfig: anyObject('Further settings for name resolution.').optional(),
  hostname: text('The host name of the pod.').optional(),
  subdomain: text('The subdomain of the pod.').optional(),
  hostNetwork: flag('Whether the pod uses the network of the node.').optional(),
  hostPID: flag('Whether the pod sees the processes of the node.').optional(),
  hostIPC: flag('Whether the pod shares IPC with the node.').optional(),
  shareProcessNamespace: flag('Whether the containers see each other’s processes.').optional(),
  enableServiceLinks: flag('Whether Services become environment variables.').optional(),
});

export const podTemplateSchema = openObject('The pods to create.', {
  metadata: openObject('Labels and annotations of the pods.', {
    labels: textMap('Labels of the pods; the selector must match them.').optional(),
    annotations: textMap('Annotations of the pods.').optional(),
  }).optional(),
  spec: podSpec.optional(),
});

export const jobSpecSchema = openObject('The Job to run; see batch/v1.', {
  template: podTemplateSchema.optional(),
  backoffLimit: int32('How often a failed pod is retried.').optional(),
  activeDeadlineSeconds: int64('Seconds that the Job may run.').optional(),
  ttlSecondsAfterFinished: int32('Seconds after which a finished Job is deleted.').optional(),
  parallelism: int32('How many pods may run at once.').optional(),
  completions: int32('How many pods must succeed.').optional(),
  completionMode: text('NonIndexed or Indexed.').optional(),
  suspend: flag('Whether no pods are created for now.').optional(),
  selector: labelSelectorSchema.optional(),
  manualSelector: flag('Whether the selector was set by hand.').optional(),
});

export const metricJobSchema = openObject('Runs a Kubernetes Job; its success is the success of the measurement.', {
  metadata: openObject('Labels and annotations of the Job.', {
    labels: textMap('Labels of the Job.').optional(),
    annotations: textMap('Annotations of the Job.').optional(),
  }).optional(),
  spec: jobSpecSchema,
});
