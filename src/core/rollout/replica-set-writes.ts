import { KINDS } from '../../api/kinds.ts';
import { controllerReference, isOwnedBy } from '../../api/kube-object.ts';
import type { EventNotice, KubeWrite } from '../../api/kube-write.ts';
import {
  DESIRED_REPLICAS_ANNOTATION,
  POD_TEMPLATE_HASH_LABEL,
  PROMOTED_ANNOTATION,
  REVISION_ANNOTATION,
  SCALE_DOWN_DEADLINE_ANNOTATION,
} from '../../api/labels.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { withAntiAffinity } from './anti-affinity.ts';
import { blueGreenSizes } from './blue-green-capacity.ts';
import { planSizes } from './capacity.ts';
import type { Position } from './position.ts';
import { currentRevision } from './promotion.ts';
import { sizeOf } from './replica-set.ts';
import { currentAnnotations, newReplicaSet, revisionOf } from './revisions.ts';
import { roleChange, templateForRole, type RoleChange } from './role-metadata.ts';
import { planScaleDown } from './scale-down.ts';
import { rolesOf, type World } from './world.ts';

export interface SizedWrite {
  readonly write: KubeWrite;
  readonly purpose: string;
  /** `raise` makes room for traffic, `drain` takes pods away, `keep` changes no size. */
  readonly effect: 'raise' | 'drain' | 'keep';
  readonly notices: readonly EventNotice[];
}

export interface ReplicaSetPlan {
  readonly writes: readonly SizedWrite[];
  readonly wakeAtMs: number | undefined;
}

/** One write for each ReplicaSet that is not as it should be: size, annotations and owner together. */
export function planReplicaSets(world: World, position: Position): ReplicaSetPlan {
  const roles = rolesOf(world, position);
  const sizes = world.blueGreen === undefined ? planSizes(world, position) : blueGreenSizes(world, position);
  const scaleDown = planScaleDown(world, position);
  const writes: SizedWrite[] = [];
  if (roles.current === undefined) writes.push(...createCurrent(world, position, sizes.current));
  for (const replicaSet of world.replicaSets) {
    const { name } = replicaSet.metadata;
    const isCurrent = replicaSet === roles.current;
    const planned = isCurrent ? sizes.current : sizes.byName.get(name);
    const down = scaleDown.byName.get(name);
    const size = down?.size ?? planned ?? sizeOf(replicaSet);
    const annotations = annotationsFor({ world, position, replicaSet, isCurrent, size, deadline: down?.deadline });
    const role = world.problems.length > 0 ? undefined : roleChange(world, position, replicaSet);
    writes.push(...writeOf(world, { replicaSet, size, annotations: { ...annotations, ...role?.annotations }, role }));
  }
  return { writes, wakeAtMs: scaleDown.wakeAtMs };
}

/** A new version's ReplicaSet is made only for a template that is the desired one and sound. */
function createCurrent(world: World, position: Position, size: number): readonly SizedWrite[] {
  if (world.template === undefined || world.problems.length > 0 || position.currentHash !== world.templateHash)
    return [];
  const revision = currentRevision(world, position);
  const role = templateForRole(world, position, withAntiAffinity(world, position, world.template));
  const replicaSet = newReplicaSet({
    rollout: world.rollout,
    template: role.template,
    labels: world.template.metadata?.labels ?? {},
    annotations: role.annotations,
    hash: position.currentHash,
    size,
    revision,
  });
  const { name } = replicaSet.metadata;
  const notices: EventNotice[] = [
    { type: 'Normal', reason: 'NewReplicaSetCreated', message: `Created ReplicaSet ${name} (revision ${revision})` },
  ];
  if (size > 0) notices.push(scalingNotice({ name, revision, from: 0, to: size }));
  return [
    {
      write: { verb: 'create', kind: KINDS.replicaSet, object: replicaSet },
      purpose: `create the ReplicaSet of revision ${revision} with ${size} pods`,
      effect: 'raise',
      notices,
    },
  ];
}

