import { controllerReferenceTo, type KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { fieldsAt, numberAt, textsAt, type Fields } from '../builtin/fields.ts';
import { ApiError } from '../status-error.ts';
import type { ControllerContext } from './context.ts';
import { newSetSize } from './deployment-sizes.ts';
import { shortHash } from './template-hash.ts';

const HASH_LABEL = 'pod-template-hash';
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
const DESIRED_ANNOTATION = 'deployment.kubernetes.io/desired-replicas';
const MAX_ANNOTATION = 'deployment.kubernetes.io/max-replicas';
const HISTORY_DEFAULT = 10;
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION_ANNOTATION,
  DESIRED_ANNOTATION,
  MAX_ANNOTATION,
]);

/** The ReplicaSet of the Deployment's template, the oldest one if there are several. */
export function newSetOf(deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  const template = withoutHash(fieldsAt(deployment, 'spec', 'template'));
  return inOrderOfAge(sets).find((set) => deepEqual(withoutHash(fieldsAt(set, 'spec', 'template')), template));
}

export function inOrderOfAge(sets: readonly KubeObject[]): readonly KubeObject[] {
  const bornMs = (set: KubeObject): number => parseTimestampMs(set.metadata.creationTimestamp) ?? 0;
  return sets.toSorted(
    (left, right) => bornMs(left) - bornMs(right) || (left.metadata.name < right.metadata.name ? -1 : 1),
  );
}

function withoutHash(template: Fields): Fields {
  const { [HASH_LABEL]: _hash, ...labels } = textsAt(template, 'metadata', 'labels');
  return { ...template, metadata: { ...fieldsAt(template, 'metadata'), labels } };
}

/** Makes the ReplicaSet of a new template at the size that the surge limit allows. */
export function createNewSet(
  context: ControllerContext,
  deployment: KubeObject,
  old: readonly KubeObject[],
): KubeObject {
  const spec = fieldsAt(deployment, 'spec');
  const template = fieldsAt(spec, 'template');
  const hash = shortHash([template, numberAt(deployment, 'status', 'collisionCount') ?? 0]);
  const labels = { ...textsAt(template, 'metadata', 'labels'), [HASH_LABEL]: hash };
  const selector = fieldsAt(spec, 'selector');
  const replicas = newSetSize(deployment, 0, old);
  const set: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: { ...copiedAnnotations(deployment), [DESIRED_ANNOTATION]: String(numberAt(spec, 'replicas') ?? 1) },
      ownerReferences: [controllerReferenceTo(deployment)],
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...selector, matchLabels: { ...textsAt(selector, 'matchLabels'), [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...fieldsAt(template, 'metadata'), labels } },
    },
  };
  const created = createdOrCollided(context, deployment, set);
  context.replicaSets.refresh(created.metadata.namespace, created.metadata.name);
  const message = `Scaled up replica set ${created.metadata.name} from 0 to ${replicas}`;
  context.events.record(deployment, {
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message,
    component: 'deployment-controller',
  });
  return created;
}

/** A name that another object has taken changes the hash of the next attempt. */
function createdOrCollided(context: ControllerContext, deployment: KubeObject, set: KubeObject): KubeObject {
  try {
    return context.store.create('replicasets.apps', set);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
    const collisionCount = (numberAt(deployment, 'status', 'collisionCount') ?? 0) + 1;
    context.store.update(
      'deployments.apps',
      { ...deployment, status: { ...fieldsAt(deployment, 'status'), collisionCount } },
      'status',
    );
    throw error;
  }
}

function copiedAnnotations(deployment: KubeObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key)),
  );
}

/** Numbers the newest ReplicaSet one above all others and shows that number on the Deployment. */
export function annotateRevision(
  context: ControllerContext,
  deployment: KubeObject,
  current: KubeObject,
  sets: readonly KubeObject[],
): KubeObject {
  const others = sets.filter((set) => set.metadata.uid !== current.metadata.uid).map(revisionOf);
  const revision = Math.max(revisionOf(current), Math.max(0, ...others) + 1);
  const numbered = annotated(context, 'replicasets.apps', current, String(revision));
  context.replicaSets.refresh(numbered.metadata.namespace, numbered.metadata.name);
  const fresh = context.store.get('deployments.apps', deployment.metadata.namespace, deployment.metadata.name);
  if (fresh !== undefined) annotated(context, 'deployments.apps', fresh, String(revision));
  return numbered;
}

function annotated(context: ControllerContext, resource: string, object: KubeObject, revision: string): KubeObject {
  if (object.metadata.annotations?.[REVISION_ANNOTATION] === revision) return object;
  const annotations = { ...object.metadata.annotations, [REVISION_ANNOTATION]: revision };
  // By the status of a Deployment, as a change of its annotations otherwise counts as a change of what is wanted.
  const subresource = object.kind === 'Deployment' ? 'status' : undefined;
  return context.store.update(resource, { ...object, metadata: { ...object.metadata, annotations } }, subresource);
}

function revisionOf(set: KubeObject): number {
  return Number(set.metadata.annotations?.[REVISION_ANNOTATION] ?? 0) || 0;
}

/** Deletes empty ReplicaSets of older revisions beyond the history that the Deployment keeps. */
export function deleteOldHistory(context: ControllerContext, deployment: KubeObject, old: readonly KubeObject[]): void {
  const limit = numberAt(deployment, 'spec', 'revisionHistoryLimit') ?? HISTORY_DEFAULT;
  const empty = old
    .filter((set) => (numberAt(set, 'spec', 'replicas') ?? 0) === 0 && (numberAt(set, 'status', 'replicas') ?? 0) === 0)
    .filter((set) => set.metadata.deletionTimestamp === undefined)
    .toSorted((left, right) => revisionOf(left) - revisionOf(right));
  for (const set of empty.slice(0, Math.max(0, empty.length - limit))) {
    context.store.delete('replicasets.apps', set.metadata.namespace, set.metadata.name);
    context.replicaSets.refresh(set.metadata.namespace, set.metadata.name);
  }
}
