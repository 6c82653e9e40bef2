import type { KubeObject } from '../api/kube-object.ts';
import { isObject, valueAt, withValueAt } from './json-value.ts';
import { simplePath } from '../lib/json-path.ts';
import type { ResourceDefinition, SubresourceDefinition } from './resource.ts';
import { formatLabelSelector } from './selectors.ts';
import { invalidValue } from './schema/field-error.ts';
import { badRequest, invalid } from './status-error.ts';

type ScaleDefinition = Extract<SubresourceDefinition, { name: 'scale' }>;

export function scaleDefinitionOf(definition: ResourceDefinition): ScaleDefinition | undefined {
  return definition.subresources.find((each): each is ScaleDefinition => each.name === 'scale');
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
