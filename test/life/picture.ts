import type { Manifest } from '../support/api-client.ts';
import type { Mirror } from './mirror.ts';
import type { Picture } from './strategy.ts';

const HASH = 'rollouts-pod-template-hash';

/** Where to look. */
export interface View {
  readonly mirror: Mirror;
  readonly namespace: string;
}

/** What can be seen of the Rollout now, as far as `template` shows it. `phase` is `?` while the last edit is not observed. */
export function pictureOf(view: View, { status = {}, metadata }: Manifest, template: Picture): Picture {
  const { mirror, namespace } = view;
  const replicaSets = mirror.list('replicaSets', namespace).filter(ownedBy('Rollout'));
  const observed = status.observedGeneration === String(metadata.generation);
  return {
    phase: observed ? status.phase : '?',
    message: named(status.message ?? '', replicaSets),
    ...('step' in template ? { step: status.currentStepIndex } : {}),
    ...(template.weight === undefined ? {} : { weight: weightIn(view, status) }),
    pods: podsOf(replicaSets),
    services: Object.fromEntries(
      Object.keys(template.services).map((name) => {
        return [name, imageBehind(mirror.get('services', namespace, name), replicaSets)];
      }),
    ),
  };
}

export function ownedBy(kind: string): (object: Manifest) => boolean {
  return ({ metadata }) => metadata.ownerReferences?.some((owner) => owner.kind === kind) === true;
}

/** Names of ReplicaSets differ from run to run: the image stands for them. */
function named(message: string, replicaSets: readonly Manifest[]): string {
  return replicaSets.reduce((text, one) => text.replaceAll(one.metadata.name, imageOf(one)), message);
}

/** Status and route have to agree. */
function weightIn({ mirror, namespace }: View, status: Manifest['status']): number {
  const shown: number = status.canary?.weights?.canary?.weight ?? 0;
  const [stable, canary] = mirror.get('routes', namespace, 'shop')?.['spec'].rules[0].backendRefs ?? [];
  return canary?.weight === shown && stable?.weight === 100 - shown ? shown : Number.NaN;
}

function podsOf(replicaSets: readonly Manifest[]): Picture['pods'] {
  const present = replicaSets.filter(({ spec, status }) => spec.replicas > 0 || (status?.replicas ?? 0) > 0);
  return Object.fromEntries(present.map((one) => [imageOf(one), countsOf(one)]));
}

function countsOf({ spec, status }: Manifest): string {
  const { replicas = 0, availableReplicas = 0 } = status ?? {};
  return replicas === spec.replicas
    ? `${availableReplicas}/${spec.replicas}`
    : `${availableReplicas}/${spec.replicas} (${replicas})`;
}

function imageBehind(service: Manifest | undefined, replicaSets: readonly Manifest[]): string {
  const hash: string | undefined = service?.['spec'].selector[HASH];
  if (hash === undefined) return 'all versions';
  const found = replicaSets.find(({ metadata }) => metadata.labels?.[HASH] === hash);
  return found === undefined ? `unknown ${hash}` : imageOf(found);
}

export function imageOf(replicaSet: Manifest): string {
  return replicaSet['spec'].template.spec.containers[0].image as string;
}
