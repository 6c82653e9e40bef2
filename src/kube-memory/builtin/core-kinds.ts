import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { forbidden, immutable, invalid, required } from './field-errors.ts';
import {
  changed,
  changedItems,
  fieldsAt,
  filled,
  itemsAt,
  listAt,
  numberAt,
  textAt,
  textsAt,
  type Fields,
} from './fields.ts';
import { containerImages, containerNames } from './pod-cells.ts';
import { defaultedTemplate } from './pod-defaults.ts';
import { checkTemplate } from './pod-validation.ts';
import {
  configMapSchema,
  endpointsSchema,
  namespaceSchema,
  persistentVolumeClaimSchema,
  podTemplateSchema,
  secretSchema,
  serviceAccountSchema,
} from './schemas/core.ts';

export const namespaceResource: ResourceDefinition = define({
  kind: 'Namespace',
  namespaced: false,
  shortNames: ['ns'],
  subresources: [{ name: 'status' }],
  schema: namespaceSchema,
  fieldSelectors: ['status.phase'],
  columns: [column('Status', (namespace) => textAt(namespace, 'status', 'phase')), ageColumn],
  defaults: (namespace) => ({
    ...namespace,
    metadata: {
      ...namespace.metadata,
      labels: { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name },
    },
    spec: fieldsAt(namespace, 'spec'),
    status: filled(fieldsAt(namespace, 'status'), { phase: 'Active' }),
  }),
  allocate: (namespace, old) =>
    old === undefined
      ? { ...namespace, spec: filled(fieldsAt(namespace, 'spec'), { finalizers: ['kubernetes'] }) }
      : namespace,
});

export const configMapResource: ResourceDefinition = define({
  kind: 'ConfigMap',
  shortNames: ['cm'],
  schema: configMapSchema,
  columns: [column('Data', (map) => entryCount(map, ['data', 'binaryData'])), ageColumn],
  validate: (map, old) => [...checkKeys(map, ['data', 'binaryData']), ...checkSealed(map, old, ['data', 'binaryData'])],
});

export const secretResource: ResourceDefinition = define({
  kind: 'Secret',
  schema: secretSchema,
  fieldSelectors: ['type'],
  columns: [
    column('Type', (secret) => textAt(secret, 'type')),
    column('Data', (secret) => entryCount(secret, ['data'])),
    ageColumn,
  ],
  defaults: defaultedSecret,
  validate: checkSecret,
});

/** `stringData` is for writing only: it ends up in `data`, and wins there. */
function defaultedSecret(secret: KubeObject): KubeObject {
  const { stringData: _stringData, ...rest } = secret;
  const encoded = Object.entries(textsAt(secret, 'stringData')).map(([key, value]) => [
    key,
    Buffer.from(value).toString('base64'),
  ]);
  const withData =
    encoded.length === 0 ? rest : { ...rest, data: { ...fieldsAt(secret, 'data'), ...Object.fromEntries(encoded) } };
  const type = textAt(secret, 'type') ?? '';
  return {
    ...withData,
    metadata: secret.metadata,
    apiVersion: secret.apiVersion,
    kind: secret.kind,
    type: type === '' ? 'Opaque' : type,
  };
}

const KEYS_BY_SECRET_TYPE: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

function checkSecret(secret: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const type = textAt(secret, 'type') ?? '';
  const data = fieldsAt(secret, 'data');
  const missing = (KEYS_BY_SECRET_TYPE[type] ?? []).filter((key) => data[key] === undefined);
  return [
    ...checkKeys(secret, ['data']),
    ...missing.map((key) => required(`data[${key}]`)),
    ...(old !== undefined && old.type !== type ? [immutable('type', type)] : []),
    ...checkSealed(secret, old, ['data']),
  ];
}

function entryCount(object: KubeObject, fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + Object.keys(fieldsAt(object, field)).length, 0);
}

function checkKeys(object: KubeObject, fields: readonly string[]): readonly FieldError[] {
  const detail =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
  return fields.flatMap((field) =>
    Object.keys(fieldsAt(object, field))
      .filter((key) => !/^[-._a-zA-Z0-9]+$/.test(key) || key.length > 253)
      .map((key) => invalid(`${field}[${key}]`, key, detail)),
  );
}

function checkSealed(
  object: KubeObject,
  old: KubeObject | undefined,
  fields: readonly string[],
): readonly FieldError[] {
  if (old?.immutable !== true) return [];
  const differing = [
    ...fields.filter((field) => !deepEqual(object[field], old[field])),
    ...(object.immutable === true ? [] : ['immutable']),
  ];
  return differing.map((field) => forbidden(field, 'field is immutable when `immutable` is set'));
}

export const serviceAccountResource: ResourceDefinition = define({
  kind: 'ServiceAccount',
  shortNames: ['sa'],
  schema: serviceAccountSchema,
  columns: [column('Secrets', (account) => listAt(account, 'secrets').length), ageColumn],
});

