import { revisionHistoryLimitOf } from '../defaults.ts';
import type { BlueGreenStrategy, RolloutSpec } from '../rollout.ts';
import { validateAntiAffinity } from './anti-affinity.ts';
import { invalid, STRATEGY_PATH, type Problem } from './problem.ts';

export function validateBlueGreen(blueGreen: BlueGreenStrategy, spec: RolloutSpec): readonly Problem[] {
  const problems: Problem[] = [];
  if (blueGreen.activeService === (blueGreen.previewService ?? '')) {
    const detail =
      'This rollout uses the same service for the active and preview services, but two different services are required.';
    problems.push(invalid(`${STRATEGY_PATH}.activeService`, blueGreen.activeService, detail));
  }
  const limit = blueGreen.scaleDownDelayRevisionLimit;
  if (limit !== undefined && revisionHistoryLimitOf(spec) < limit) {
    const detail = "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
    problems.push(invalid(`${STRATEGY_PATH}.scaleDownDelayRevisionLimit`, limit, detail));
  }
  return [...problems, ...validateAntiAffinity(blueGreen.antiAffinity, `${STRATEGY_PATH}.antiAffinity`)];
}
