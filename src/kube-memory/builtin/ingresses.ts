import type { KubeObject } from '../../api/kube-object.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { invalid, required, unsupported } from './field-errors.ts';
import {
  changedItems,
  fieldsAt,
  filled,
  itemsAt,
  listAt,
  numberAt,
  textAt,
  withoutField,
  type Fields,
} from './fields.ts';
import { checkPortName, checkSubdomain } from './names.ts';
import { ingressClassSchema, ingressSchema, networkPolicySchema } from './schemas/networking.ts';
import { selectorText } from './selectors.ts';
import { isAddress } from './services.ts';

export const ingressResource: ResourceDefinition = define({
  group: 'networking.k8s.io',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  subresources: [{ name: 'status' }],
  schema: ingressSchema,
  countsGenerations: true,
  columns: [
    column('Class', classText),
    column('Hosts', hostsText),
    column('Address', addressText),
    column('Ports', (ingress) => (itemsAt(ingress, 'spec', 'tls').length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
  defaults: (ingress) => ({
    ...ingress,
    spec: fieldsAt(ingress, 'spec'),
    status: filled(fieldsAt(ingress, 'status'), { loadBalancer: {} }),
  }),
  validate: checkIngress,
});

function checkIngress(ingress: KubeObject): readonly FieldError[] {
  const spec = fieldsAt(ingress, 'spec');
  const rules = itemsAt(spec, 'rules');
  const neither = rules.length === 0 && (spec.defaultBackend === undefined || spec.defaultBackend === null);
  return [
    ...(neither ? [invalid('spec', null, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...(spec.defaultBackend === undefined ? [] : checkBackend('spec.defaultBackend', fieldsAt(spec, 'defaultBackend'))),
    ...rules.flatMap((rule, index) => checkRule(`spec.rules[${index}]`, rule)),
  ];
}

function checkRule(path: string, rule: Fields): readonly FieldError[] {
  const paths = itemsAt(rule, 'http', 'paths');
  const empty = rule.http !== undefined && rule.http !== null && paths.length === 0;
  return [
    ...checkHost(`${path}.host`, textAt(rule, 'host') ?? ''),
    ...(empty ? [required(`${path}.http.paths`)] : []),
    ...paths.flatMap((entry, index) => checkPath(`${path}.http.paths[${index}]`, entry)),
  ];
}

function checkHost(path: string, host: string): readonly FieldError[] {
  if (host === '') return [];
  if (isAddress(host)) return [invalid(path, host, 'must be a DNS name, not an IP address')];
  if (host.startsWith('*.')) return checkSubdomain(path, host.slice(2));
  return checkSubdomain(path, host);
}

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function checkPath(path: string, entry: Fields): readonly FieldError[] {
  const type = textAt(entry, 'pathType');
  const url = textAt(entry, 'path') ?? '';
  const relative = type === 'ImplementationSpecific' ? url !== '' && !url.startsWith('/') : !url.startsWith('/');
  return [
    ...checkPathType(`${path}.pathType`, type),
    ...(type !== undefined && PATH_TYPES.includes(type) && relative
      ? [invalid(`${path}.path`, url, 'must be an absolute path')]
      : []),
    ...checkBackend(`${path}.backend`, fieldsAt(entry, 'backend')),
  ];
}

function checkPathType(path: string, type: string | undefined): readonly FieldError[] {
  if (type === undefined) return [required(path, 'pathType must be specified')];
  return PATH_TYPES.includes(type) ? [] : [unsupported(path, type, PATH_TYPES)];
}

function checkBackend(path: string, backend: Fields): readonly FieldError[] {
  const hasService = backend.service !== undefined && backend.service !== null;
  const hasResource = backend.resource !== undefined && backend.resource !== null;
  if (hasService && hasResource) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (hasResource) return [];
  if (!hasService) return [invalid(path, '', 'resource or service backend is required')];
  const name = textAt(backend, 'service', 'name') ?? '';
  const port = fieldsAt(backend, 'service', 'port');
  const portName = textAt(port, 'name') ?? '';
  const portNumber = numberAt(port, 'number') ?? 0;
  return [
    ...(name === '' ? [required(`${path}.service.name`)] : []),
    ...(portName === '' && portNumber === 0 ? [required(path, 'port name or number is required')] : []),
    ...(portName !== '' && portNumber !== 0 ? [invalid(path, '', 'cannot set both port name & port number')] : []),
    ...(portName === '' ? [] : checkPortName(`${path}.service.port.name`, portName)),
  ];
}

function classText(ingress: KubeObject): string {
  return (
    textAt(ingress, 'spec', 'ingressClassName') ??
    ingress.metadata.annotations?.['kubernetes.io/ingress.class'] ??
    '<none>'
  );
}

const HOSTS_SHOWN_MAX = 3;

function hostsText(ingress: KubeObject): string {
  const hosts = itemsAt(ingress, 'spec', 'rules')
    .map((rule) => textAt(rule, 'host') ?? '')
    .filter((host) => host !== '');
  if (hosts.length === 0) return '*';
  const more = hosts.length - HOSTS_SHOWN_MAX;
  return `${hosts.slice(0, HOSTS_SHOWN_MAX).join(',')}${more > 0 ? ` + ${more} more...` : ''}`;
}

function addressText(ingress: KubeObject): string {
  return itemsAt(ingress, 'status', 'loadBalancer', 'ingress')
    .map((entry) => textAt(entry, 'ip') ?? textAt(entry, 'hostname') ?? '')
    .join(',');
}

export const ingressClassResource: ResourceDefinition = define({
  group: 'networking.k8s.io',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  schema: ingressClassSchema,
  countsGenerations: true,
  columns: [
    column('Controller', (ingressClass) => textAt(ingressClass, 'spec', 'controller')),
    column('Parameters', parametersText),
    ageColumn,
  ],
  validate: (ingressClass) =>
    (textAt(ingressClass, 'spec', 'controller') ?? '') === '' ? [required('spec.controller')] : [],
});

function parametersText(ingressClass: KubeObject): string {
  const parameters = fieldsAt(ingressClass, 'spec', 'parameters');
  if (parameters.kind === undefined) return '<none>';
  const group = textAt(parameters, 'apiGroup');
  return `${textAt(parameters, 'kind') ?? ''}${group === undefined ? '' : `.${group}`}/${textAt(parameters, 'name') ?? ''}`;
}

/** Network policies are stored and shown; no traffic is filtered by them. */
export const networkPolicyResource: ResourceDefinition = define({
  group: 'networking.k8s.io',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  schema: networkPolicySchema,
  countsGenerations: true,
  columns: [column('Pod-Selector', (policy) => selectorText(fieldsAt(policy, 'spec').podSelector)), ageColumn],
  defaults: defaultedNetworkPolicy,
});

function defaultedNetworkPolicy(policy: KubeObject): KubeObject {
  const spec = fieldsAt(policy, 'spec');
  const types = ['Ingress', ...(listAt(spec, 'egress').length > 0 ? ['Egress'] : [])];
  let result: Fields = filled(spec, { podSelector: {}, policyTypes: types });
  for (const direction of ['ingress', 'egress']) {
    if (listAt(result, direction).length === 0) result = withoutField(result, direction);
    result = changedItems(result, direction, (rule) =>
      changedItems(rule, 'ports', (port) => filled(port, { protocol: 'TCP' })),
    );
  }
  return { ...policy, spec: result };
}
