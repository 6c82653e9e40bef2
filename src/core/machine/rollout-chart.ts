import { assign, setup } from 'xstate';

import { findCondition } from '../../api/conditions.ts';
import {
  updateIsScaled,
  updateIsShifted,
  allStepsDone,
  currentStep,
  mayMove,
  stableIsSettled,
  abortedVersionIsIdle,
  stepIsScaled,
  stepIsShifted,
  stepKind,
} from '../rollout/steps.ts';
import { canCarryAll, cutOverIsSettled, isCutOver, isFastTracked, previewIsReady } from '../rollout/blue-green.ts';
import { isPausedFor, pauseEndsAtMs, wasResumed } from '../rollout/pause.ts';
import { isStuck } from '../rollout/deadline.ts';
import { verdictOf, wantedAnalysis, type RunKind } from '../rollout/runs.ts';
import { experimentVerdict, isUndecided, measurementFailure } from '../rollout/step-experiment.ts';
import type { Position } from '../rollout/position.ts';
import { rolesOf, type World } from '../rollout/world.ts';
import { isFirstVersion, isWithinRollbackWindow } from '../rollout/promotion.ts';
import type { ChartContext } from './chart-context.ts';
import { NOWHERE } from './chart-context.ts';
import * as moves from './moves.ts';
import type { EventNotice } from '../../api/kube-write.ts';

export type ChartEvent =
  /** The world was looked at: go as far as it allows. */
  | { readonly type: 'OBSERVED' }
  | { readonly type: 'ABORT' }
  | { readonly type: 'RETRY' }
  | { readonly type: 'PROMOTE_FULL' };

type Facts = { readonly context: ChartContext };

/** A full promotion ends what the update is paused for. */
const PAUSE_ENDED = [
  assign<ChartContext, ChartEvent, undefined, ChartEvent, never>(moves.clearPauses),
  { type: 'notify', params: moves.resumeNotice },
] as const;

/**
 * How an update moves. It is rebuilt from status on every pass and used only through pure functions; what it wants to
 * have told is returned as actions, and what it wants to have done follows from the position that it ends at.
 */
