import type { KubeObject } from '../../api/kube-object.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { duplicate, forbidden, invalid, portInRange, required, unsupported } from './field-errors.ts';
import { fieldsAt, filled, itemsAt, listAt, numberAt, textAt, textsAt, withoutField, type Fields } from './fields.ts';
import { checkLabel, checkLabels, checkSubdomain } from './names.ts';
import { checkTargetPort, oneOf } from './pod-validation.ts';
import { serviceSchema } from './schemas/core.ts';

export const serviceResource: ResourceDefinition = define({
  kind: 'Service',
  shortNames: ['svc'],
  categories: ['all'],
  subresources: [{ name: 'status' }],
  schema: serviceSchema,
  fieldSelectors: ['spec.clusterIP', 'spec.type'],
  columns: [
    column('Type', (service) => textAt(service, 'spec', 'type')),
    column('Cluster-IP', (service) => textAt(service, 'spec', 'clusterIP') ?? '<none>'),
    column('External-IP', externalText),
    column('Port(s)', portsText),
    ageColumn,
    column('Selector', selectorCell, 'wide'),
  ],
  defaults: defaultedService,
  allocate: withAddresses,
  validate: checkService,
});

function defaultedService(service: KubeObject): KubeObject {
  const given = filled(fieldsAt(service, 'spec'), { type: 'ClusterIP', sessionAffinity: 'None' });
  const type = textAt(given, 'type') ?? '';
  const status = filled(fieldsAt(service, 'status'), { loadBalancer: {} });
  const spec = given.sessionAffinity === 'ClientIP' ? withAffinityTimeout(given) : given;
  if (type === 'ExternalName') {
    const plain = withoutAddresses(listAt(spec, 'ports').length === 0 ? withoutField(spec, 'ports') : spec);
    return { ...service, spec: plain, status };
  }
  const ports = itemsAt(spec, 'ports').map((port) => filled(port, { protocol: 'TCP', targetPort: port.port }));
  return {
    ...service,
    spec: { ...filled(withoutField(spec, 'ports'), trafficPolicies(type)), ...(ports.length === 0 ? {} : { ports }) },
    status,
  };
}

function withAffinityTimeout(spec: Fields): Fields {
  return filled(spec, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } });
}

function trafficPolicies(type: string): Fields {
  return {
    internalTrafficPolicy: 'Cluster',
    ...(type === 'NodePort' || type === 'LoadBalancer' ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
  };
}

function withoutAddresses(spec: Fields): Fields {
  const {
    clusterIP: _ip,
    clusterIPs: _ips,
    ipFamilies: _families,
    ipFamilyPolicy: _policy,
    internalTrafficPolicy: _traffic,
    ...rest
  } = spec;
  return rest;
}

/** Addresses and node ports, by the service's name: no allocator is needed, and an update that leaves them out finds the same ones. */
function withAddresses(service: KubeObject): KubeObject {
  const spec = fieldsAt(service, 'spec');
  const type = textAt(spec, 'type') ?? '';
  if (type === 'ExternalName') return service;
  const key = `${service.metadata.namespace ?? ''}/${service.metadata.name}`;
  const given = textAt(spec, 'clusterIP') ?? '';
  const clusterIP = given !== '' ? given : (firstText(spec.clusterIPs) ?? clusterAddress(key));
  const opened = type === 'NodePort' || type === 'LoadBalancer';
  const ports = itemsAt(spec, 'ports').map((port, index) =>
    opened && (port.nodePort ?? 0) === 0 ? { ...port, nodePort: 30_000 + ((hashOf(key) + index) % 2_768) } : port,
  );
  return {
    ...service,
    spec: {
      ...filled(spec, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }),
      ...(ports.length === 0 ? {} : { ports }),
      clusterIP,
      clusterIPs: listAt(spec, 'clusterIPs').length > 0 ? spec.clusterIPs : [clusterIP],
    },
  };
}

function firstText(list: unknown): string | undefined {
  const first = Array.isArray(list) ? (list[0] as unknown) : undefined;
  return typeof first === 'string' && first !== '' ? first : undefined;
}

