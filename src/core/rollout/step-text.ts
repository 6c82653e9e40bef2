import type { CanaryStep } from '../../api/rollout.ts';

/** How a step is named in events. */
export function stepText(step: CanaryStep): string {
  if (step.setWeight !== undefined) return `setWeight: ${step.setWeight}`;
  if (step.pause !== undefined) return step.pause.duration === undefined ? 'pause' : `pause: ${step.pause.duration}`;
  if (step.experiment !== undefined) return 'experiment';
  if (step.analysis !== undefined) return 'analysis';
  if (step.setCanaryScale !== undefined) return scaleText(step.setCanaryScale);
  if (step.setHeaderRoute !== undefined) return `setHeaderRoute: ${step.setHeaderRoute.name ?? ''}`;
  if (step.setMirrorRoute !== undefined) return `setMirrorRoute: ${step.setMirrorRoute.name}`;
  if (step.plugin !== undefined) return `plugin: ${step.plugin.name}`;
  return 'invalid';
}

function scaleText(scale: NonNullable<CanaryStep['setCanaryScale']>): string {
  if (scale.weight !== undefined) return `setCanaryScale{weight: ${scale.weight}}`;
  if (scale.replicas !== undefined) return `setCanaryScale{replicas: ${scale.replicas}}`;
  return `setCanaryScale{matchTrafficWeight: ${scale.matchTrafficWeight === true}}`;
}
