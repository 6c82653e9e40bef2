import type { KubeObject } from '../../api/kube-object.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { duplicate, immutable, invalid, required, unsupported } from './field-errors.ts';
import { changedItems, fieldsAt, filled, itemsAt, listAt, numberAt, textAt } from './fields.ts';
import { checkSubdomain } from './names.ts';
import { oneOf } from './pod-validation.ts';
import { endpointSliceSchema } from './schemas/discovery.ts';
import { isAddress } from './services.ts';

export const endpointSliceResource: ResourceDefinition = define({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  schema: endpointSliceSchema,
  countsGenerations: 'with labels',
  columns: [
    column('AddressType', (slice) => textAt(slice, 'addressType')),
    column('Ports', (slice) =>
      shortList(
        itemsAt(slice, 'ports').map((port) => String(numberAt(port, 'port') ?? 'unset')),
        '<unset>',
      ),
    ),
    column('Endpoints', (slice) =>
      shortList(
        itemsAt(slice, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses').map(String)),
        '<unset>',
      ),
    ),
    ageColumn,
  ],
  defaults: (slice) => ({
    ...slice,
    endpoints: null,
    ports: null,
    // An empty list is none.
    ...changedItems(
      listAt(slice, 'endpoints').length === 0 ? {} : { endpoints: slice.endpoints },
      'endpoints',
      (endpoint) => filled(endpoint, { conditions: {} }),
    ),
    ...changedItems(listAt(slice, 'ports').length === 0 ? {} : { ports: slice.ports }, 'ports', (port) =>
      filled(port, { name: '', protocol: 'TCP' }),
    ),
  }),
  validate: (slice, old) => checkEndpointSlice(slice, old, refuseLoopback),
});

/** As a real API server has it, but for addresses on loopback: where pods are servers on this machine, they have no others. */
export const loopbackEndpointSliceResource: ResourceDefinition = {
  ...endpointSliceResource,
  validate: (slice, old) => checkEndpointSlice(slice, old, () => []),
};

const SHOWN_MAX = 3;

function shortList(entries: readonly string[], none: string): string {
  if (entries.length === 0) return none;
  const more = entries.length - SHOWN_MAX;
  return `${entries.slice(0, SHOWN_MAX).join(',')}${more > 0 ? ` + ${more} more...` : ''}`;
}

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];

type CheckAddress = (path: string, address: string) => readonly FieldError[];

function checkEndpointSlice(
  slice: KubeObject,
  old: KubeObject | undefined,
  checkLoopback: CheckAddress,
): readonly FieldError[] {
  const type = textAt(slice, 'addressType') ?? '';
  return [
    ...(type === ''
      ? [required('addressType')]
      : ADDRESS_TYPES.includes(type)
        ? []
        : [unsupported('addressType', type, ADDRESS_TYPES)]),
    ...itemsAt(slice, 'endpoints').flatMap((endpoint, index) =>
      checkAddresses(`endpoints[${index}].addresses`, listAt(endpoint, 'addresses'), type, checkLoopback),
    ),
    ...checkPorts(slice),
    ...(old !== undefined && old.addressType !== type ? [immutable('addressType', type)] : []),
  ];
}

function checkAddresses(
  path: string,
  addresses: readonly unknown[],
  type: string,
  checkLoopback: CheckAddress,
): readonly FieldError[] {
  if (addresses.length === 0) return [required(path, 'must contain at least 1 address')];
  return addresses.flatMap((address, index) => {
    const text = String(address);
    const at = `${path}[${index}]`;
    if (type === 'FQDN') return checkSubdomain(at, text);
    if (isLoopback(text)) return checkLoopback(at, text);
    return isAddress(text) ? [] : [invalid(at, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
  });
}

function refuseLoopback(path: string, address: string): readonly FieldError[] {
  return [invalid(path, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')];
}

function isLoopback(address: string): boolean {
  return address === '::1' || (address.startsWith('127.') && isAddress(address));
}

function checkPorts(slice: KubeObject): readonly FieldError[] {
  const names = new Set<string>();
  return itemsAt(slice, 'ports').flatMap((port, index) => {
    const name = textAt(port, 'name') ?? '';
    const taken = names.has(name);
    names.add(name);
    return [
      ...(taken ? [duplicate(`ports[${index}].name`, name)] : []),
      ...oneOf(`ports[${index}].protocol`, fieldsAt(port).protocol, ['SCTP', 'TCP', 'UDP']),
    ];
  });
}
