import { perObject } from '../../lib/per-object.ts';
import { minReadySecondsOf, progressDeadlineSecondsOf, replicasOf, revisionHistoryLimitOf } from '../defaults.ts';
import type { Rollout, RolloutSpec } from '../rollout.ts';
import { validateBlueGreen } from './blue-green.ts';
import { validateCanary } from './canary.ts';
import { isEmptySelector, validateLabelSelector } from './label-selector.ts';
import { validatePodTemplate } from './pod-template.ts';
import { invalid, placeless, required, type Problem } from './problem.ts';
import { unsupportedInRollout } from './supported.ts';
import { validateVersionedConfig } from './versioned-config.ts';

/**
 * Everything about a Rollout that is wrong without looking at any other object, in the order of the API: the first
 * problem becomes the condition InvalidSpec. A feature that this version lacks is named before anything else, since
 * what else is said of it would mislead.
 */
export function validateRollout(rollout: Rollout): readonly Problem[] {
  const ofConfig = validateVersionedConfig(rollout);
  return ofConfig.length === 0 ? problemsOf(rollout.spec) : [...problemsOf(rollout.spec), ...ofConfig];
}

const problemsOf = perObject((spec: RolloutSpec): readonly Problem[] => [
  ...unsupportedInRollout({ spec }),
  ...validateRolloutSpec(spec),
]);

function validateRolloutSpec(spec: RolloutSpec): readonly Problem[] {
  return [
    ...notNegative(replicasOf(spec), 'spec.replicas'),
    ...validateSelector(spec),
    ...validateTemplate(spec),
    ...notNegative(minReadySecondsOf(spec), 'spec.minReadySeconds'),
    ...notNegative(revisionHistoryLimitOf(spec), 'spec.revisionHistoryLimit'),
    ...validateProgressDeadline(spec),
    ...validateStrategy(spec),
  ];
}

function validateSelector(spec: RolloutSpec): readonly Problem[] {
  if (spec.workloadRef !== undefined) return [];
  const { selector } = spec;
  if (selector === undefined) return [required('spec.selector', missingField('.spec.selector'))];
  const problems = validateLabelSelector(selector, 'spec.selector');
  if (!isEmptySelector(selector)) return problems;
  return [...problems, invalid('spec.selector', selector, 'empty selector is invalid for deployment')];
}

function validateTemplate(spec: RolloutSpec): readonly Problem[] {
  const { metadata } = spec.template ?? {};
  if (spec.workloadRef === undefined) return validatePodTemplate(spec.template ?? {}, spec.selector, 'spec.template');
  const used = Object.keys({ ...metadata?.labels, ...metadata?.annotations }).length > 0;
  return used ? [placeless('spec.template', 'template must be empty for workload reference rollout')] : [];
}

function validateProgressDeadline(spec: RolloutSpec): readonly Problem[] {
  const seconds = progressDeadlineSecondsOf(spec);
  const path = 'spec.progressDeadlineSeconds';
  const problems = notNegative(seconds, path);
  if (seconds > minReadySecondsOf(spec)) return problems;
  return [...problems, invalid(path, seconds, 'must be greater than minReadySeconds')];
}

function validateStrategy(spec: RolloutSpec): readonly Problem[] {
  const { canary, blueGreen } = spec.strategy ?? {};
  // The doubled word is the API's own, and known to those who search for it.
  const path = 'spec.strategy.strategy';
  if (canary !== undefined && blueGreen !== undefined) {
    return [invalid(path, 'blueGreen: true canary: true', 'Multiple Strategies can not be listed')];
  }
  if (canary !== undefined) return validateCanary(canary, spec);
  if (blueGreen !== undefined) return validateBlueGreen(blueGreen, spec);
  return [required(path, missingField('.spec.strategy.canary or .spec.strategy.blueGreen'))];
}

function notNegative(value: number, path: string): readonly Problem[] {
  return value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : [];
}

function missingField(path: string): string {
  return `Rollout has missing field '${path}'`;
}