export const rolloutChart = setup({
  types: {
    context: {} as ChartContext,
    events: {} as ChartEvent,
    input: {} as ChartContext | undefined,
  },
  actions: {
    /** Data, never run: `decide` turns it into an event. */
    notify: (_facts, _notice: EventNotice) => undefined,
  },
  guards: {
    updateAsked: moves.updateMayStart,
    updateAskedInPause: (facts: Facts) => facts.context.position.pauses.length > 0 && moves.updateMayStart(facts),
    firstVersion: fact(isFirstVersion),
    versionIsKnown: ({ context }: Facts) => context.position.currentHash !== '',
    stableIsWanted: ({ context }: Facts) => context.position.currentHash === context.position.stableHash,
    withinRollbackWindow: fact(isWithinRollbackWindow),
    replicaSetExists: forward((world, position) => rolesOf(world, position).current !== undefined),
    fullPromotionAsked: forward((_world, position) => position.promoteFull),
    stepsAreDone: fact(allStepsDone),
    stepIsScaled: forward(stepIsScaled),
    stepIsShifted: forward(stepIsShifted),
    stepPauses: forward(isPauseStep),
    stepActsNoMore: forward(stepActsNoMore),
    pauseIsOver: fact((world, position) => !isHeldBySpec(world) && pauseIsOver(world, position)),
    inconclusive: ({ context }: Facts) => !context.measuredAgain && isUndecided(context.world, context.position),
    resumed: fact((_world, position) => wasResumed(position)),
    stepPauseResumed: fact((world, position) => isPauseStep(world, position) && wasResumed(position)),
    stepPauseIsOver: fact(
      (world, position) =>
        isPausedFor(position, 'CanaryPauseStep') && !isHeldBySpec(world) && pauseIsOver(world, position),
    ),
    promotionResumed: fact((world, position) => world.blueGreen !== undefined && wasResumed(position)),
    measurementFailed: fact((world, position) => measurementFailure(world, position) !== undefined),
    deadlineAborts: fact(
      (world, position) =>
        world.rollout.spec.progressDeadlineAbort === true &&
        position.currentHash !== position.stableHash &&
        isStuck(world, position),
    ),
    updateIsScaled: forward(updateIsScaled),
    updateIsShifted: forward(updateIsShifted),
    stableIsSettled: fact(stableIsSettled),
    abortedVersionIsIdle: fact(abortedVersionIsIdle),
    blueGreen: fact((world) => world.blueGreen !== undefined),
    previewExists: fact(
      (world, position) => world.blueGreen !== undefined && rolesOf(world, position).current !== undefined,
    ),
    fastTracked: forward(isFastTracked),
    previewIsReady: forward(previewIsReady),
    preAnalysisIsGood: forward((world, position) => isGood(world, position, 'PrePromotion')),
    promotionPauses: fact((world, position) => world.blueGreen?.pauses === true && !pauseWasTaken(position)),
    promotionPauseIsOver: forward(promotionPauseIsOver),
    promotionIsFree: forward((_world, position) => !isPausedFor(position, 'BlueGreenPause')),
    cutOver: fact(isCutOver),
    newVersionIsProven: forward(newVersionIsProven),
    abortIsDropped: ({ context }: Facts) => context.position.currentHash === context.position.stableHash,
  },
}).createMachine({
  id: 'rollout',
  context: ({ input }) => input ?? NOWHERE,
  initial: 'idle',
  on: {
    OBSERVED: [
      {
        guard: 'updateAskedInPause',
        target: '.classify',
        actions: [assign(moves.startUpdate), { type: 'notify', params: moves.resumeNotice }],
      },
      { guard: 'updateAsked', target: '.classify', actions: assign(moves.startUpdate) },
      {
        guard: 'measurementFailed',
        target: '.aborting',
        actions: [assign(moves.abortForMeasurement), { type: 'notify', params: moves.abortNotice }],
      },
      {
        guard: 'deadlineAborts',
        target: '.aborting',
        actions: [assign(moves.abortForDeadline), { type: 'notify', params: moves.abortNotice }],
      },
      {},
    ],
    ABORT: [
      { guard: 'abortIsDropped', actions: assign(moves.dropAbort) },
      { target: '.aborting', actions: [assign(moves.abortByUser), { type: 'notify', params: moves.abortNotice }] },
    ],
  },
  states: {
    idle: { description: 'The stable version is the desired one and has all traffic.' },
    classify: {
      description: 'A new template, or new steps: which kind of update is it?',
      always: [
        { guard: 'firstVersion', target: 'installing', actions: assign(moves.skipSteps) },
        {
          guard: 'stableIsWanted',
          target: 'finalizing',
          actions: [
            assign(moves.skipSteps),
            { type: 'notify', params: () => moves.skipNotice('Rollback to stable ReplicaSets') },
          ],
        },
        { guard: 'blueGreen', target: 'preparing' },
        {
          guard: 'withinRollbackWindow',
          target: 'fastForward',
          actions: [
            assign(moves.skipSteps),
            { type: 'notify', params: () => moves.skipNotice('Rollback to active ReplicaSets within RollbackWindow') },
          ],
        },
        { target: 'preparing' },
      ],
    },
    installing: {
      description: 'The first version: it counts as stable at once, and gets everything, without steps.',
      always: {
        guard: 'versionIsKnown',
        target: 'finalizing',
        actions: [{ type: 'notify', params: moves.completedNotice }, assign(moves.promote)],
      },
    },
    preparing: {
      description: 'The ReplicaSet of the new version is made.',
      always: [
        { guard: 'previewExists', target: 'previewing' },
        { guard: 'fullPromotionAsked', target: 'fastForward' },
        { guard: 'replicaSetExists', target: 'step' },
      ],
    },
    step: {
      description: 'One step after the other. Raising: capacity before weight; lowering: weight before capacity.',
      initial: 'scaling',
      on: { PROMOTE_FULL: { target: 'fastForward' } },
      states: {
        scaling: {
          description: 'The pods that the step asks for have to be available.',
          always: [
            {
              guard: 'inconclusive',
              target: '#rollout.pausedInconclusive',
              actions: [assign(moves.pauseInconclusive), { type: 'notify', params: moves.pauseNotice }],
            },
            { guard: 'stepsAreDone', target: '#rollout.finalScaling' },
            { guard: 'stepIsScaled', target: 'shifting' },
          ],
        },
        shifting: {
          description: 'The routers have to obey the weight that the step asks for.',
          always: { guard: 'stepIsShifted', target: 'acting' },
        },
        acting: {
          description: 'The step pauses, measures, or has nothing more to do.',
          always: [
            {
              guard: 'stepPauses',
              target: '#rollout.pausedStep',
              actions: [assign(moves.pauseForStep), { type: 'notify', params: moves.pauseNotice }],
            },
            { guard: 'stepActsNoMore', target: 'done' },
          ],
        },
        done: {
          description: 'On to the next step.',
          always: {
            target: 'scaling',
            actions: [{ type: 'notify', params: moves.stepCompletedNotice }, assign(moves.nextStep)],
          },
        },
      },
    },
    pausedStep: {
      description: 'A pause step: the time, or a user, ends it.',
      on: {
        PROMOTE_FULL: {
          target: 'fastForward',
          actions: PAUSE_ENDED,
        },
      },
      always: [
        {
          guard: 'inconclusive',
          target: 'pausedInconclusive',
          actions: [assign(moves.pauseInconclusive), { type: 'notify', params: moves.pauseNotice }],
        },
        {
          guard: 'pauseIsOver',
          target: '#rollout.step.scaling',
          actions: [
            { type: 'notify', params: moves.stepCompletedNotice },
            assign(moves.resume),
            { type: 'notify', params: moves.resumeNotice },
            assign(moves.nextStep),
          ],
        },
      ],
    },
    pausedInconclusive: {
      description: 'A measurement was inconclusive: a user goes on or aborts.',
      on: {
        PROMOTE_FULL: [
          {
            guard: 'blueGreen',
            target: 'cuttingOver',
            actions: PAUSE_ENDED,
          },
          {
            target: 'fastForward',
            actions: PAUSE_ENDED,
          },
        ],
      },
      always: [
        {
          guard: 'promotionResumed',
          target: 'previewing',
          actions: [assign(moves.resumeAndMeasureAgain), { type: 'notify', params: moves.resumeNotice }],
        },
        {
          guard: 'stepPauseIsOver',
          actions: [
            { type: 'notify', params: moves.stepCompletedNotice },
            assign(moves.endStepPause),
            assign(moves.nextStep),
          ],
        },
        {
          guard: 'stepPauseResumed',
          target: 'step',
          actions: [
            { type: 'notify', params: moves.stepCompletedNotice },
            assign(moves.resumeAndMeasureAgain),
            { type: 'notify', params: moves.resumeNotice },
            assign(moves.nextStep),
          ],
        },
        {
          guard: 'resumed',
          target: 'step',
          actions: [assign(moves.resumeAndMeasureAgain), { type: 'notify', params: moves.resumeNotice }],
        },
      ],
    },
    previewing: {
      description: 'Blue-green: the new version gets its pods; nobody but the preview Service leads to it.',
      on: { PROMOTE_FULL: { target: 'cuttingOver' } },
      always: [
        { guard: 'cutOver', target: 'postAnalysis' },
        { guard: 'fastTracked', target: 'cuttingOver' },
        {
          guard: 'inconclusive',
          target: 'pausedInconclusive',
          actions: [assign(moves.pauseInconclusive), { type: 'notify', params: moves.pauseNotice }],
        },
        { guard: 'previewIsReady', target: 'preAnalysis' },
      ],
    },
    preAnalysis: {
      description: 'Blue-green: the new version is measured before it gets the traffic.',
      on: { PROMOTE_FULL: { target: 'cuttingOver' } },
      always: { guard: 'preAnalysisIsGood', target: 'pausedPromotion' },
    },
    pausedPromotion: {
      description: 'Blue-green: the switch waits, if asked to, for its time or a user.',
      on: {
        PROMOTE_FULL: {
          target: 'cuttingOver',
          actions: PAUSE_ENDED,
        },
      },
      always: [
        {
          guard: 'promotionPauses',
          actions: [assign(moves.pauseForPromotion), { type: 'notify', params: moves.pauseNotice }],
        },
        {
          guard: 'promotionPauseIsOver',
          target: 'cuttingOver',
          actions: [
            assign(moves.resumePromotion),
            assign(moves.passCheckPoint),
            { type: 'notify', params: moves.resumeNotice },
          ],
        },
        { guard: 'promotionIsFree', target: 'cuttingOver', actions: assign(moves.passCheckPoint) },
      ],
    },
    cuttingOver: {
      description: 'Blue-green: once the new version has all its pods, the active Service leads to it.',
      on: { PROMOTE_FULL: {} },
      always: { guard: 'cutOver', target: 'postAnalysis', actions: assign(moves.clearPauses) },
    },
    postAnalysis: {
      description: 'Blue-green: the new version is measured while it has the traffic; the old one keeps all its pods.',
      on: { PROMOTE_FULL: {} },
      always: [
        {
          guard: 'inconclusive',
          target: 'pausedInconclusive',
          actions: [assign(moves.pauseInconclusive), { type: 'notify', params: moves.pauseNotice }],
        },
        {
          guard: 'newVersionIsProven',
          target: 'finalizing',
          actions: [{ type: 'notify', params: moves.completedNotice }, assign(moves.promote)],
        },
      ],
    },
    fastForward: {
      description: 'Full size without steps, pauses or measurements.',
      always: { guard: 'updateIsScaled', target: 'finalShifting' },
    },
    finalScaling: {
      description: 'All steps are done: the new version gets its full size.',
      on: { PROMOTE_FULL: { target: 'fastForward' } },
      always: [
        {
          guard: 'inconclusive',
          target: 'pausedInconclusive',
          actions: [assign(moves.pauseInconclusive), { type: 'notify', params: moves.pauseNotice }],
        },
        { guard: 'updateIsScaled', target: 'finalShifting' },
      ],
    },
    finalShifting: {
      description: 'All traffic goes to the new version, and has to be seen there.',
      on: { PROMOTE_FULL: {} },
      always: {
        guard: 'updateIsShifted',
        target: 'finalizing',
        actions: [{ type: 'notify', params: moves.completedNotice }, assign(moves.promote)],
      },
    },
    finalizing: {
      description: 'The new version is the stable one: Services and weight follow.',
      always: { guard: 'stableIsSettled', target: 'idle' },
    },
    aborting: {
      description: 'Back to stable: its pods, then weight, then selectors.',
      on: {
        RETRY: [
          { guard: 'firstVersion', target: 'installing', actions: [assign(moves.retry), assign(moves.skipSteps)] },
          { target: 'preparing', actions: assign(moves.retry) },
        ],
      },
      always: { guard: 'abortedVersionIsIdle', target: 'aborted' },
    },
    aborted: {
      description: 'Nothing is left on the new version; it waits for a retry or a new template.',
      on: {
        RETRY: [
          { guard: 'firstVersion', target: 'installing', actions: [assign(moves.retry), assign(moves.skipSteps)] },
          { target: 'preparing', actions: assign(moves.retry) },
        ],
      },
    },
  },
});

