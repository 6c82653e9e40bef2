import type {
  BlueGreenStatus,
  CanaryStatus,
  RolloutCondition,
  RolloutStatus,
  TrafficWeights,
} from '../../api/rollout.ts';
import { activeHash, previewHash } from './blue-green.ts';
import { conditionsOf } from './conditions.ts';
import { countsOf } from './counts.ts';
import { phaseOf as phaseMessageOf } from './phase.ts';
import type { Position } from './position.ts';
import { revisionOf } from './revisions.ts';
import { currentRevision } from './promotion.ts';
import { phaseOf, type PlannedRun, type RunPlan } from './runs.ts';
import { aimOf, serviceNamed } from './service-aim.ts';
import { planManagedRoutes } from './managed-routes.ts';
import { showsRoutes } from './shown-routes.ts';
import { planTraffic } from './traffic-plan.ts';
import type { ExperimentPlan } from './step-experiment.ts';
import { isSettledAt, shownWeight } from './shown-weight.ts';
import { updateDuration } from './update-duration.ts';
import { waitOf } from './waiting.ts';
import { workloadGeneration } from './workload.ts';
import { rolesOf, type World } from './world.ts';

export interface StatusInput {
  readonly position: Position;
  readonly state: string;
  readonly mark: { readonly reason: string; readonly message: string } | undefined;
  /** What users asked for last. */
  readonly command: RolloutCondition | undefined;
  readonly runs: RunPlan;
  readonly experiments: ExperimentPlan;
}

/** The whole next status: a function of the observation and of where the chart went with it. */
export function nextStatus(world: World, input: StatusInput): RolloutStatus {
  const { position } = input;
  const counted = {
    ...carriedOver(world),
    ...positionFields(position),
    ...countsOf(world, position),
    ...(world.blueGreen === undefined ? canaryBlock(world, input) : blueGreenBlock(world, input)),
    duration: updateDuration(world, position),
  };
  const failures = [...input.runs.failures, ...input.experiments.failures];
  const wait = waitOf(world, { position, state: input.state, failures });
  const conditions = conditionsOf(world, { position, status: counted, mark: input.mark, command: input.command, wait });
  const conditioned: RolloutStatus = { ...counted, conditions };
  return { ...conditioned, ...phaseMessageOf(world, conditioned), headgate: atAGlance(world, position) };
}

/** What no rule of a pass decides anew. */
function carriedOver(world: World): RolloutStatus {
  const { alb, albs } = world.status;
  const { workloadRef } = world.rollout.spec;
  const known = workloadRef === undefined ? undefined : world.status.workloadObservedGeneration;
  return {
    alb,
    albs,
    workloadObservedGeneration: workloadGeneration(world) ?? known,
    observedGeneration: String(world.rollout.metadata.generation ?? 0),
  };
}

function positionFields(position: Position): RolloutStatus {
  return {
    currentPodHash: position.currentHash,
    stableRS: position.stableHash === '' ? undefined : position.stableHash,
    currentStepHash: position.stepsHash === '' ? undefined : position.stepsHash,
    currentStepIndex: position.stepIndex,
    pauseConditions: position.pauses.length === 0 ? undefined : position.pauses,
    controllerPause: position.controllerPause || undefined,
    abort: position.abort || undefined,
    abortedAt: position.abortedAt,
    promoteFull: position.promoteFull || undefined,
    restartedAt: position.restartedAt,
    collisionCount: position.collisionCount,
  };
}

function canaryBlock(world: World, { position, runs, experiments }: StatusInput): RolloutStatus {
  const { stepPluginStatuses } = world.status.canary ?? {};
  const canary: CanaryStatus = {
    weights: withAdditional(world, position, weightsSeen(world, position)),
    currentStepAnalysisRunStatus: runStatus(runs.step),
    currentBackgroundAnalysisRunStatus: runStatus(runs.background),
    currentExperiment: experiments.current?.name,
    stablePingPong: position.stablePingPong,
    stepPluginStatuses,
  };
  return Object.values(canary).some((value) => value !== undefined) ? { canary } : {};
}

function blueGreenBlock(world: World, { position, runs }: StatusInput): RolloutStatus {
  const blueGreen: BlueGreenStatus = {
    activeSelector: activeHash(world) || undefined,
    previewSelector: previewHash(world) || undefined,
    scaleUpPreviewCheckPoint: position.previewCheckPoint || undefined,
    prePromotionAnalysisRunStatus: runStatus(runs.prePromotion),
    postPromotionAnalysisRunStatus: runStatus(runs.postPromotion),
  };
  return Object.values(blueGreen).some((value) => value !== undefined) ? { blueGreen } : {};
}

