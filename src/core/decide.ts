import { KINDS } from '../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../api/kube-object.ts';
import { terminationOf, type KubeWrite } from '../api/kube-write.ts';
import { REVISION_ANNOTATION, WORKLOAD_GENERATION_ANNOTATION } from '../api/labels.ts';
import type { Decision, Effect } from './decision.ts';
import { assertInvariants } from './invariants.ts';
import { advance } from './machine/advance.ts';
import type { Observation } from './observation.ts';
import { acknowledge } from './rollout/acknowledgement.ts';
import { planBlueGreenServices } from './rollout/blue-green-services.ts';
import { deadlineMs } from './rollout/deadline.ts';
import { eventsOf } from './rollout/events.ts';
import { planHistory } from './rollout/history.ts';
import { pauseEndsAtMs, wasResumed } from './rollout/pause.ts';
import { positionOf, type Position } from './rollout/position.ts';
import { currentRevision } from './rollout/promotion.ts';
import type { Plans } from './rollout/plans.ts';
import { planReplicaSets, type SizedWrite } from './rollout/replica-set-writes.ts';
import { planRestart } from './rollout/restart.ts';
import { planPodMetadata } from './rollout/role-metadata.ts';
import { planRuns, type RunPlan } from './rollout/runs.ts';
import { planReleases } from './rollout/service-release.ts';
import { planExperiment, type ExperimentPlan } from './rollout/step-experiment.ts';
import { planServices, type ServiceSwitch } from './rollout/services.ts';
import { settlesAtMs } from './rollout/shown-weight.ts';
import { nextStatus } from './rollout/status.ts';
import { mayMove } from './rollout/steps.ts';
import { planTraffic, showsPlan } from './rollout/traffic-plan.ts';
import { planWorkloadScale, workloadGeneration } from './rollout/workload.ts';
import { lookAt, type World } from './rollout/world.ts';
import type { TrafficPlan } from './traffic.ts';
import { planCopies } from './versioned-config/plan-copies.ts';

/**
 * The single door of the core: what one pass over a Rollout wants, from what was observed. It takes as many moves as
 * the world allows, and asks for nothing that is so already.
 */
export function decide(observation: Observation): Decision {
  const before = lookAt(observation);
  const advanced = advance(before);
  // As before, but for Services that swapped their roles on the way.
  const { world, mark, measuredAgain } = advanced.context;
  const restart = planRestart(world, advanced.context.position);
  const position: Position = { ...advanced.context.position, restartedAt: restart.restartedAt };
  const measuring = {
    revision: currentRevision(world, position),
    mayStart: mayMove(world, position),
    again: measuredAgain || wasResumed(positionOf(world.status)),
  };
  const plans: Plans = {
    replicaSets: planReplicaSets(world, position),
    released: planReleases(world),
    services:
      world.blueGreen === undefined
        ? planServices(world, position)
        : planBlueGreenServices(world, position, advanced.state),
    traffic: planTraffic(world, position),
    runs: planRuns(world, position, measuring),
    experiments: planExperiment(world, position, measuring),
  };
  const { notices, superseded } = advanced;
  const acknowledgement = acknowledge(before, { position, notices, superseded });
  const command = acknowledgement.condition;
  const status = nextStatus(world, { position, state: advanced.state, mark, command, plans });
  const decision: Decision = {
    status,
    effects: [
      ...effectsOf(world, position, plans),
      ...scaleWorkload(world, position),
      ...planPodMetadata(world).map((write) => effect(write, 'give pods the metadata of their role')),
      ...restart.evictions.map((write) => effect(write, 'restart a pod')),
    ],
    events: eventsOf(before, { position, notices: [...acknowledgement.notices, ...notices], status, plans }),
    wakeAtMs: earliest(world, [...wakeMoments(world, position, plans), restart.wakeAtMs]),
  };
  assertInvariants(before, advanced, decision);
  return decision;
}

/**
 * Capacity before weight, weight before what it leaves behind. Without a router, pods are the traffic, so that what is
 * taken away goes first and the total stays within its bounds.
 */
function effectsOf(world: World, position: Position, plans: Plans): readonly Effect[] {
  const copies = planCopies(world);
  const sized = plans.replicaSets.writes;
  const raised = sized.filter((write) => write.effect !== 'drain').map(asEffect);
  const drained = sized.filter((write) => write.effect === 'drain').map(asEffect);
  const routed = world.settings.routing !== undefined || world.blueGreen !== undefined;
  return [
    ...plans.released.map(asSwitch),
    ...copies.create.map((write) => effect(write, 'keep the content that a version is made with')),
    ...(routed ? [] : drained),
    ...raised,
    ...rolloutPatch(world, position),
    ...plans.services.map(asSwitch),
    ...shiftEffect(world, position, plans.traffic),
    ...(routed ? drained : []),
    ...runEffects(plans.runs),
    ...experimentEffects(plans.experiments),
    ...planHistory(world, position, plans).map((write) => effect(write, 'delete what is past its history limit')),
    ...copies.remove.map((write) => effect(write, 'delete content that no version has any more')),
  ];
}

