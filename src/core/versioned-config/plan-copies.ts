import { KINDS } from '../../api/kinds.ts';
import type { ObjectRef } from '../../api/kube-object.ts';
import { deletionOf, type KubeWrite } from '../../api/kube-write.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import { configKey, type ConfigKind } from '../../api/versioned-config.ts';
import type { World } from '../rollout/world.ts';
import { configKindOf, copyKey } from './copy.ts';
import { configReferences } from './references.ts';

export interface CopyPlan {
  /** Before the ReplicaSet whose pods need them. */
  readonly create: readonly KubeWrite[];
  /** What no version refers to any more. */
  readonly remove: readonly KubeWrite[];
}

/** Copies follow the versions: made with the first ReplicaSet that names them, and gone with the last one. */
export function planCopies(world: World): CopyPlan {
  const { config } = world.observation;
  if (config === undefined || world.problems.length > 0) return { create: [], remove: [] };
  const named = namesIn(templatesOf(world));
  return {
    create: world.missingCopies.map((copy) => ({
      verb: 'create',
      kind: RESOURCE_OF[configKindOf(copy)],
      object: copy,
    })),
    // Without the right to watch them, what is known of them is old.
    remove: config.copies
      .filter((copy) => !named.has(copyKey(copy)) && !config.refused.includes(configKindOf(copy)))
      .map((copy) => deletionOf(RESOURCE_OF[configKindOf(copy)], copy)),
  };
}

export const RESOURCE_OF: Readonly<Record<ConfigKind, ObjectRef['kind']>> = {
  configmap: KINDS.configMap,
  secret: KINDS.secret,
};

/** Also versions on their way out, whose pods may still start again, and Experiments that run what a version ran. */
function templatesOf({ observation, rollout }: World): readonly PodTemplateSpec[] {
  return [
    rollout.spec.template ?? {},
    ...observation.replicaSets.map(({ spec }) => spec.template),
    ...(observation.experiments ?? []).flatMap(({ spec }) => spec.templates.map(({ template }) => template)),
  ];
}

function namesIn(templates: readonly PodTemplateSpec[]): ReadonlySet<string> {
  return new Set(templates.flatMap((template) => configReferences(template).map(configKey)));
}
