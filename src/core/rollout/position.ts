import { findCondition } from '../../api/conditions.ts';
import type { StablePingPong } from '../../api/role-services.ts';
import type { PauseCondition, RolloutStatus } from '../../api/rollout.ts';

/** Where an update stands: what status remembers between passes, and what the statechart moves on. */
export interface Position {
  /** Hash of the desired template's ReplicaSet. */
  readonly currentHash: string;
  /** Hash of the last fully promoted ReplicaSet; empty before the first. */
  readonly stableHash: string;
  readonly stepsHash: string;
  /** Undefined without steps; the number of steps when all are done. */
  readonly stepIndex: number | undefined;
  readonly pauses: readonly PauseCondition[];
  /** True while, and until it is consumed after, a pause that the controller began. */
  readonly controllerPause: boolean;
  readonly abort: boolean;
  readonly abortedAt: string | undefined;
  readonly promoteFull: boolean;
  readonly restartedAt: string | undefined;
  readonly collisionCount: number | undefined;
  /** Blue-green: the new version may grow to its full size. */
  readonly previewCheckPoint: boolean;
  /** Which of two ping-pong Services is the stable one; undefined without such. */
  readonly stablePingPong: StablePingPong;
}

export function positionOf(status: RolloutStatus | undefined): Position {
  return {
    currentHash: status?.currentPodHash ?? '',
    stableHash: status?.stableRS ?? '',
    stepsHash: status?.currentStepHash ?? '',
    stepIndex: status?.currentStepIndex ?? undefined,
    pauses: status?.pauseConditions ?? [],
    controllerPause: status?.controllerPause ?? false,
    abort: status?.abort ?? false,
    abortedAt: status?.abortedAt ?? undefined,
    promoteFull: status?.promoteFull ?? false,
    restartedAt: status?.restartedAt ?? undefined,
    collisionCount: status?.collisionCount ?? undefined,
    previewCheckPoint: status?.blueGreen?.scaleUpPreviewCheckPoint ?? false,
    stablePingPong: status?.canary?.stablePingPong ?? undefined,
  };
}

/** An abort counts as taken up once the condition says so; only then can clearing `abort` be a wish to try again. */
export function isAbortRecorded(status: RolloutStatus): boolean {
  return findCondition(status.conditions, 'Progressing')?.reason === 'RolloutAborted';
}

/** Somebody has to judge a measurement, of a run or an Experiment, before the update goes on. */
export function isInconclusivePause({ reason }: { readonly reason: string }): boolean {
  return reason.startsWith('Inconclusive');
}