type Guard = ({ context }: Facts) => boolean;
type Rule = (world: World, position: Position) => boolean;

function fact(rule: Rule): Guard {
  return ({ context: { world, position } }) => rule(world, position);
}

/** For moves towards the new version, which somebody may hold. */
function forward(rule: Rule): Guard {
  return ({ context: { world, position } }) => mayMove(world, position) && rule(world, position);
}

function isPauseStep(world: World, position: Position): boolean {
  return stepKind(currentStep(world, position)) === 'pause';
}

function stepActsNoMore(world: World, position: Position): boolean {
  switch (stepKind(currentStep(world, position))) {
    case 'weight':
    case 'scale':
    case 'route':
      return true;
    case 'analysis':
      return verdictOf(world, position, 'Step') === 'Successful';
    case 'experiment':
      return experimentVerdict(world, position) === 'Successful';
    case 'pause':
    case 'unsupported':
      return false;
  }
}

/** The spec says to wait, or cannot be followed. */
function isHeldBySpec(world: World): boolean {
  return world.problems.length > 0 || world.rollout.spec.paused === true;
}

/** Its time is up, or a user cleared it. */
function pauseIsOver(world: World, position: Position): boolean {
  if (!isPausedFor(position, 'CanaryPauseStep')) return wasResumed(position);
  const endsAtMs = pauseEndsAtMs(world, position);
  return endsAtMs !== undefined && world.nowMs >= endsAtMs;
}

/** Nothing of this kind is to be measured, or it was and is good. */
function isGood(world: World, position: Position, kind: RunKind): boolean {
  return wantedAnalysis(world, position, kind) === undefined || verdictOf(world, position, kind) === 'Successful';
}

/** The pause before the switch was begun, and is over or not. */
function pauseWasTaken(position: Position): boolean {
  return position.previewCheckPoint || position.controllerPause || isPausedFor(position, 'BlueGreenPause');
}

/** Its time is up, the spec asks for none any more, or a user has cleared it since the last pass. */
function promotionPauseIsOver(world: World, position: Position): boolean {
  if (!isPausedFor(position, 'BlueGreenPause'))
    return wasResumed(position) && findCondition(world.status.conditions, 'Paused')?.status === 'True';
  if (world.blueGreen?.pauses === false) return true;
  const endsAtMs = pauseEndsAtMs(world, position);
  return endsAtMs !== undefined && world.nowMs >= endsAtMs;
}

/** It has the traffic, all its pods, and measured well there if that was asked for. */
function newVersionIsProven(world: World, position: Position): boolean {
  return canCarryAll(world, position) && cutOverIsSettled(world, position) && isGood(world, position, 'PostPromotion');
}
