import { autoPromotionEnabledOf } from '../../api/defaults.ts';
import type { RolloutAnalysis, RolloutSpec } from '../../api/rollout.ts';

/** The blue-green strategy with its defaults resolved; everything is in pods or milliseconds. */
export interface BlueGreenSettings {
  readonly activeService: string;
  readonly previewService: string | undefined;
  /** Pods of the new version until it is promoted; undefined for as many as the Rollout has. */
  readonly previewReplicas: number | undefined;
  /** The new version waits before it gets the traffic. */
  readonly pauses: boolean;
  /** How long it waits; undefined when only a person ends the pause. */
  readonly autoPromotionMs: number | undefined;
  readonly prePromotionAnalysis: RolloutAnalysis | undefined;
  readonly postPromotionAnalysis: RolloutAnalysis | undefined;
}

/** Undefined for a Rollout with another strategy. */
export function blueGreenSettingsOf(spec: RolloutSpec): BlueGreenSettings | undefined {
  const blueGreen = spec.strategy?.blueGreen ?? undefined;
  if (blueGreen === undefined) return undefined;
  const promotesItself = autoPromotionEnabledOf(blueGreen);
  const seconds = blueGreen.autoPromotionSeconds ?? 0;
  return {
    activeService: blueGreen.activeService,
    previewService: (blueGreen.previewService ?? '') === '' ? undefined : blueGreen.previewService,
    previewReplicas: blueGreen.previewReplicaCount ?? undefined,
    pauses: !promotesItself || seconds > 0,
    autoPromotionMs: promotesItself && seconds > 0 ? seconds * 1_000 : undefined,
    prePromotionAnalysis: blueGreen.prePromotionAnalysis ?? undefined,
    postPromotionAnalysis: blueGreen.postPromotionAnalysis ?? undefined,
  };
}
