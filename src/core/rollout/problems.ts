import type { Problem } from '../../api/validation/problem.ts';
import type { Rollout } from '../../api/rollout.ts';
import { internal } from '../../api/validation/problem.ts';
import { validateReferences } from '../../api/validation/references.ts';
import { validateRollout } from '../../api/validation/rollout.ts';
import type { Observation } from '../observation.ts';
import { workloadProblems } from './workload-reference.ts';

const ROUTING = 'spec.strategy.canary.trafficRouting';

/**
 * What stops forward moves: a spec that cannot be carried out, and objects that it names and that are not there.
 * `resolved` is the Rollout with the template that its workload gives it.
 */
export function problemsOf(observation: Observation, resolved: Rollout): readonly Problem[] {
  const { rollout } = observation;
  const routing = observation.traffic.flatMap((router) =>
    router.state === 'unusable' ? [router.problem ?? internal(ROUTING, router.message)] : [],
  );
  const { refusals = [] } = observation;
  // Of what may not be read nobody knows whether it exists.
  const ofWorkload = refusals.length > 0 ? [] : workloadProblems(rollout, resolved, observation.workload);
  // What is said of labels would mislead where the template is missing.
  const references = ofWorkload.length > 0 || refusals.length > 0 ? [] : validateReferences(resolved, observation);
  return [...validateRollout(rollout), ...refusals, ...ofWorkload, ...references, ...routing];
}