/** An address of 10.96.0.0/12. */
function clusterAddress(key: string): string {
  const number = hashOf(key) % (1 << 20);
  return `10.${96 + (number >> 16)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

/** FNV-1a, 32 bits (Fowler, Noll and Vo, public domain). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

function checkService(service: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = fieldsAt(service, 'spec');
  const type = textAt(spec, 'type') ?? '';
  const ports = itemsAt(spec, 'ports');
  const headless = spec.clusterIP === 'None';
  return [
    ...(ports.length === 0 && !headless && type !== 'ExternalName' ? [required('spec.ports')] : []),
    ...(type === 'ExternalName' ? checkExternalName(textAt(spec, 'externalName') ?? '') : []),
    ...ports.flatMap((port, index) => checkPort(`spec.ports[${index}]`, port, { type, only: ports.length === 1 })),
    ...checkDuplicates(ports),
    ...checkLabels('spec.selector', textsAt(spec, 'selector')),
    ...oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']),
    ...(TYPES.includes(type) ? [] : [unsupported('spec.type', type, TYPES)]),
    ...checkAddresses(spec, old === undefined ? undefined : fieldsAt(old, 'spec')),
  ];
}

function checkExternalName(name: string): readonly FieldError[] {
  return name === '' ? [required('spec.externalName')] : checkSubdomain('spec.externalName', name.replace(/\.$/, ''));
}

function checkPort(
  path: string,
  port: Fields,
  context: { readonly type: string; readonly only: boolean },
): readonly FieldError[] {
  const name = textAt(port, 'name') ?? '';
  const nodePort = numberAt(port, 'nodePort') ?? 0;
  return [
    ...(name === '' ? (context.only ? [] : [required(`${path}.name`)]) : checkLabel(`${path}.name`, name)),
    ...portInRange(`${path}.port`, port.port),
    ...oneOf(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ...checkTargetPort(`${path}.targetPort`, port.targetPort),
    ...(nodePort !== 0 && context.type === 'ClusterIP'
      ? [forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
      : []),
  ];
}

function checkDuplicates(ports: readonly Fields[]): readonly FieldError[] {
  const names = new Set<string>();
  const numbers = new Set<string>();
  return ports.flatMap((port, index) => {
    const name = textAt(port, 'name') ?? '';
    const number = `${textAt(port, 'protocol') ?? ''}/${numberAt(port, 'port') ?? 0}`;
    const errors = [
      ...(name !== '' && names.has(name) ? [duplicate(`spec.ports[${index}].name`, name)] : []),
      ...(numbers.has(number) ? [duplicate(`spec.ports[${index}]`, portAsCompared(port))] : []),
    ];
    names.add(name);
    numbers.add(number);
    return errors;
  });
}

function portAsCompared(port: Fields): Fields {
  return { Name: '', Protocol: port.protocol, AppProtocol: null, Port: port.port, TargetPort: 0, NodePort: 0 };
}

function checkAddresses(spec: Fields, old: Fields | undefined): readonly FieldError[] {
  const first = firstText(spec.clusterIPs);
  if (first === undefined) return [];
  const before = firstText(old?.clusterIPs);
  const wanted = textAt(spec, 'clusterIP') ?? '';
  if (before === first && wanted !== first && wanted !== '')
    return [invalid('spec.clusterIPs[0]', [wanted], 'may not change once set')];
  if (spec.clusterIP !== first)
    return [invalid('spec.clusterIPs', spec.clusterIPs, 'first value must match `clusterIP`')];
  if (before !== undefined && before !== first && old?.type !== 'ExternalName') {
    return [invalid('spec.clusterIPs[0]', spec.clusterIPs, 'may not change once set')];
  }
  return first === 'None' || isAddress(first)
    ? []
    : [invalid('spec.clusterIPs[0]', first, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
}

/** Whether a text is an IP address in its usual form. */
export function isAddress(text: string): boolean {
  const parts = text.split('.');
  if (parts.length === 4) return parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text);
}

function externalText(service: KubeObject): string {
  const spec = fieldsAt(service, 'spec');
  const external = listAt(spec, 'externalIPs').map(String);
  const balancers = itemsAt(service, 'status', 'loadBalancer', 'ingress').map(
    (entry) => textAt(entry, 'ip') ?? textAt(entry, 'hostname') ?? '',
  );
  if (spec.type === 'ExternalName') return textAt(spec, 'externalName') ?? '<none>';
  if (spec.type === 'LoadBalancer') return [...balancers, ...external].join(',') || '<pending>';
  return external.join(',') || '<none>';
}

function portsText(service: KubeObject): string {
  const ports = itemsAt(service, 'spec', 'ports').map((port) => {
    const nodePort = numberAt(port, 'nodePort') ?? 0;
    return `${numberAt(port, 'port') ?? 0}${nodePort === 0 ? '' : `:${nodePort}`}/${textAt(port, 'protocol') ?? 'TCP'}`;
  });
  return ports.join(',') || '<none>';
}

function selectorCell(service: KubeObject): string {
  const selector = Object.entries(textsAt(service, 'spec', 'selector')).map(([key, value]) => `${key}=${value}`);
  return selector.toSorted().join(',') || '<none>';
}
