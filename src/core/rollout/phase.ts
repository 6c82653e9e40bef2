import type { RolloutPhase, RolloutStatus } from '../../api/rollout.ts';
import type { World } from './world.ts';

export interface PhaseMessage {
  readonly phase: RolloutPhase;
  readonly message: string;
}

/** Phase and message as tools know them; the first rule that applies. `status` has its new conditions already. */
export function phaseOf(world: World, status: RolloutStatus): PhaseMessage {
  const { rollout, settings } = world;
  for (const condition of status.conditions ?? []) {
    if (condition.type === 'InvalidSpec') return { phase: 'Degraded', message: `InvalidSpec: ${condition.message}` };
    if (condition.reason === 'RolloutAborted' || condition.reason === 'ProgressDeadlineExceeded')
      return { phase: 'Degraded', message: `${condition.reason}: ${condition.message}` };
  }
  if (rollout.spec.paused === true) return { phase: 'Paused', message: 'manually paused' };
  const pause = status.pauseConditions?.[0];
  if (pause !== undefined) return { phase: 'Paused', message: pause.reason };
  const message = progressMessage(world, status, settings.replicas);
  return message === '' ? { phase: 'Healthy', message } : { phase: 'Progressing', message };
}

function progressMessage(world: World, status: RolloutStatus, replicas: number): string {
  const updated = status.updatedReplicas ?? 0;
  if (isRestarting(world, status)) return 'rollout is restarting';
  if (updated < replicas) return 'more replicas need to be updated';
  if ((status.availableReplicas ?? 0) < updated) return 'updated replicas are still becoming available';
  if (world.blueGreen !== undefined) return blueGreenMessage(world, status);
  if (world.settings.routing === undefined && (status.replicas ?? 0) > updated)
    return 'old replicas are pending termination';
  if ((status.stableRS ?? '') === '' || status.stableRS !== status.currentPodHash)
    return 'waiting for all steps to complete';
  return '';
}

function blueGreenMessage(world: World, status: RolloutStatus): string {
  const { activeSelector, postPromotionAnalysisRunStatus } = status.blueGreen ?? {};
  if (activeSelector === undefined || activeSelector !== status.currentPodHash) return 'active service cutover pending';
  if ((status.stableRS ?? '') !== '' && status.stableRS === status.currentPodHash) return '';
  const measured = world.blueGreen?.postPromotionAnalysis !== undefined;
  return measured && postPromotionAnalysisRunStatus?.status !== 'Successful'
    ? 'waiting for analysis to complete'
    : 'waiting for post-promotion verification to complete';
}

function isRestarting(world: World, status: RolloutStatus): boolean {
  const restartAt = world.rollout.spec.restartAt;
  return restartAt !== undefined && restartAt !== null && restartAt !== status.restartedAt;
}

/** Everything runs the desired version and nothing else does. */
export function isUpdateComplete(world: World, status: RolloutStatus): boolean {
  const { replicas, steps } = world.settings;
  const wanted = steps.length === 0 || status.currentStepIndex === steps.length;
  return (
    wanted &&
    world.problems.length === 0 &&
    status.stableRS === status.currentPodHash &&
    status.updatedReplicas === replicas &&
    status.availableReplicas === replicas &&
    (world.blueGreen === undefined ? status.replicas === replicas : servicesFollow(world, status))
  );
}

function servicesFollow(world: World, status: RolloutStatus): boolean {
  const { activeSelector, previewSelector } = status.blueGreen ?? {};
  if (activeSelector === undefined || activeSelector !== status.currentPodHash) return false;
  return world.blueGreen?.previewService === undefined || previewSelector === status.currentPodHash;
}