export const podTemplateResource: ResourceDefinition = define({
  kind: 'PodTemplate',
  schema: podTemplateSchema,
  countsGenerations: true,
  columns: [
    column('Containers', (template) => containerNames(fieldsAt(template, 'template'))),
    column('Images', (template) => containerImages(fieldsAt(template, 'template'))),
    column('Pod Labels', (template) => labelsText(textsAt(template, 'template', 'metadata', 'labels'))),
  ],
  defaults: (template) => ({ ...template, template: defaultedTemplate(fieldsAt(template, 'template')) }),
  validate: (template) => checkTemplate('template', fieldsAt(template, 'template')),
});

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.toSorted().join(',') || '<none>';
}

export const endpointsResource: ResourceDefinition = define({
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  schema: endpointsSchema,
  warning: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  validate: (endpoints) => itemsAt(endpoints, 'subsets').flatMap(checkSubset),
  columns: [column('Endpoints', endpointsText), ageColumn],
  defaults: (endpoints) => ({
    ...endpoints,
    ...changedItems({ subsets: endpoints.subsets }, 'subsets', (subset) =>
      changedItems(subset, 'ports', (port) => filled(port, { protocol: 'TCP' })),
    ),
  }),
});

function checkSubset(subset: Fields, index: number): readonly FieldError[] {
  const ports = itemsAt(subset, 'ports');
  return ports.flatMap((port, at) =>
    ports.length > 1 && (textAt(port, 'name') ?? '') === '' ? [required(`subsets[${index}].ports[${at}].name`)] : [],
  );
}

const ENDPOINTS_SHOWN_MAX = 3;

function endpointsText(endpoints: KubeObject): string {
  const all = itemsAt(endpoints, 'subsets').flatMap((subset) => {
    const addresses = itemsAt(subset, 'addresses').map((address) => textAt(address, 'ip') ?? '');
    const ports = itemsAt(subset, 'ports').map((port) => numberAt(port, 'port') ?? 0);
    return ports.length === 0 ? addresses : ports.flatMap((port) => addresses.map((address) => `${address}:${port}`));
  });
  if (all.length === 0) return '<none>';
  const more = all.length - ENDPOINTS_SHOWN_MAX;
  return `${all.slice(0, ENDPOINTS_SHOWN_MAX).join(',')}${more > 0 ? ` + ${more} more...` : ''}`;
}

const CLAIM_FINALIZER = 'kubernetes.io/pvc-protection';

function protectedClaim(claim: KubeObject): KubeObject {
  const finalizers = claim.metadata.finalizers ?? [];
  if (finalizers.includes(CLAIM_FINALIZER)) return claim;
  return { ...claim, metadata: { ...claim.metadata, finalizers: [...finalizers, CLAIM_FINALIZER] } };
}

/** Claims are stored and never bound: nothing in this server owns volumes. */
export const persistentVolumeClaimResource: ResourceDefinition = define({
  kind: 'PersistentVolumeClaim',
  shortNames: ['pvc'],
  subresources: [{ name: 'status' }],
  schema: persistentVolumeClaimSchema,
  allocate: (claim, old) => (old === undefined ? protectedClaim(claim) : claim),
  columns: [
    column('Status', (claim) =>
      claim.metadata.deletionTimestamp === undefined ? textAt(claim, 'status', 'phase') : 'Terminating',
    ),
    column('Volume', (claim) => textAt(claim, 'spec', 'volumeName') ?? ''),
    column('Capacity', (claim) => textAt(claim, 'status', 'capacity', 'storage') ?? ''),
    column('Access Modes', accessModesText),
    column('StorageClass', (claim) => textAt(claim, 'spec', 'storageClassName') ?? ''),
    column('VolumeAttributesClass', (claim) => textAt(claim, 'spec', 'volumeAttributesClassName') ?? '<unset>'),
    ageColumn,
    column('VolumeMode', (claim) => textAt(claim, 'spec', 'volumeMode') ?? '<unset>', 'wide'),
  ],
  defaults: (claim) => ({
    ...claim,
    ...changed<Fields>({ spec: claim.spec }, 'spec', (spec) => filled(spec, { volumeMode: 'Filesystem' })),
    status: filled(fieldsAt(claim, 'status'), { phase: 'Pending' }),
  }),
  validate: (claim) => [
    ...(listAt(claim, 'spec', 'accessModes').length === 0
      ? [required('spec.accessModes', 'at least 1 access mode is required')]
      : []),
    ...(fieldsAt(claim, 'spec', 'resources', 'requests').storage === undefined
      ? [required('spec.resources[storage]')]
      : []),
  ],
});

const SHORT_ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModesText(claim: KubeObject): string {
  return listAt(claim, 'status', 'accessModes')
    .map((mode) => SHORT_ACCESS_MODES[String(mode)] ?? '')
    .join(',');
}
