import type { FieldError } from '../resource.ts';
import {
  duplicate,
  forbidden,
  invalid,
  notFound,
  portInRange,
  required,
  unsupported,
  atLeast,
} from './field-errors.ts';
import { fieldsAt, itemsAt, textAt, textsAt, type Fields } from './fields.ts';
import { checkAnnotations, checkLabel, checkLabels, checkPortName } from './names.ts';
import { parseQuantity } from './quantity.ts';

/** What an API server checks of a pod template beyond its shape: the parts that people get wrong. */
export function checkTemplate(path: string, template: Fields): readonly FieldError[] {
  return [
    ...checkLabels(`${path}.labels`, textsAt(template, 'metadata', 'labels')),
    ...checkAnnotations(`${path}.annotations`, textsAt(template, 'metadata', 'annotations')),
    ...checkPodSpec(`${path}.spec`, fieldsAt(template, 'spec')),
  ];
}

export function checkPodSpec(path: string, spec: Fields): readonly FieldError[] {
  const volumeNames = new Set(itemsAt(spec, 'volumes').map((volume) => textAt(volume, 'name')));
  const initContainers = itemsAt(spec, 'initContainers');
  const containers = itemsAt(spec, 'containers');
  const context = { spec, volumeNames };
  return [
    ...checkVolumes(`${path}.volumes`, itemsAt(spec, 'volumes')),
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...containers.flatMap((container, index) => checkContainer(`${path}.containers[${index}]`, container, context)),
    ...initContainers.flatMap((container, index) =>
      checkContainer(`${path}.initContainers[${index}]`, container, context),
    ),
    ...checkUniqueNames(path, { containers, initContainers }),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
    ...atLeast(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1),
  ];
}

/** Errors when a value is set and is none of the listed ones. */
export function oneOf(path: string, value: unknown, supported: readonly string[]): readonly FieldError[] {
  if (value === undefined || value === null || (typeof value === 'string' && supported.includes(value))) return [];
  return [unsupported(path, value, supported)];
}

interface PodContext {
  readonly spec: Fields;
  readonly volumeNames: ReadonlySet<string | undefined>;
}

function checkUniqueNames(
  path: string,
  lists: { readonly containers: readonly Fields[]; readonly initContainers: readonly Fields[] },
): readonly FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [list, containers] of Object.entries(lists)) {
    for (const [index, container] of containers.entries()) {
      const name = textAt(container, 'name') ?? '';
      if (name !== '' && seen.has(name)) errors.push(duplicate(`${path}.${list}[${index}].name`, name));
      seen.add(name);
    }
  }
  return errors;
}

function checkContainer(path: string, container: Fields, context: PodContext): readonly FieldError[] {
  const name = textAt(container, 'name') ?? '';
  return [
    ...(name === '' ? [required(`${path}.name`)] : checkLabel(`${path}.name`, name)),
    ...checkImage(`${path}.image`, textAt(container, 'image') ?? ''),
    ...checkPorts(`${path}.ports`, itemsAt(container, 'ports')),
    ...itemsAt(container, 'env').flatMap((entry, index) => checkEnv(`${path}.env[${index}]`, entry)),
    ...checkMounts(`${path}.volumeMounts`, itemsAt(container, 'volumeMounts'), context.volumeNames),
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((probe) =>
      checkProbe(`${path}.${probe}`, probe, container[probe]),
    ),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ['FallbackToLogsOnError', 'File']),
    ...checkResources(`${path}.resources`, fieldsAt(container, 'resources')),
  ];
}

function checkImage(path: string, image: string): readonly FieldError[] {
  if (image === '') return [required(path)];
  return image.trim() === image ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')];
}

