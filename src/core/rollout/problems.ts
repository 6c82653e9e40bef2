import type { Problem } from '../../api/validation/problem.ts';
import { internal } from '../../api/validation/problem.ts';
import { validateReferences } from '../../api/validation/references.ts';
import { validateRollout } from '../../api/validation/rollout.ts';
import type { Observation } from '../observation.ts';

const ROUTING = 'spec.strategy.canary.trafficRouting';

/** What stops forward moves: a spec that cannot be carried out, and objects that it names and that are not there. */
export function problemsOf(observation: Observation): readonly Problem[] {
  const { rollout } = observation;
  const routing = observation.traffic.flatMap((router) =>
    router.state === 'unusable' ? [internal(ROUTING, router.message)] : [],
  );
  return [...validateRollout(rollout), ...validateReferences(rollout, observation), ...routing];
}
