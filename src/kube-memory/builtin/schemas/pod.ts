import {
  about,
  atomicMapOf,
  atomicRecord,
  flag,
  int32,
  int64,
  listByKey,
  listOf,
  mapOf,
  oneOfTexts,
  quantity,
  record,
  text,
} from '../schema.ts';
import {
  appArmorProfileSchema,
  containerSchema,
  ephemeralContainerSchema,
  resourceRequirementsSchema,
  seLinuxOptionsSchema,
  seccompProfileSchema,
  windowsSecurityContextOptionsSchema,
} from './container.ts';
import { labelSelectorSchema, localObjectReferenceSchema, objectMetaSchema } from './meta.ts';
import { volumeSchema } from './volume.ts';

/** The pod template, written once for pods, ReplicaSets, Deployments, Jobs and PodTemplates. */
const nodeSelectorRequirementSchema = record(
  {
    key: text,
    operator: oneOfTexts('DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'),
    values: listOf(text),
  },
  ['key', 'operator'],
);

const nodeSelectorTermSchema = atomicRecord({
  matchExpressions: listOf(nodeSelectorRequirementSchema),
  matchFields: listOf(nodeSelectorRequirementSchema),
});

const preferredSchedulingTermSchema = record(
  {
    preference: nodeSelectorTermSchema,
    weight: int32,
  },
  ['weight', 'preference'],
);

const nodeSelectorSchema = atomicRecord(
  {
    nodeSelectorTerms: listOf(nodeSelectorTermSchema),
  },
  ['nodeSelectorTerms'],
);

const nodeAffinitySchema = record({
  preferredDuringSchedulingIgnoredDuringExecution: listOf(preferredSchedulingTermSchema),
  requiredDuringSchedulingIgnoredDuringExecution: nodeSelectorSchema,
});

const podAffinityTermSchema = record(
  {
    labelSelector: labelSelectorSchema,
    matchLabelKeys: listOf(text),
    mismatchLabelKeys: listOf(text),
    namespaceSelector: labelSelectorSchema,
    namespaces: listOf(text),
    topologyKey: text,
  },
  ['topologyKey'],
);

const weightedPodAffinityTermSchema = record(
  {
    podAffinityTerm: podAffinityTermSchema,
    weight: int32,
  },
  ['weight', 'podAffinityTerm'],
);

const podAffinitySchema = record({
  preferredDuringSchedulingIgnoredDuringExecution: listOf(weightedPodAffinityTermSchema),
  requiredDuringSchedulingIgnoredDuringExecution: listOf(podAffinityTermSchema),
});

const podAntiAffinitySchema = record({
  preferredDuringSchedulingIgnoredDuringExecution: listOf(weightedPodAffinityTermSchema),
  requiredDuringSchedulingIgnoredDuringExecution: listOf(podAffinityTermSchema),
});

const affinitySchema = record({
  nodeAffinity: nodeAffinitySchema,
  podAffinity: podAffinitySchema,
  podAntiAffinity: podAntiAffinitySchema,
});

const podDNSConfigOptionSchema = record({
  name: text,
  value: text,
});

const podDNSConfigSchema = record({
  nameservers: listOf(text),
  options: listOf(podDNSConfigOptionSchema),
  searches: listOf(text),
});

const hostAliasSchema = record(
  {
    hostnames: listOf(text),
    ip: text,
  },
  ['ip'],
);

const podOSSchema = record(
  {
    name: text,
  },
  ['name'],
);

const podReadinessGateSchema = record(
  {
    conditionType: text,
  },
  ['conditionType'],
);

const podResourceClaimSchema = record(
  {
    name: text,
    resourceClaimName: text,
    resourceClaimTemplateName: text,
  },
  ['name'],
);

const podSchedulingGateSchema = record(
  {
    name: text,
  },
  ['name'],
);

const sysctlSchema = record(
  {
    name: text,
    value: text,
  },
  ['name', 'value'],
);

const podSecurityContextSchema = record({
  appArmorProfile: appArmorProfileSchema,
  fsGroup: int64,
  fsGroupChangePolicy: oneOfTexts('Always', 'OnRootMismatch'),
  runAsGroup: int64,
  runAsNonRoot: flag,
  runAsUser: int64,
  seLinuxChangePolicy: text,
  seLinuxOptions: seLinuxOptionsSchema,
  seccompProfile: seccompProfileSchema,
  supplementalGroups: listOf(int64),
  supplementalGroupsPolicy: oneOfTexts('Merge', 'Strict'),
  sysctls: listOf(sysctlSchema),
  windowsOptions: windowsSecurityContextOptionsSchema,
});

