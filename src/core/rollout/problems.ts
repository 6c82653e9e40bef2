import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { Observation } from '../observation.ts';

/** Something that the user must put right before the update can go on. */
export interface Problem {
  /** Path of the field that names it, as in `spec.strategy.canary.stableService`. */
  readonly field: string;
  /** What is wrong and what to do, without the field. */
  readonly message: string;
}

/** What stops forward moves: a spec that cannot be carried out, and objects that it names and that do not exist. */
export function problemsOf(observation: Observation, template: PodTemplateSpec | undefined): readonly Problem[] {
  const problems: Problem[] = [];
  const { spec } = observation.rollout;
  if (template === undefined) problems.push({ field: 'spec.template', message: 'Required value: the pod template is missing' });
  if (spec.strategy?.canary === undefined && spec.strategy?.blueGreen === undefined)
    problems.push({ field: 'spec.strategy.strategy', message: "Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'" });
  for (const [field, name] of serviceFields(observation)) {
    if (observation.services[name] === null)
      problems.push({ field, message: `Invalid value: "${name}": service "${name}" not found` });
  }
  return problems;
}

function serviceFields(observation: Observation): readonly (readonly [string, string])[] {
  const canary = observation.rollout.spec.strategy?.canary;
  return [
    ['spec.strategy.canary.stableService', canary?.stableService ?? ''],
    ['spec.strategy.canary.canaryService', canary?.canaryService ?? ''],
  ];
}
