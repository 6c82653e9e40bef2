import { perObject } from '../../lib/per-object.ts';
import { findCondition } from '../../api/conditions.ts';
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { Rollout, RolloutStatus } from '../../api/rollout.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import type { Observation } from '../observation.ts';
import { blueGreenSettingsOf, type BlueGreenSettings } from './blue-green-settings.ts';
import { canarySettingsOf, type CanarySettings } from './canary-settings.ts';
import type { Problem } from '../../api/validation/problem.ts';
import { isAbortRecorded, isInconclusivePause } from './position.ts';
import { problemsOf } from './problems.ts';
import { hashOf, isDeleting } from './replica-set.ts';
import { findByTemplate, replicaSetName } from './revisions.ts';
import { stepsHash, templateHash } from './template-hash.ts';
import { withWorkload } from './workload-reference.ts';
import { viewTraffic, type TrafficView } from './traffic-view.ts';
import type { ConfigObject } from '../versioned-config/copy.ts';
import { withVersionedConfig } from '../versioned-config/resolve.ts';

/** An observation, understood: what every rule of a pass looks at. */
export interface World {
  readonly observation: Observation;
  readonly nowMs: number;
  /** With the template of the workload that it refers to, if it does, and with names of copies where config is versioned. */
  readonly rollout: Rollout;
  /** As the last pass left it, with what users wrote into it since. */
  readonly status: RolloutStatus;
  readonly settings: CanarySettings;
  /** Undefined for a canary. */
  readonly blueGreen: BlueGreenSettings | undefined;
  /** Undefined when the template cannot be told. */
  readonly template: PodTemplateSpec | undefined;
  /** Hash that the desired template's ReplicaSet has, or will have. */
  readonly templateHash: string;
  /** Part of that hash, raised when the name was somebody else's. */
  readonly collisionCount: number | undefined;
  /** Copies of ConfigMaps and Secrets that the template names and that do not exist yet. */
  readonly missingCopies: readonly ConfigObject[];
  readonly stepsHash: string;
  /** Owned by the Rollout and not on their way out. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly traffic: TrafficView;
  readonly runs: readonly AnalysisRun[];
  readonly experiments: readonly Experiment[];
  /** Why the update must not move forward; backwards it always may. */
  readonly problems: readonly Problem[];
}

export function lookAt(observation: Observation): World {
  const { nowMs } = observation;
  const declared = withWorkload(observation.rollout, observation.workload);
  const config = withVersionedConfig(declared, observation.config, observation.takenNames);
  const { rollout } = config;
  const status = afterRetry(rollout.status ?? {});
  const settings = canarySettingsOf(rollout.spec, status.canary?.stablePingPong);
  const blueGreen = blueGreenSettingsOf(rollout.spec);
  const template = config.problems.length > 0 ? undefined : (rollout.spec.template ?? undefined);
  const replicaSets = observation.replicaSets.filter((replicaSet) => !isDeleting(replicaSet));
  const version = template === undefined ? undefined : versionOf(template, replicaSets, observation);
  return {
    observation,
    nowMs,
    rollout,
    status,
    settings,
    blueGreen,
    template,
    templateHash: version?.hash ?? status.currentPodHash ?? '',
    collisionCount: version?.collisionCount ?? status.collisionCount ?? undefined,
    missingCopies: config.missing,
    // Blue-green has no steps, and the API no hash for none.
    stepsHash: blueGreen === undefined ? stepsHash(settings.steps) : '',
    replicaSets,
    traffic: viewTraffic(observation.traffic, settings.weightTotal),
    runs: observation.analysisRuns,
    experiments: observation.experiments ?? [],
    problems: [...problemsOf(observation, rollout), ...config.problems],
  };
}

/** Once a user retries, nothing that was measured before counts any more. */
function afterRetry(status: RolloutStatus): RolloutStatus {
  if (!isAbortRecorded(status) || status.abort === true) return status;
  const {
    currentStepAnalysisRunStatus: _step,
    currentBackgroundAnalysisRunStatus: _background,
    currentExperiment: _experiment,
    ...canary
  } = status.canary ?? {};
  const {
    prePromotionAnalysisRunStatus: _pre,
    postPromotionAnalysisRunStatus: _post,
    ...blueGreen
  } = status.blueGreen ?? {};
  return {
    ...status,
    ...(status.canary === undefined ? {} : { canary }),
    ...(status.blueGreen === undefined ? {} : { blueGreen }),
  };
}

