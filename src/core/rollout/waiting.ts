import type { TrafficPlan } from '../traffic.ts';
import { blueGreenWait } from './blue-green-waiting.ts';
import { experimentTrouble, measurementDoubt } from './step-experiment.ts';
import { stepText } from './step-text.ts';
import type { Position } from './position.ts';
import { availableOf } from './replica-set.ts';
import { currentStep, stepKind } from './steps.ts';
import { capacityTarget } from './capacity.ts';
import { restartWait } from './restart.ts';
import { reaches } from './service-aim.ts';
import { isSettledOn } from './traffic-plan.ts';
import { showsRoutes } from './shown-routes.ts';
import { pauseEndsAtMs } from './pause.ts';
import { indexOf } from './step-weights.ts';
import { formatTimestampMs } from '../../lib/timestamp.ts';
import { podsWait, type Wait } from './wait.ts';
import { rolesOf, type World } from './world.ts';

export interface WaitInput {
  readonly position: Position;
  /** The chart's, as a dotted path. */
  readonly state: string;
  /** Why a wanted AnalysisRun cannot be made. */
  readonly failures: readonly string[];
  /** What the routers should show. */
  readonly traffic: TrafficPlan | undefined;
}

/** Undefined when nothing is waited for, or when phase and message say it all: after an abort, and with an invalid spec. */
export function waitOf(world: World, { position, state, failures, traffic: plan }: WaitInput): Wait | undefined {
  const traffic = trafficWait(world, plan);
  if (state === 'aborted') return traffic;
  if (world.problems.length > 0 && state !== 'aborting') return undefined;
  if (state === 'pausedInconclusive') return { reason: 'Resume', message: inconclusiveText(world, position) };
  if (state === 'idle') return restartWait(world);
  if (failures.length > 0) return { reason: 'Analysis', message: failures.join('; ') };
  if (world.rollout.spec.paused === true && state !== 'aborting')
    return { reason: 'Paused', message: 'spec.paused is true; set it to false to go on' };
  if (world.blueGreen !== undefined) return blueGreenWait(world, position, state);
  if (state === 'pausedStep') return pauseWait(world, position);
  return traffic ?? stepWait(world, position, state);
}

function inconclusiveText(world: World, position: Position): string {
  const distrust = measurementDoubt(world, position);
  return distrust === undefined
    ? 'a measurement was inconclusive; promote to go on, or abort'
    : `${distrust}; promote to measure again, or abort`;
}

function pauseWait(world: World, position: Position): Wait {
  const endsAtMs = pauseEndsAtMs(world, position);
  const { steps } = world.settings;
  const step = `step ${indexOf(position, steps) + 1} of ${steps.length}`;
  if (endsAtMs === undefined) return { reason: 'Resume', message: `${step} pauses until it is promoted` };
  return { reason: 'Timer', message: `${step} pauses until ${formatTimestampMs(endsAtMs)}` };
}

/** A router that does not show, or does not obey yet, the weight that it should. */
function trafficWait(world: World, plan: TrafficPlan | undefined): Wait | undefined {
  if (plan === undefined || !world.settings.hasRouter) return undefined;
  if (world.traffic.shown === undefined)
    return {
      reason: 'TrafficRouter',
      message: world.traffic.unusable.join('; ') || 'the traffic router cannot be read',
    };
  if (isSettledOn(world, plan)) return undefined;
  const { managedRoutes = [] } = plan;
  // Its own words, because the time that a data plane is given counts from when the routes are seen.
  if (!showsRoutes(world, managedRoutes)) {
    const routes = managedRoutes.length === 0 ? 'no managed routes' : managedRoutes.map(({ name }) => name).join(', ');
    return { reason: 'TrafficPropagation', message: `the traffic router has to show ${routes}` };
  }
  return { reason: 'TrafficPropagation', message: `weight ${plan.canaryWeight} has to reach the data plane` };
}

function stepWait(world: World, position: Position, state: string): Wait | undefined {
  const roles = rolesOf(world, position);
  const target = capacityTarget(world, position);
  const step = currentStep(world, position);
  if (state === 'step.acting' && stepKind(step) === 'analysis')
    return { reason: 'Analysis', message: 'the AnalysisRun of this step has to end' };
  if (state === 'step.acting' && stepKind(step) === 'experiment')
    return {
      reason: 'Analysis',
      message: experimentTrouble(world, position) ?? 'the Experiment of this step has to end',
    };
  if (availableOf(roles.current) < target.canary) return podsWait(target.canary);
  if (
    !reaches(world, world.settings.canaryService, roles.current) &&
    world.settings.routing !== undefined &&
    state !== 'finalizing'
  )
    return {
      reason: 'Endpoints',
      message: `Service ${world.settings.canaryService ?? ''} has to lead to the new version`,
    };
  if (state === 'finalizing')
    return {
      reason: 'Endpoints',
      message: `Service ${world.settings.stableService ?? ''} has to lead to the stable version`,
    };
  if (state === 'step.scaling' && step !== undefined)
    return { reason: 'Pods', message: `sizes for ${stepText(step)} have to be reached` };
  return { reason: 'Pods', message: 'pods have to come and go' };
}
