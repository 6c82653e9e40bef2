import type { GoStruct } from './go-json.ts';

/* The order of the fields in Kubernetes' core/v1 and in the Rollouts API: facts of the wire, needed for equal hashes. */

const keySelector: GoStruct = { name: 'value', key: 'always', optional: 'pointer' };

const envSource: GoStruct = {
  fieldRef: { of: () => ({ apiVersion: 'value', fieldPath: 'always' }) },
  resourceFieldRef: { of: () => ({ containerName: 'value', resource: 'always', divisor: 'value' }) },
  configMapKeyRef: { of: () => keySelector },
  secretKeyRef: { of: () => keySelector },
};

const handler: GoStruct = {
  exec: { of: () => ({ command: 'value' }) },
  httpGet: {
    of: () => ({
      path: 'value',
      port: 'always',
      host: 'value',
      scheme: 'value',
      httpHeaders: { of: () => ({ name: 'always', value: 'always' }) },
    }),
  },
  tcpSocket: { of: () => ({ port: 'always', host: 'value' }) },
  sleep: { of: () => ({ seconds: 'always' }) },
  grpc: { of: () => ({ port: 'always', service: 'pointer' }) },
};

const probe: GoStruct = {
  ...handler,
  initialDelaySeconds: 'value',
  timeoutSeconds: 'value',
  periodSeconds: 'value',
  successThreshold: 'value',
  failureThreshold: 'value',
  terminationGracePeriodSeconds: 'pointer',
};

const seLinux: GoStruct = { user: 'value', role: 'value', type: 'value', level: 'value' };
const windowsOptions: GoStruct = {
  gmsaCredentialSpecName: 'pointer',
  gmsaCredentialSpec: 'pointer',
  runAsUserName: 'pointer',
  hostProcess: 'pointer',
};
const profile: GoStruct = { type: 'always', localhostProfile: 'pointer' };

const securityContext: GoStruct = {
  capabilities: { of: () => ({ add: 'value', drop: 'value' }) },
  privileged: 'pointer',
  seLinuxOptions: { of: () => seLinux },
  windowsOptions: { of: () => windowsOptions },
  runAsUser: 'pointer',
  runAsGroup: 'pointer',
  runAsNonRoot: 'pointer',
  readOnlyRootFilesystem: 'pointer',
  allowPrivilegeEscalation: 'pointer',
  procMount: 'pointer',
  seccompProfile: { of: () => profile },
  appArmorProfile: { of: () => profile },
};

const container: GoStruct = {
  name: 'always',
  image: 'value',
  command: 'value',
  args: 'value',
  workingDir: 'value',
  ports: {
    of: () => ({ name: 'value', hostPort: 'value', containerPort: 'always', protocol: 'value', hostIP: 'value' }),
  },
  envFrom: {
    of: () => ({
      prefix: 'value',
      configMapRef: { of: () => ({ name: 'value', optional: 'pointer' }) },
      secretRef: { of: () => ({ name: 'value', optional: 'pointer' }) },
    }),
  },
  env: { of: () => ({ name: 'always', value: 'value', valueFrom: { of: () => envSource } }) },
  resources: { of: () => ({ limits: 'value', requests: 'value', claims: 'value' }), always: true },
  resizePolicy: { of: () => ({ resourceName: 'always', restartPolicy: 'always' }) },
  restartPolicy: 'pointer',
  restartPolicyRules: 'value',
  volumeMounts: {
    of: () => ({
      name: 'always',
      readOnly: 'value',
      recursiveReadOnly: 'pointer',
      mountPath: 'always',
      subPath: 'value',
      mountPropagation: 'pointer',
      subPathExpr: 'value',
    }),
  },
  volumeDevices: { of: () => ({ name: 'always', devicePath: 'always' }) },
  livenessProbe: { of: () => probe },
  readinessProbe: { of: () => probe },
  startupProbe: { of: () => probe },
  lifecycle: {
    of: () => ({ postStart: { of: () => handler }, preStop: { of: () => handler }, stopSignal: 'pointer' }),
  },
  terminationMessagePath: 'value',
  terminationMessagePolicy: 'value',
  imagePullPolicy: 'value',
  securityContext: { of: () => securityContext },
  stdin: 'value',
  stdinOnce: 'value',
  tty: 'value',
};

const keyToPath: GoStruct = { key: 'always', path: 'always', mode: 'pointer' };

const volume: GoStruct = {
  name: 'always',
  hostPath: { of: () => ({ path: 'always', type: 'pointer' }) },
  emptyDir: { of: () => ({ medium: 'value', sizeLimit: 'pointer' }) },
  secret: {
    of: () => ({ secretName: 'value', items: { of: () => keyToPath }, defaultMode: 'pointer', optional: 'pointer' }),
  },
  nfs: { of: () => ({ server: 'always', path: 'always', readOnly: 'value' }) },
  persistentVolumeClaim: { of: () => ({ claimName: 'always', readOnly: 'value' }) },
  downwardAPI: 'pointer',
  configMap: {
    of: () => ({ name: 'value', items: { of: () => keyToPath }, defaultMode: 'pointer', optional: 'pointer' }),
  },
  projected: 'pointer',
  csi: 'pointer',
  ephemeral: 'pointer',
  image: 'pointer',
};

const labelSelector: GoStruct = {
  matchLabels: 'value',
  matchExpressions: { of: () => ({ key: 'always', operator: 'always', values: 'value' }) },
};