interface NamedVersion {
  readonly hash: string;
  readonly collisionCount: number | undefined;
}

/** The label of the ReplicaSet that means the same, else our own hash for a new one whose name is free. */
function versionOf(
  template: PodTemplateSpec,
  replicaSets: readonly ReplicaSet[],
  observation: Observation,
): NamedVersion {
  const { rollout, takenNames = [] } = observation;
  const { status } = rollout;
  let collisionCount = status?.collisionCount ?? undefined;
  let own = templateHash(template, collisionCount);
  if (replicaSets.some((replicaSet) => hashOf(replicaSet) === own)) return { hash: own, collisionCount };
  const found = findByTemplate(replicaSets, template, [status?.currentPodHash ?? '', status?.stableRS ?? '']);
  if (found !== undefined) return { hash: hashOf(found), collisionCount };
  while (takenNames.includes(replicaSetName(rollout, own)) && (collisionCount ?? 0) < COLLISIONS_MAX) {
    collisionCount = (collisionCount ?? 0) + 1;
    own = templateHash(template, collisionCount);
  }
  return { hash: own, collisionCount };
}

/** Far beyond any chance; it only keeps a wrong list of names from looping for ever. */
const COLLISIONS_MAX = 1_000;

/** Which ReplicaSet plays which part. */
export interface Roles {
  /** Of the desired template. */
  readonly current: ReplicaSet | undefined;
  /** Of the last promoted template, when that is another one. */
  readonly stable: ReplicaSet | undefined;
  readonly others: readonly ReplicaSet[];
}

export function rolesOf(world: World, hashes: { readonly currentHash: string; readonly stableHash: string }): Roles {
  const { currentHash, stableHash } = hashes;
  const known = rolesIn(world);
  const key = `${currentHash} ${stableHash}`;
  const roles = known.get(key) ?? assignRoles(world, currentHash, stableHash);
  known.set(key, roles);
  return roles;
}

/** Nearly every rule asks, and most ask for the same. */
const rolesIn = perObject<World, Map<string, Roles>>(() => new Map());

function assignRoles(world: World, currentHash: string, stableHash: string): Roles {
  return {
    current: world.replicaSets.find((replicaSet) => hashOf(replicaSet) === currentHash && currentHash !== ''),
    stable: world.replicaSets.find(
      (replicaSet) => hashOf(replicaSet) === stableHash && stableHash !== currentHash && stableHash !== '',
    ),
    others: world.replicaSets.filter(
      (replicaSet) => hashOf(replicaSet) !== currentHash && (hashOf(replicaSet) !== stableHash || stableHash === ''),
    ),
  };
}

/** Of the last promoted template, also when that is the desired one. */
export function stableReplicaSet(
  world: World,
  hashes: { readonly currentHash: string; readonly stableHash: string },
): ReplicaSet | undefined {
  const { current, stable } = rolesOf(world, hashes);
  return hashes.currentHash === hashes.stableHash ? current : stable;
}

/** True when the desired template or the steps are other ones than those that the position is about. */
export function updateAsked(
  world: World,
  hashes: { readonly currentHash: string; readonly stepsHash: string },
): boolean {
  return hashes.currentHash !== world.templateHash || stepsChanged(world, hashes.stepsHash);
}

/**
 * Another controller may have hashed the same steps differently: as long as the generation that it saw is the one that
 * is here, the steps are the same, whatever the hash says.
 */
function stepsChanged(world: World, recorded: string): boolean {
  if (recorded === world.stepsHash) return false;
  const { status, rollout } = world;
  const seen = status.observedGeneration === String(rollout.metadata.generation ?? '');
  const wasInvalid = findCondition(status.conditions, 'InvalidSpec')?.status === 'True';
  return !seen || wasInvalid;
}

/** True while the user, or an inconclusive analysis, holds everything that is not a way back. */
export function isHeld(world: World, pauses: readonly { readonly reason: string }[]): boolean {
  return world.rollout.spec.paused === true || pauses.some(isInconclusivePause);
}
