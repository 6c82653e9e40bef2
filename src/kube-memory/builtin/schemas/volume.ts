import {
  about,
  atomicRecord,
  flag,
  int32,
  int64,
  listOf,
  mapOf,
  oneOfTexts,
  quantity,
  record,
  text,
} from '../schema.ts';
import {
  labelSelectorSchema,
  localObjectReferenceSchema,
  objectMetaSchema,
  typedLocalObjectReferenceSchema,
  typedObjectReferenceSchema,
} from './meta.ts';

/** Volumes of a pod, and what a claim asks for. */
export const objectFieldSelectorSchema = atomicRecord(
  {
    apiVersion: text,
    fieldPath: text,
  },
  ['fieldPath'],
);

export const resourceFieldSelectorSchema = atomicRecord(
  {
    containerName: text,
    divisor: quantity,
    resource: text,
  },
  ['resource'],
);

const awsElasticBlockStoreVolumeSourceSchema = record(
  {
    fsType: text,
    partition: int32,
    readOnly: flag,
    volumeID: text,
  },
  ['volumeID'],
);

const azureDiskVolumeSourceSchema = record(
  {
    cachingMode: { ...oneOfTexts('None', 'ReadOnly', 'ReadWrite'), default: 'ReadWrite' },
    diskName: text,
    diskURI: text,
    fsType: { ...text, default: 'ext4' },
    kind: { ...oneOfTexts('Dedicated', 'Managed', 'Shared'), default: 'Shared' },
    readOnly: flag,
  },
  ['diskName', 'diskURI'],
);

const azureFileVolumeSourceSchema = record(
  {
    readOnly: flag,
    secretName: text,
    shareName: text,
  },
  ['secretName', 'shareName'],
);

const cephFSVolumeSourceSchema = record(
  {
    monitors: listOf(text),
    path: text,
    readOnly: flag,
    secretFile: text,
    secretRef: localObjectReferenceSchema,
    user: text,
  },
  ['monitors'],
);

const cinderVolumeSourceSchema = record(
  {
    fsType: text,
    readOnly: flag,
    secretRef: localObjectReferenceSchema,
    volumeID: text,
  },
  ['volumeID'],
);

const keyToPathSchema = record(
  {
    key: text,
    mode: int32,
    path: text,
  },
  ['key', 'path'],
);

const configMapVolumeSourceSchema = record({
  defaultMode: int32,
  items: listOf(keyToPathSchema),
  name: text,
  optional: flag,
});

const csiVolumeSourceSchema = record(
  {
    driver: text,
    fsType: text,
    nodePublishSecretRef: localObjectReferenceSchema,
    readOnly: flag,
    volumeAttributes: mapOf(text),
  },
  ['driver'],
);

const downwardAPIVolumeFileSchema = record(
  {
    fieldRef: objectFieldSelectorSchema,
    mode: int32,
    path: text,
    resourceFieldRef: resourceFieldSelectorSchema,
  },
  ['path'],
);

const downwardAPIVolumeSourceSchema = record({
  defaultMode: int32,
  items: listOf(downwardAPIVolumeFileSchema),
});

const emptyDirVolumeSourceSchema = record({
  medium: text,
  sizeLimit: quantity,
});

const volumeResourceRequirementsSchema = record({
  limits: mapOf(quantity),
  requests: mapOf(quantity),
});

export const persistentVolumeClaimSpecSchema = record({
  accessModes: listOf(oneOfTexts('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod')),
  dataSource: typedLocalObjectReferenceSchema,
  dataSourceRef: typedObjectReferenceSchema,
  resources: volumeResourceRequirementsSchema,
  selector: labelSelectorSchema,
  storageClassName: text,
  volumeAttributesClassName: text,
  volumeMode: oneOfTexts('Block', 'Filesystem'),
  volumeName: text,
});

const persistentVolumeClaimTemplateSchema = record(
  {
    metadata: objectMetaSchema,
    spec: persistentVolumeClaimSpecSchema,
  },
  ['spec'],
);

