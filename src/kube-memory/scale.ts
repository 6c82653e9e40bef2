import type { KubeObject } from '../api/kube-object.ts';
import { isObject, valueAt, withValueAt } from './json-value.ts';
import { simplePath } from '../lib/json-path.ts';
import type { FieldError, ResourceDefinition, SubresourceDefinition } from './resource.ts';
import { formatLabelSelector } from './selectors.ts';
import { invalidValue } from './schema/field-error.ts';
import { badRequest, internalError, invalid } from './status-error.ts';

type ScaleDefinition = Extract<SubresourceDefinition, { name: 'scale' }>;

export function scaleDefinitionOf(definition: ResourceDefinition): ScaleDefinition | undefined {
  return definition.subresources.find((each): each is ScaleDefinition => each.name === 'scale');
}

/** What a custom resource must have to show its scale; throws 500 as an API server does. */
export function checkScalable(object: KubeObject, scale: ScaleDefinition): void {
  if (valueAt(object, simplePath(scale.specReplicasPath)) === undefined)
    throw internalError(`the spec replicas field ${JSON.stringify(scale.specReplicasPath)} does not exist`);
}

const REPLICAS_MAX = 2_147_483_647;

/** Errors of the replicas of a custom resource that can be scaled. */
export function replicasErrors(object: KubeObject, definition: ResourceDefinition): readonly FieldError[] {
  const scale = scaleDefinitionOf(definition);
  if (scale === undefined || definition.typed === true) return [];
  const path = scale.specReplicasPath;
  let value: unknown = object;
  for (const key of simplePath(path)) {
    if (value === undefined) return [];
    if (!isObject(value)) return [accessorError(path, value, 'map[string]interface{}')];
    value = value[key];
  }
  if (value === undefined) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) return [accessorError(path, value, 'int64')];
  if (value < 0) return [invalidValue(path, value, 'should be a non-negative integer')];
  return value > REPLICAS_MAX ? [invalidValue(path, value, `should be less than or equal to ${REPLICAS_MAX}`)] : [];
}

function accessorError(path: string, value: unknown, expected: string): FieldError {
  const type = typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : typeof value;
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return invalidValue(path, 0, `${path} accessor error: ${shown} is of the type ${type}, expected ${expected}`);
}

/** The `autoscaling/v1` Scale view of an object. */
export function scaleOf(object: KubeObject, scale: ScaleDefinition): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const specReplicas = valueAt(object, simplePath(scale.specReplicasPath));
  const statusReplicas = valueAt(object, simplePath(scale.statusReplicasPath));
  const selector =
    scale.labelSelectorPath === undefined
      ? ''
      : formatLabelSelector(valueAt(object, simplePath(scale.labelSelectorPath)));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion, creationTimestamp },
    spec: typeof specReplicas === 'number' && specReplicas !== 0 ? { replicas: specReplicas } : {},
    status: {
      replicas: typeof statusReplicas === 'number' ? statusReplicas : 0,
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/** The object with the replicas of a Scale; uid and resourceVersion travel along as preconditions. Throws 400 and 422. */
export function withScale(
  object: KubeObject,
  wanted: Readonly<Record<string, unknown>>,
  definition: ResourceDefinition,
): Readonly<Record<string, unknown>> {
  const scale = scaleDefinitionOf(definition);
  if (scale === undefined) return object;
  if (wanted['kind'] !== undefined && wanted['kind'] !== 'Scale')
    throw badRequest(`wrong object passed to Scale update: ${JSON.stringify(wanted['kind'])}`);
  const spec = isObject(wanted['spec']) ? wanted['spec'] : {};
  const replicas = spec['replicas'] ?? 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest('Scale in version "v1" cannot be handled as a Scale: spec.replicas must be an integer');
  if (replicas < 0) {
    const kind = { group: 'autoscaling', plural: 'scales', kind: 'Scale' };
    throw invalid(kind, object.metadata.name, [
      invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ]);
  }
  const meta = isObject(wanted['metadata']) ? wanted['metadata'] : {};
  const changed = withValueAt(object, simplePath(scale.specReplicasPath), replicas);
  const resourceVersion = typeof meta['resourceVersion'] === 'string' ? meta['resourceVersion'] : undefined;
  return {
    ...changed,
    metadata: { ...object.metadata, resourceVersion, ...(typeof meta['uid'] === 'string' ? { uid: meta['uid'] } : {}) },
  };
}
