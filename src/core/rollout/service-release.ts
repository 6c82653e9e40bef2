import { KINDS } from '../../api/kinds.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { MANAGED_BY_ANNOTATION, POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { Service } from '../../api/workloads.ts';
import { aimOf } from './service-aim.ts';
import { switchNotice, type ServiceSwitch } from './services.ts';
import type { World } from './world.ts';

/**
 * Services that the Rollout led before and names no more, as after a change of strategy: they select all versions
 * again. Not while the spec is invalid, because a name that is misspelt does not give a Service up.
 */
export function planReleases(world: World): readonly ServiceSwitch[] {
  if (world.problems.length > 0) return [];
  return (world.observation.formerServices ?? []).map((service) => ({
    write: releaseOf(service),
    notice: switchNotice(service, ''),
  }));
}

/** The patch that takes our marks off a Service; one that would select nothing else keeps its selector. */
export function releaseOf(service: Service): KubeWrite {
  const { name, namespace = '', resourceVersion } = service.metadata;
  const others = Object.keys(service.spec.selector ?? {}).filter((key) => key !== POD_TEMPLATE_HASH_LABEL);
  const leadsOn = aimOf(service) !== undefined && others.length > 0;
  return {
    verb: 'patch',
    ref: { kind: KINDS.service, namespace, name },
    patchType: 'strategic',
    body: {
      metadata: { resourceVersion, annotations: { [MANAGED_BY_ANNOTATION]: null } },
      ...(leadsOn ? { spec: { selector: { [POD_TEMPLATE_HASH_LABEL]: null } } } : {}),
    },
  };
}