const ephemeralVolumeSourceSchema = record({
  volumeClaimTemplate: persistentVolumeClaimTemplateSchema,
});

const fcVolumeSourceSchema = record({
  fsType: text,
  lun: int32,
  readOnly: flag,
  targetWWNs: listOf(text),
  wwids: listOf(text),
});

const flexVolumeSourceSchema = record(
  {
    driver: text,
    fsType: text,
    options: mapOf(text),
    readOnly: flag,
    secretRef: localObjectReferenceSchema,
  },
  ['driver'],
);

const flockerVolumeSourceSchema = record({
  datasetName: text,
  datasetUUID: text,
});

const gcePersistentDiskVolumeSourceSchema = record(
  {
    fsType: text,
    partition: int32,
    pdName: text,
    readOnly: flag,
  },
  ['pdName'],
);

const gitRepoVolumeSourceSchema = record(
  {
    directory: text,
    repository: text,
    revision: text,
  },
  ['repository'],
);

const glusterfsVolumeSourceSchema = record(
  {
    endpoints: text,
    path: text,
    readOnly: flag,
  },
  ['endpoints', 'path'],
);

const hostPathVolumeSourceSchema = record(
  {
    path: text,
    type: oneOfTexts(
      '',
      'BlockDevice',
      'CharDevice',
      'Directory',
      'DirectoryOrCreate',
      'File',
      'FileOrCreate',
      'Socket',
    ),
  },
  ['path'],
);

const imageVolumeSourceSchema = record({
  pullPolicy: oneOfTexts('Always', 'IfNotPresent', 'Never'),
  reference: text,
});

const iscsiVolumeSourceSchema = record(
  {
    chapAuthDiscovery: flag,
    chapAuthSession: flag,
    fsType: text,
    initiatorName: text,
    iqn: text,
    iscsiInterface: { ...text, default: 'default' },
    lun: int32,
    portals: listOf(text),
    readOnly: flag,
    secretRef: localObjectReferenceSchema,
    targetPortal: text,
  },
  ['targetPortal', 'iqn', 'lun'],
);

const nfsVolumeSourceSchema = record(
  {
    path: text,
    readOnly: flag,
    server: text,
  },
  ['server', 'path'],
);

const persistentVolumeClaimVolumeSourceSchema = record(
  {
    claimName: text,
    readOnly: flag,
  },
  ['claimName'],
);

const photonPersistentDiskVolumeSourceSchema = record(
  {
    fsType: text,
    pdID: text,
  },
  ['pdID'],
);

const portworxVolumeSourceSchema = record(
  {
    fsType: text,
    readOnly: flag,
    volumeID: text,
  },
  ['volumeID'],
);

const clusterTrustBundleProjectionSchema = record(
  {
    labelSelector: labelSelectorSchema,
    name: text,
    optional: flag,
    path: text,
    signerName: text,
  },
  ['path'],
);

const configMapProjectionSchema = record({
  items: listOf(keyToPathSchema),
  name: text,
  optional: flag,
});

const downwardAPIProjectionSchema = record({
  items: listOf(downwardAPIVolumeFileSchema),
});

const podCertificateProjectionSchema = record(
  {
    certificateChainPath: text,
    credentialBundlePath: text,
    keyPath: text,
    keyType: text,
    maxExpirationSeconds: int32,
    signerName: text,
  },
  ['signerName', 'keyType'],
);

const secretProjectionSchema = record({
  items: listOf(keyToPathSchema),
  name: text,
  optional: flag,
});

const serviceAccountTokenProjectionSchema = record(
  {
    audience: text,
    expirationSeconds: int64,
    path: text,
  },
  ['path'],
);

const volumeProjectionSchema = record({
  clusterTrustBundle: clusterTrustBundleProjectionSchema,
  configMap: configMapProjectionSchema,
  downwardAPI: downwardAPIProjectionSchema,
  podCertificate: podCertificateProjectionSchema,
  secret: secretProjectionSchema,
  serviceAccountToken: serviceAccountTokenProjectionSchema,
});

