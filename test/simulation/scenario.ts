import type { Deployment } from '../../src/api/workloads.ts';
import { NAMESPACE } from './data-plane.ts';
import type { Company } from './sim-group.ts';
import type { SimWorld } from './sim-world.ts';

/** A story that users and the cluster play with the controller. */
export interface Scenario {
  readonly name: string;
  readonly strategy: 'canary' | 'blueGreen';
  /** Pods that the Rollout wants at first. */
  readonly replicas: number;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
  readonly routing: 'none' | 'gateway' | 'nginx';
  /** How the last update of the story ends. */
  readonly end: 'promoted' | 'aborted' | 'reverted' | 'paused';
  /** Users act on what they see in between, so that another user's command may leave them waiting for ever. */
  readonly isScripted: boolean;
  /** A blue-green update waits for a user before the switch. */
  readonly isSwitchedByUser: boolean;
  /** Versions are measured, and a run of one has to be good before it is promoted. */
  readonly isMeasured: boolean;
  /** A GitSource declares everything. */
  readonly isDeclared: boolean;
  /** Pods stay for a while after the traffic has left them. */
  readonly isDelayed: boolean;
  /** How many controllers there are, and how they get along. */
  readonly company: Company;
  /** Makes what is there before the controller starts. */
  readonly prepare: (world: SimWorld) => Promise<void>;
  /** What users do; ends when they are done. */
  readonly play: (world: SimWorld) => Promise<void>;
  /** True when nothing more is to happen. */
  readonly isOver: (world: SimWorld) => boolean;
}

export const ROLLOUTS = `/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/rollouts`;
export const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/shop`;
const ROLLOUT = `${ROLLOUTS}/shop`;
const MERGE = 'application/merge-patch+json';

export const GOOD = 'shop:2';
export const BAD = 'shop:bad';
export const FIRST = 'shop:1';

/** `kubectl patch` of the Rollout. */
export function patchRollout(world: SimWorld, body: unknown, subresource = ''): Promise<void> {
  return world.request('kubectl', 'PATCH', `${ROLLOUT}${subresource}`, body, MERGE);
}

export const setStatus = (world: SimWorld, status: unknown): Promise<void> =>
  patchRollout(world, { status }, '/status');

export const abort = (world: SimWorld): Promise<void> => setStatus(world, { abort: true });
export const resume = (world: SimWorld): Promise<void> => setStatus(world, { pauseConditions: null });

/** Changes the image where the template is: on the Rollout, or on the Deployment that it refers to. */
export function setImage(world: SimWorld, image: string): Promise<void> {
  const containers = [{ name: 'main', image, ports: [{ containerPort: 8080 }] }];
  const body = { spec: { template: { spec: { containers } } } };
  if (world.rollout?.spec.workloadRef === undefined) return patchRollout(world, body);
  return world.request('kubectl', 'PATCH', DEPLOYMENT, body, MERGE);
}

export function imageWanted(world: SimWorld): string {
  const template = world.deployment?.spec.template ?? world.rollout?.spec.template;
  return (template as Template | undefined)?.spec?.containers?.[0]?.image ?? '';
}

interface Template {
  readonly spec?: { readonly containers?: readonly { readonly image?: string }[] };
}

/** The phase, once the controller has seen what is wanted. */
export function phaseOf(world: SimWorld): string {
  const { rollout, deployment } = world;
  const { status, metadata } = rollout ?? {};
  const isSeen = status?.observedGeneration === String(metadata?.generation) && sees(status, deployment);
  return isSeen ? (status?.phase ?? '') : '';
}

function sees(status: { readonly workloadObservedGeneration?: string }, deployment: Deployment | undefined): boolean {
  return deployment === undefined || status.workloadObservedGeneration === String(deployment.metadata.generation);
}

export const isHealthy = (world: SimWorld): boolean => phaseOf(world) === 'Healthy';
export const isPaused = (world: SimWorld): boolean =>
  phaseOf(world) === 'Paused' && ['CanaryPauseStep', 'BlueGreenPause'].includes(world.rollout?.status?.message ?? '');
export const isBack = (world: SimWorld): boolean =>
  phaseOf(world) === 'Degraded' && world.rollout?.status?.message?.startsWith('RolloutAborted') === true;

/** Healthy with this image. */
export const runs = (world: SimWorld, image: string): boolean => isHealthy(world) && imageWanted(world) === image;