function asEffect({ write, purpose, notices }: SizedWrite): Effect {
  return { ...effect(write, purpose), tells: notices };
}

function asSwitch({ write, notice }: ServiceSwitch): Effect {
  return { ...effect(write, notice.message), tells: [notice] };
}

function effect(write: KubeWrite, purpose: string): Extract<Effect, { type: 'write' }> {
  return { type: 'write', write, purpose };
}

/** Routers are asked only when one shows something else than the plan, or cannot tell while traffic has to go back. */
function shiftEffect(world: World, position: Position, plan: TrafficPlan | undefined): readonly Effect[] {
  const { shown, drifted } = world.traffic;
  if (plan === undefined || world.traffic.routers.length === 0) return [];
  if (shown === undefined) return position.abort ? [{ type: 'shift', plan: { ...plan, canaryWeight: 0 } }] : [];
  return showsPlan(world, plan) && !drifted ? [] : [{ type: 'shift', plan }];
}

/** What the API keeps on the Rollout itself: its revision, its workload's, and replicas if nobody gave any. One patch. */
function rolloutPatch(world: World, position: Position): readonly Effect[] {
  const { metadata, spec } = world.rollout;
  const revision = String(currentRevision(world, position));
  const revised = metadata.annotations?.[REVISION_ANNOTATION] !== revision && world.problems.length === 0;
  const unsized = spec.replicas === undefined || spec.replicas === null;
  const generation = workloadGeneration(world);
  const regenerated = generation !== undefined && metadata.annotations?.[WORKLOAD_GENERATION_ANNOTATION] !== generation;
  if (!revised && !unsized && !regenerated) return [];
  const annotations = {
    ...(revised ? { [REVISION_ANNOTATION]: revision } : {}),
    ...(regenerated ? { [WORKLOAD_GENERATION_ANNOTATION]: generation } : {}),
  };
  const write: KubeWrite = {
    verb: 'patch',
    ref: { kind: KINDS.rollout, namespace: metadata.namespace ?? '', name: metadata.name },
    patchType: 'merge',
    body: {
      metadata: {
        resourceVersion: metadata.resourceVersion,
        ...(revised || regenerated ? { annotations } : {}),
      },
      ...(unsized ? { spec: { replicas: world.settings.replicas } } : {}),
    },
  };
  return [effect(write, `record revision ${revision}`)];
}

function scaleWorkload(world: World, position: Position): readonly Effect[] {
  const write = planWorkloadScale(world, position);
  return write === undefined ? [] : [effect(write, 'scale the Deployment whose pods the Rollout took over')];
}

function runEffects(runs: RunPlan): readonly Effect[] {
  const terminated = runs.terminate.map((run) => termination(KINDS.analysisRun, run));
  const created = [runs.background, runs.step, runs.prePromotion, runs.postPromotion].flatMap(
    (planned): readonly Effect[] =>
      planned?.create === undefined
        ? []
        : [
            effect(
              { verb: 'create', kind: KINDS.analysisRun, object: planned.create },
              `create AnalysisRun ${planned.name}`,
            ),
          ],
  );
  return [...terminated, ...created];
}

function experimentEffects({ current, terminate }: ExperimentPlan): readonly Effect[] {
  const terminated = terminate.map((experiment) => termination(KINDS.experiment, experiment));
  if (current?.create === undefined) return terminated;
  const write: KubeWrite = { verb: 'create', kind: KINDS.experiment, object: current.create };
  return [...terminated, effect(write, `create Experiment ${current.name}`)];
}

function termination(kind: ResourceKind, object: KubeObject): Effect {
  return effect(terminationOf(kind, object), `terminate ${kind.kind} ${object.metadata.name}`);
}

/** Moments at which time alone changes something. */
function wakeMoments(world: World, position: Position, plans: Plans): readonly (number | undefined)[] {
  const deadline = deadlineMs(world, position);
  return [
    position.abort || world.rollout.spec.paused === true ? undefined : pauseEndsAtMs(world, position),
    deadline === undefined ? undefined : deadline + 1_000,
    plans.replicaSets.wakeAtMs,
    plans.traffic === undefined ? undefined : settlesAtMs(world, plans.traffic.canaryWeight),
  ];
}

function earliest(world: World, moments: readonly (number | undefined)[]): number | undefined {
  const ahead = moments.filter((moment) => moment !== undefined).filter((moment) => moment > world.nowMs);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