interface AnnotationsInput {
  readonly world: World;
  readonly position: Position;
  readonly replicaSet: ReplicaSet;
  readonly isCurrent: boolean;
  readonly size: number;
  readonly deadline: string | null | undefined;
}

/** Annotations that have to change; null removes one. */
function annotationsFor(input: AnnotationsInput): Readonly<Record<string, string | null>> {
  const { world, position, replicaSet, isCurrent } = input;
  const before = replicaSet.metadata.annotations ?? {};
  const wanted: Record<string, string | null> = {};
  if (isCurrent && world.problems.length === 0) {
    Object.assign(wanted, currentAnnotations(world.rollout, replicaSet, currentRevision(world, position)));
  }
  const serves = isCurrent || replicaSet === rolesOf(world, position).stable;
  if (input.size !== sizeOf(replicaSet) || (serves && input.size > 0)) {
    wanted[DESIRED_REPLICAS_ANNOTATION] = String(world.settings.replicas);
  }
  if (input.deadline !== undefined) wanted[SCALE_DOWN_DEADLINE_ANNOTATION] = input.deadline;
  if (isCurrent && world.blueGreen !== undefined) Object.assign(wanted, promotedAnnotation(position));
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => (before[key] ?? null) !== value));
}

/** Only a version that was promoted may be gone back to without a pause, and none that was aborted. */
function promotedAnnotation(position: Position): Readonly<Record<string, string | null>> {
  if (position.abort) return { [PROMOTED_ANNOTATION]: null };
  return position.currentHash === position.stableHash ? { [PROMOTED_ANNOTATION]: 'true' } : {};
}

interface WriteInput {
  readonly replicaSet: ReplicaSet;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string | null>>;
  readonly role: RoleChange | undefined;
}

function writeOf(world: World, { replicaSet, size, annotations, role }: WriteInput): readonly SizedWrite[] {
  const { name, namespace = '', resourceVersion } = replicaSet.metadata;
  const from = sizeOf(replicaSet);
  const revision = annotations[REVISION_ANNOTATION] ?? String(revisionOf(replicaSet));
  const adopted = isOwnedBy(replicaSet, world.rollout)
    ? {}
    : { ownerReferences: [controllerReference(KINDS.rollout, world.rollout.metadata)] };
  const minReady = minReadyChange(world, replicaSet);
  if (
    from === size &&
    Object.keys(annotations).length === 0 &&
    Object.keys(adopted).length === 0 &&
    minReady === undefined
  )
    return [];
  const spec = {
    ...(from === size ? {} : { replicas: size }),
    ...minReady,
    ...(role === undefined ? {} : { template: { metadata: role.template } }),
  };
  return [
    {
      write: {
        verb: 'patch',
        ref: { kind: KINDS.replicaSet, namespace, name },
        patchType: 'merge',
        body: {
          metadata: { resourceVersion, ...(Object.keys(annotations).length > 0 ? { annotations } : {}), ...adopted },
          ...(Object.keys(spec).length > 0 ? { spec } : {}),
        },
      },
      purpose: from === size ? `keep the annotations of ${name}` : `scale ${name} from ${from} to ${size}`,
      effect: size > from ? 'raise' : size < from ? 'drain' : 'keep',
      notices: from === size ? [] : [scalingNotice({ name, revision, from, to: size })],
    },
  ];
}

/** The new version's ReplicaSet follows minReadySeconds of the Rollout. */
function minReadyChange(world: World, replicaSet: ReplicaSet): { readonly minReadySeconds: number } | undefined {
  const wanted = world.rollout.spec.minReadySeconds ?? 0;
  const isCurrent = replicaSet.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === world.templateHash;
  if (!isCurrent || world.problems.length > 0 || (replicaSet.spec.minReadySeconds ?? 0) === wanted) return undefined;
  return { minReadySeconds: wanted };
}

interface Scaling {
  readonly name: string;
  readonly revision: number | string;
  readonly from: number;
  readonly to: number;
}

function scalingNotice({ name, revision, from, to }: Scaling): EventNotice {
  const direction = to > from ? 'up' : 'down';
  return {
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${direction} ReplicaSet ${name} (revision ${revision}) from ${from} to ${to}`,
  };
}