const podSpec: GoStruct = {
  volumes: { of: () => volume },
  initContainers: { of: () => container },
  containers: { of: () => container },
  ephemeralContainers: 'value',
  restartPolicy: 'value',
  terminationGracePeriodSeconds: 'pointer',
  activeDeadlineSeconds: 'pointer',
  dnsPolicy: 'value',
  nodeSelector: 'value',
  serviceAccountName: 'value',
  serviceAccount: 'value',
  automountServiceAccountToken: 'pointer',
  nodeName: 'value',
  hostNetwork: 'value',
  hostPID: 'value',
  hostIPC: 'value',
  shareProcessNamespace: 'pointer',
  securityContext: {
    of: () => ({
      seLinuxOptions: { of: () => seLinux },
      windowsOptions: { of: () => windowsOptions },
      runAsUser: 'pointer',
      runAsGroup: 'pointer',
      runAsNonRoot: 'pointer',
      supplementalGroups: 'value',
      supplementalGroupsPolicy: 'pointer',
      fsGroup: 'pointer',
      sysctls: { of: () => ({ name: 'always', value: 'always' }) },
      fsGroupChangePolicy: 'pointer',
      seccompProfile: { of: () => profile },
      appArmorProfile: { of: () => profile },
      seLinuxChangePolicy: 'pointer',
    }),
  },
  imagePullSecrets: { of: () => ({ name: 'value' }) },
  hostname: 'value',
  subdomain: 'value',
  affinity: { of: () => ({ nodeAffinity: 'pointer', podAffinity: 'pointer', podAntiAffinity: 'pointer' }) },
  schedulerName: 'value',
  tolerations: {
    of: () => ({ key: 'value', operator: 'value', value: 'value', effect: 'value', tolerationSeconds: 'pointer' }),
  },
  hostAliases: { of: () => ({ ip: 'always', hostnames: 'value' }) },
  priorityClassName: 'value',
  priority: 'pointer',
  dnsConfig: { of: () => ({ nameservers: 'value', searches: 'value', options: 'value' }) },
  readinessGates: { of: () => ({ conditionType: 'always' }) },
  runtimeClassName: 'pointer',
  enableServiceLinks: 'pointer',
  preemptionPolicy: 'pointer',
  overhead: 'value',
  topologySpreadConstraints: {
    of: () => ({
      maxSkew: 'always',
      topologyKey: 'always',
      whenUnsatisfiable: 'always',
      labelSelector: { of: () => labelSelector },
      minDomains: 'pointer',
      nodeAffinityPolicy: 'pointer',
      nodeTaintsPolicy: 'pointer',
      matchLabelKeys: 'value',
    }),
  },
  setHostnameAsFQDN: 'pointer',
  os: 'pointer',
  hostUsers: 'pointer',
  schedulingGates: { of: () => ({ name: 'always' }) },
  resourceClaims: 'value',
  resources: 'pointer',
  hostnameOverride: 'pointer',
};

export const POD_TEMPLATE: GoStruct = {
  metadata: { of: () => ({ labels: 'value', annotations: 'value' }), always: true },
  spec: { of: () => podSpec, always: true },
};

const stringMatch: GoStruct = { exact: 'value', prefix: 'value', regex: 'value' };

const analysisArgument: GoStruct = {
  name: 'always',
  value: 'value',
  valueFrom: { of: () => ({ podTemplateHashValue: 'pointer', fieldRef: { of: () => ({ fieldPath: 'always' }) } }) },
};

const metadata: GoStruct = { labels: 'value', annotations: 'value' };

const dryRun: GoStruct = { metricName: 'always' };

const analysis: GoStruct = {
  templates: { of: () => ({ templateName: 'always', clusterScope: 'pointer' }) },
  args: { of: () => analysisArgument },
  dryRun: { of: () => dryRun },
  measurementRetention: { of: () => ({ metricName: 'always', limit: 'always' }) },
  analysisRunMetadata: { of: () => metadata },
};

const experiment: GoStruct = {
  templates: {
    of: () => ({
      name: 'always',
      specRef: 'always',
      replicas: 'pointer',
      metadata: { of: () => metadata, always: true },
      selector: { of: () => labelSelector },
      weight: 'pointer',
      service: { of: () => ({ name: 'value' }) },
    }),
  },
  duration: 'value',
  analyses: {
    of: () => ({
      name: 'always',
      templateName: 'always',
      clusterScope: 'pointer',
      args: { of: () => analysisArgument },
      requiredForCompletion: 'value',
    }),
  },
  dryRun: { of: () => dryRun },
  analysisRunMetadata: { of: () => metadata, always: true },
  scaleDownDelaySeconds: 'pointer',
};

export const CANARY_STEP: GoStruct = {
  setWeight: 'pointer',
  pause: { of: () => ({ duration: 'pointer' }) },
  experiment: { of: () => experiment },
  analysis: { of: () => analysis },
  setCanaryScale: { of: () => ({ weight: 'pointer', replicas: 'pointer', matchTrafficWeight: 'value' }) },
  setHeaderRoute: {
    of: () => ({
      name: 'value',
      match: { of: () => ({ headerName: 'always', headerValue: { of: () => stringMatch } }) },
    }),
  },
  setMirrorRoute: {
    of: () => ({
      name: 'always',
      match: { of: () => ({ method: { of: () => stringMatch }, path: { of: () => stringMatch }, headers: 'value' }) },
      percentage: 'pointer',
    }),
  },
  plugin: { of: () => ({ name: 'always', config: 'pointer' }) },
};
