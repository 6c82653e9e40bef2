import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import type { Position } from './position.ts';
import type { World } from './world.ts';

/** The template of a new version, kept off the nodes of the stable one where the user wants so. */
export function withAntiAffinity(world: World, position: Position, template: PodTemplateSpec): PodTemplateSpec {
  const { canary, blueGreen } = world.rollout.spec.strategy ?? {};
  const rule = canary?.antiAffinity ?? blueGreen?.antiAffinity;
  const { stableHash, currentHash } = position;
  if (rule === undefined || stableHash === '' || stableHash === currentHash) return template;
  const podAffinityTerm = {
    labelSelector: {
      matchExpressions: [{ key: POD_TEMPLATE_HASH_LABEL, operator: 'In', values: [stableHash] }],
    },
    namespaces: [world.rollout.metadata.namespace ?? ''],
    topologyKey: 'kubernetes.io/hostname',
  };
  const preferred = rule.preferredDuringSchedulingIgnoredDuringExecution;
  const [kind, term] =
    preferred === undefined
      ? (['requiredDuringSchedulingIgnoredDuringExecution', podAffinityTerm] as const)
      : (['preferredDuringSchedulingIgnoredDuringExecution', { weight: preferred.weight, podAffinityTerm }] as const);
  const affinity = fieldsOf(template.spec?.affinity);
  const against = fieldsOf(affinity['podAntiAffinity']);
  const terms: unknown = against[kind];
  return {
    ...template,
    spec: {
      ...template.spec,
      affinity: {
        ...affinity,
        podAntiAffinity: { ...against, [kind]: [...(Array.isArray(terms) ? (terms as unknown[]) : []), term] },
      },
    },
  } as PodTemplateSpec;
}