const projectedVolumeSourceSchema = record({
  defaultMode: int32,
  sources: listOf(volumeProjectionSchema),
});

const quobyteVolumeSourceSchema = record(
  {
    group: text,
    readOnly: flag,
    registry: text,
    tenant: text,
    user: text,
    volume: text,
  },
  ['registry', 'volume'],
);

const rbdVolumeSourceSchema = record(
  {
    fsType: text,
    image: text,
    keyring: { ...text, default: '/etc/ceph/keyring' },
    monitors: listOf(text),
    pool: { ...text, default: 'rbd' },
    readOnly: flag,
    secretRef: localObjectReferenceSchema,
    user: { ...text, default: 'admin' },
  },
  ['monitors', 'image'],
);

const scaleIOVolumeSourceSchema = record(
  {
    fsType: { ...text, default: 'xfs' },
    gateway: text,
    protectionDomain: text,
    readOnly: flag,
    secretRef: localObjectReferenceSchema,
    sslEnabled: flag,
    storageMode: { ...text, default: 'ThinProvisioned' },
    storagePool: text,
    system: text,
    volumeName: text,
  },
  ['gateway', 'system', 'secretRef'],
);

const secretVolumeSourceSchema = record({
  defaultMode: int32,
  items: listOf(keyToPathSchema),
  optional: flag,
  secretName: text,
});

const storageOSVolumeSourceSchema = record({
  fsType: text,
  readOnly: flag,
  secretRef: localObjectReferenceSchema,
  volumeName: text,
  volumeNamespace: text,
});

const vsphereVirtualDiskVolumeSourceSchema = record(
  {
    fsType: text,
    storagePolicyID: text,
    storagePolicyName: text,
    volumePath: text,
  },
  ['volumePath'],
);

export const volumeSchema = about(
  'Storage of a pod: exactly one kind of source.',
  record(
    {
      awsElasticBlockStore: awsElasticBlockStoreVolumeSourceSchema,
      azureDisk: azureDiskVolumeSourceSchema,
      azureFile: azureFileVolumeSourceSchema,
      cephfs: cephFSVolumeSourceSchema,
      cinder: cinderVolumeSourceSchema,
      configMap: about('Files from a ConfigMap.', configMapVolumeSourceSchema),
      csi: csiVolumeSourceSchema,
      downwardAPI: downwardAPIVolumeSourceSchema,
      emptyDir: about('An empty directory that lives as long as the pod.', emptyDirVolumeSourceSchema),
      ephemeral: ephemeralVolumeSourceSchema,
      fc: fcVolumeSourceSchema,
      flexVolume: flexVolumeSourceSchema,
      flocker: flockerVolumeSourceSchema,
      gcePersistentDisk: gcePersistentDiskVolumeSourceSchema,
      gitRepo: gitRepoVolumeSourceSchema,
      glusterfs: glusterfsVolumeSourceSchema,
      hostPath: about('A path of the node.', hostPathVolumeSourceSchema),
      image: imageVolumeSourceSchema,
      iscsi: iscsiVolumeSourceSchema,
      name: about('Unique in the pod.', text),
      nfs: nfsVolumeSourceSchema,
      persistentVolumeClaim: about('The volume of a claim.', persistentVolumeClaimVolumeSourceSchema),
      photonPersistentDisk: photonPersistentDiskVolumeSourceSchema,
      portworxVolume: portworxVolumeSourceSchema,
      projected: about('Several sources in one directory.', projectedVolumeSourceSchema),
      quobyte: quobyteVolumeSourceSchema,
      rbd: rbdVolumeSourceSchema,
      scaleIO: scaleIOVolumeSourceSchema,
      secret: about('Files from a Secret.', secretVolumeSourceSchema),
      storageos: storageOSVolumeSourceSchema,
      vsphereVolume: vsphereVirtualDiskVolumeSourceSchema,
    },
    ['name'],
  ),
);