function checkPorts(path: string, ports: readonly Fields[]): readonly FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const name = textAt(port, 'name') ?? '';
    const taken = name !== '' && names.has(name);
    names.add(name);
    return [
      ...(name === '' ? [] : checkPortName(`${path}[${index}].name`, name)),
      ...(taken ? [duplicate(`${path}[${index}].name`, name)] : []),
      ...checkContainerPort(`${path}[${index}].containerPort`, port.containerPort),
      ...(port.hostPort === undefined || port.hostPort === 0
        ? []
        : portInRange(`${path}[${index}].hostPort`, port.hostPort)),
      ...oneOf(`${path}[${index}].protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ];
  });
}

function checkContainerPort(path: string, port: unknown): readonly FieldError[] {
  return port === undefined || port === 0 ? [required(path)] : portInRange(path, port);
}

const ENV_SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];

const ENV_NAME_RULE =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";

function checkEnv(path: string, entry: Fields): readonly FieldError[] {
  const name = textAt(entry, 'name') ?? '';
  return [
    ...(name === '' ? [required(`${path}.name`)] : []),
    ...(/^[ -<>-~]*$/.test(name) ? [] : [invalid(`${path}.name`, name, ENV_NAME_RULE)]),
    ...checkEnvSource(`${path}.valueFrom`, entry),
  ];
}

function checkEnvSource(path: string, entry: Fields): readonly FieldError[] {
  if (entry.valueFrom === undefined || entry.valueFrom === null) return [];
  const sources = ENV_SOURCES.filter((source) => fieldsAt(entry, 'valueFrom')[source] !== undefined);
  if (sources.length === 0) {
    return [
      invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'),
    ];
  }
  if ((textAt(entry, 'value') ?? '') !== '')
    return [invalid(path, '', 'may not be specified when `value` is not empty')];
  return sources.length > 1 ? [invalid(path, '', 'may not have more than one field specified at a time')] : [];
}

function checkMounts(
  path: string,
  mounts: readonly Fields[],
  volumeNames: ReadonlySet<string | undefined>,
): readonly FieldError[] {
  const paths = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const name = textAt(mount, 'name') ?? '';
    const mountPath = textAt(mount, 'mountPath') ?? '';
    const taken = mountPath !== '' && paths.has(mountPath);
    paths.add(mountPath);
    return [
      ...(name === '' ? [required(`${path}[${index}].name`)] : []),
      ...(name === '' || volumeNames.has(name) ? [] : [notFound(`${path}[${index}].name`, name)]),
      ...(mountPath === '' ? [required(`${path}[${index}].mountPath`)] : []),
      ...(taken ? [invalid(`${path}[${index}].mountPath`, mountPath, 'must be unique')] : []),
    ];
  });
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc'];

function checkProbe(path: string, kind: string, probe: unknown): readonly FieldError[] {
  if (probe === undefined || probe === null) return [];
  const fields = fieldsAt(probe);
  const handlers = HANDLERS.filter((handler) => fields[handler] !== undefined && fields[handler] !== null);
  const onlyOnce =
    kind !== 'readinessProbe' && typeof fields.successThreshold === 'number' && fields.successThreshold !== 1;
  return [
    ...(handlers.length === 0 ? [required(path, 'must specify a handler type')] : []),
    ...handlers.slice(1).map((handler) => forbidden(`${path}.${handler}`, 'may not specify more than 1 handler type')),
    ...handlers
      .slice(0, 1)
      .flatMap((handler) => checkHandlerPort(`${path}.${handler}`, handler, fieldsAt(fields, handler))),
    ...['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'].flatMap(
      (field) => atLeast(`${path}.${field}`, fields[field], 0),
    ),
    ...(onlyOnce ? [invalid(`${path}.successThreshold`, fields.successThreshold, 'must be 1')] : []),
  ];
}

function checkHandlerPort(path: string, handler: string, fields: Fields): readonly FieldError[] {
  if (handler === 'exec')
    return Array.isArray(fields.command) && fields.command.length > 0 ? [] : [required(`${path}.command`)];
  return checkTargetPort(`${path}.port`, fields.port);
}

/** A port by number or by name. */
export function checkTargetPort(path: string, port: unknown): readonly FieldError[] {
  return typeof port === 'string' ? checkPortName(path, port) : portInRange(path, port);
}

function checkResources(path: string, resources: Fields): readonly FieldError[] {
  const limits = fieldsAt(resources, 'limits');
  const requests = fieldsAt(resources, 'requests');
  return [
    ...checkAmounts(`${path}.limits`, limits),
    ...checkAmounts(`${path}.requests`, requests),
    ...Object.entries(requests).flatMap(([name, amount]) =>
      checkWithinLimit(`${path}.requests`, { name, amount, limit: limits[name] }),
    ),
  ];
}

function checkAmounts(path: string, amounts: Fields): readonly FieldError[] {
  return Object.entries(amounts).flatMap(([name, amount]) => [
    ...(name.includes('/') || STANDARD_RESOURCES.test(name)
      ? []
      : [
          invalid(`${path}[${name}]`, name, 'must be a standard resource type or fully qualified'),
          invalid(`${path}[${name}]`, name, 'must be a standard resource for containers'),
        ]),
    ...((parseQuantity(String(amount)) ?? 0) < 0
      ? [invalid(`${path}[${name}]`, String(amount), 'must be greater than or equal to 0')]
      : []),
  ]);
}

const STANDARD_RESOURCES = /^(cpu|memory|ephemeral-storage|storage|hugepages-.+)$/;

function checkWithinLimit(
  path: string,
  request: { readonly name: string; readonly amount: unknown; readonly limit: unknown },
): readonly FieldError[] {
  if (typeof request.limit !== 'string' && typeof request.limit !== 'number') return [];
  const amount = parseQuantity(String(request.amount)) ?? 0;
  const limit = parseQuantity(request.limit) ?? 0;
  if (amount <= limit) return [];
  return [
    invalid(path, String(request.amount), `must be less than or equal to ${request.name} limit of ${request.limit}`),
  ];
}

function checkVolumes(path: string, volumes: readonly Fields[]): readonly FieldError[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const name = textAt(volume, 'name') ?? '';
    const taken = name !== '' && names.has(name);
    names.add(name);
    const sources = Object.keys(volume).filter(
      (key) => key !== 'name' && volume[key] !== undefined && volume[key] !== null,
    );
    return [
      ...(name === '' ? [required(`${path}[${index}].name`)] : checkLabel(`${path}[${index}].name`, name)),
      ...(taken ? [duplicate(`${path}[${index}].name`, name)] : []),
      ...sources
        .slice(1)
        .map((source) => forbidden(`${path}[${index}].${source}`, 'may not specify more than 1 volume type')),
    ];
  });
}