function runStatus(planned: PlannedRun | undefined): CanaryStatus['currentStepAnalysisRunStatus'] {
  if (planned === undefined) return undefined;
  const message = planned.run?.status?.message;
  return {
    name: planned.name,
    status: phaseOf(planned.run) ?? 'Pending',
    ...(message === undefined || message === '' ? {} : { message }),
  };
}

/**
 * The weights that the routers were seen with. A weight that the data plane has not accepted yet is not recorded; one
 * that only time can confirm is, as unverified, since its time is counted from here. Absent before the first update.
 */
function weightsSeen(world: World, position: Position): TrafficWeights | undefined {
  const before = world.status.canary?.weights ?? undefined;
  const { settings, traffic } = world;
  if (!settings.hasRouter || position.stableHash === '') return undefined;
  if (traffic.shown === undefined) return before;
  if (before === undefined && position.currentHash === position.stableHash) return undefined;
  const weight = Math.round(shownWeight(world));
  const routes = planManagedRoutes(world, position);
  const settled = isSettledAt(world, weight) && showsRoutes(world, routes);
  if (traffic.acceptance === 'pending' && !settled) return before;
  const seen: TrafficWeights = {
    canary: {
      weight,
      serviceName: settings.canaryService,
      podTemplateHash: behindCanaryService(world, position, weight > 0 || !settled),
    },
    stable: {
      weight: settings.weightTotal - weight - Math.round(partOfOthers(world)),
      serviceName: settings.stableService,
      podTemplateHash: position.stableHash,
    },
  };
  if (!settled) return { ...seen, verified: false };
  return traffic.acceptance === 'accepted' ? { ...seen, verified: true } : seen;
}

/** The highest part of others that a router shows. */
function partOfOthers({ traffic, settings }: World): number {
  const sums = traffic.additional.map((shown) => shown.reduce((sum, { weight }) => sum + weight, 0));
  return Math.min(settings.weightTotal, Math.max(0, ...sums));
}

/**
 * Who else has a part, or is about to get one: what is recorded here is known again in the routes and taken away there,
 * whatever has become of the Experiment.
 */
function withAdditional(
  world: World,
  position: Position,
  weights: TrafficWeights | undefined,
): TrafficWeights | undefined {
  if (weights === undefined) return undefined;
  const { additional: _before, ...rest } = weights;
  const planned = planTraffic(world, position)?.additional ?? [];
  const shown =
    world.traffic.shown === undefined ? (_before ?? []).map(asDestination) : world.traffic.additional.flat();
  const parts = new Map([...planned, ...shown].map((one) => [one.service, one]));
  if (parts.size === 0) return rest;
  const additional = [...parts.values()].map(({ service, weight }) => ({
    weight,
    serviceName: service,
    podTemplateHash: hashBehind(world, service),
  }));
  return { ...rest, additional };
}

function asDestination({ serviceName = '', weight }: NonNullable<TrafficWeights['additional']>[number]): {
  readonly service: string;
  readonly weight: number;
} {
  return { service: serviceName, weight };
}

function hashBehind(world: World, service: string): string | undefined {
  const versions = world.experiments.flatMap(({ status }) => status?.templateStatuses ?? []);
  const known = versions.find(({ serviceName }) => serviceName === service)?.podTemplateHash;
  const before = world.status.canary?.weights?.additional?.find(({ serviceName }) => serviceName === service);
  return known ?? before?.podTemplateHash;
}

/** Whose weight it is: of the update, unless an earlier version still has traffic through the canary Service. */
function behindCanaryService(world: World, position: Position, hasTraffic: boolean): string {
  const aim = aimOf(serviceNamed(world, world.settings.canaryService));
  return hasTraffic && aim !== undefined ? aim : position.currentHash;
}

function atAGlance(world: World, position: Position): RolloutStatus['headgate'] {
  const roles = rolesOf(world, position);
  const { steps, hasRouter } = world.settings;
  const hasWeight = hasRouter && position.stableHash !== '';
  const revision = currentRevision(world, position);
  const stable = position.currentHash === position.stableHash ? roles.current : roles.stable;
  return {
    strategy: world.rollout.spec.strategy?.blueGreen === undefined ? 'Canary' : 'BlueGreen',
    ...(steps.length === 0 ? {} : { step: `${position.stepIndex ?? 0}/${steps.length}` }),
    ...(hasWeight ? { weight: String(Math.round(shownWeight(world))) } : {}),
    ...(stable === undefined ? {} : { stableRevision: `${revisionOf(stable) || revision} (${position.stableHash})` }),
    ...(position.currentHash === '' ? {} : { canaryRevision: `${revision} (${position.currentHash})` }),
  };
}
