import {
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

export const podSpecSchema = record(
  {
    activeDeadlineSeconds: int64,
    affinity: affinitySchema,
    automountServiceAccountToken: flag,
    containers: listByKey(containerSchema, ['name'], { key: 'name' }),
    dnsConfig: podDNSConfigSchema,
    dnsPolicy: oneOfTexts('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'),
    enableServiceLinks: flag,
    ephemeralContainers: listByKey(ephemeralContainerSchema, ['name'], { key: 'name' }),
    hostAliases: listByKey(hostAliasSchema, ['ip'], { key: 'ip' }),
    hostIPC: flag,
    hostNetwork: flag,
    hostPID: flag,
    hostUsers: flag,
    hostname: text,
    hostnameOverride: text,
    imagePullSecrets: listByKey(localObjectReferenceSchema, ['name'], { key: 'name' }),
    initContainers: listByKey(containerSchema, ['name'], { key: 'name' }),
    nodeName: text,
    nodeSelector: atomicMapOf(text),
    os: podOSSchema,
    overhead: mapOf(quantity),
    preemptionPolicy: oneOfTexts('Never', 'PreemptLowerPriority'),
    priority: int32,
    priorityClassName: text,
    readinessGates: listOf(podReadinessGateSchema),
    resourceClaims: listByKey(podResourceClaimSchema, ['name'], { key: 'name', strategy: 'merge,retainKeys' }),
    resources: resourceRequirementsSchema,
    restartPolicy: oneOfTexts('Always', 'Never', 'OnFailure'),
    runtimeClassName: text,
    schedulerName: text,
    schedulingGates: listByKey(podSchedulingGateSchema, ['name'], { key: 'name' }),
    securityContext: podSecurityContextSchema,
    serviceAccount: text,
    serviceAccountName: text,
    setHostnameAsFQDN: flag,
    shareProcessNamespace: flag,
    subdomain: text,
    terminationGracePeriodSeconds: int64,
    tolerations: listOf(tolerationSchema),
    topologySpreadConstraints: listByKey(topologySpreadConstraintSchema, ['topologyKey', 'whenUnsatisfiable'], {
      key: 'topologyKey',
    }),
    volumes: listByKey(volumeSchema, ['name'], { key: 'name', strategy: 'merge,retainKeys' }),
  },
  ['containers'],
);

export const podTemplateSpecSchema = record({
  metadata: objectMetaSchema,
  spec: podSpecSchema,
});