const tolerationSchema = record({
  effect: oneOfTexts('NoExecute', 'NoSchedule', 'PreferNoSchedule'),
  key: text,
  operator: oneOfTexts('Equal', 'Exists'),
  tolerationSeconds: int64,
  value: text,
});

const topologySpreadConstraintSchema = record(
  {
    labelSelector: labelSelectorSchema,
    matchLabelKeys: listOf(text),
    maxSkew: int32,
    minDomains: int32,
    nodeAffinityPolicy: oneOfTexts('Honor', 'Ignore'),
    nodeTaintsPolicy: oneOfTexts('Honor', 'Ignore'),
    topologyKey: text,
    whenUnsatisfiable: oneOfTexts('DoNotSchedule', 'ScheduleAnyway'),
  },
  ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
);

export const podSpecSchema = about(
  'How the containers of a pod are to run.',
  record(
    {
      activeDeadlineSeconds: about('Seconds that the pod may be active before it is failed.', int64),
      affinity: about('Rules about nodes and other pods to be near or far from.', affinitySchema),
      automountServiceAccountToken: flag,
      containers: about(
        'The containers of the pod; at least one.',
        listByKey(containerSchema, ['name'], { key: 'name' }),
      ),
      dnsConfig: podDNSConfigSchema,
      dnsPolicy: about(
        'Where the names of services are looked up.',
        oneOfTexts('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'),
      ),
      enableServiceLinks: flag,
      ephemeralContainers: about(
        'Added to a running pod for debugging.',
        listByKey(ephemeralContainerSchema, ['name'], { key: 'name' }),
      ),
      hostAliases: about(
        'Entries for the hosts file of the containers.',
        listByKey(hostAliasSchema, ['ip'], { key: 'ip' }),
      ),
      hostIPC: flag,
      hostNetwork: about('Uses the network of the node.', flag),
      hostPID: flag,
      hostUsers: flag,
      hostname: text,
      hostnameOverride: text,
      imagePullSecrets: about(
        'Secrets with credentials of image registries.',
        listByKey(localObjectReferenceSchema, ['name'], { key: 'name' }),
      ),
      initContainers: about(
        'Run one after the other before the containers start; with restartPolicy Always one stays as a sidecar.',
        listByKey(containerSchema, ['name'], { key: 'name' }),
      ),
      nodeName: about('The node that runs the pod; set by the scheduler.', text),
      nodeSelector: about('Labels that a node must have to take the pod.', atomicMapOf(text)),
      os: podOSSchema,
      overhead: mapOf(quantity),
      preemptionPolicy: oneOfTexts('Never', 'PreemptLowerPriority'),
      priority: int32,
      priorityClassName: about('The class that decides who gives way to whom.', text),
      readinessGates: about(
        'Conditions that must be True besides ready containers before the pod counts as ready.',
        listOf(podReadinessGateSchema),
      ),
      resourceClaims: listByKey(podResourceClaimSchema, ['name'], { key: 'name', strategy: 'merge,retainKeys' }),
      resources: resourceRequirementsSchema,
      restartPolicy: about(
        'Whether ended containers run again: Always, OnFailure or Never.',
        oneOfTexts('Always', 'Never', 'OnFailure'),
      ),
      runtimeClassName: text,
      schedulerName: about('The scheduler that places the pod.', text),
      schedulingGates: about(
        'Names that keep the pod from being placed until they are removed.',
        listByKey(podSchedulingGateSchema, ['name'], { key: 'name' }),
      ),
      securityContext: about('Users, groups and limits of privileges for all containers.', podSecurityContextSchema),
      serviceAccount: text,
      serviceAccountName: about('The account that the containers act as.', text),
      setHostnameAsFQDN: flag,
      shareProcessNamespace: flag,
      subdomain: text,
      terminationGracePeriodSeconds: about('Seconds from the request to end until the pod is ended by force.', int64),
      tolerations: about('Taints of nodes that the pod bears.', listOf(tolerationSchema)),
      topologySpreadConstraints: about(
        'How evenly pods spread over zones, nodes and the like.',
        listByKey(topologySpreadConstraintSchema, ['topologyKey', 'whenUnsatisfiable'], { key: 'topologyKey' }),
      ),
      volumes: about(
        'Storage that containers can mount by name.',
        listByKey(volumeSchema, ['name'], { key: 'name', strategy: 'merge,retainKeys' }),
      ),
    },
    ['containers'],
  ),
);

export const podTemplateSpecSchema = about(
  'What pods made from it look like.',
  record({
    metadata: about('Labels and annotations of the pods.', objectMetaSchema),
    spec: about('The spec of the pods.', podSpecSchema),
  }),
);
