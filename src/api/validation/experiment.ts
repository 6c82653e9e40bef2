import { parseDurationMs } from '../../lib/duration.ts';
import { experimentProgressDeadlineSecondsOf } from '../defaults.ts';
import type { Experiment, ExperimentSpec, ExperimentTemplate } from '../experiment.ts';
import { isEmptySelector, validateLabelSelector } from './label-selector.ts';
import { validatePodTemplate } from './pod-template.ts';
import { duplicate, invalid, required, type Problem } from './problem.ts';

/** What is wrong with an Experiment by itself. */
export function validateExperiment(experiment: Experiment): readonly Problem[] {
  return validateExperimentSpec(experiment.spec);
}

function validateExperimentSpec(spec: ExperimentSpec): readonly Problem[] {
  if (spec.templates.length === 0) {
    return [required('spec.templates', 'name at least one version that the experiment runs')];
  }
  return [
    ...spec.templates.flatMap((template, index) => validateTemplate({ template, index, spec })),
    ...repeatedNames(spec.templates, 'spec.templates'),
    ...repeatedNames(spec.analyses ?? [], 'spec.analyses'),
    ...validateDuration(spec.duration),
  ];
}

function validateTemplate(check: {
  readonly template: ExperimentTemplate;
  readonly index: number;
  readonly spec: ExperimentSpec;
}): readonly Problem[] {
  const { template, spec } = check;
  const path = `spec.templates[${check.index}]`;
  const deadline = experimentProgressDeadlineSecondsOf(spec);
  const problems: Problem[] = [];
  if (template.name === '') problems.push(required(`${path}.name`));
  if (template.selector === undefined) {
    problems.push(
      required(`${path}.selector`, `Experiment has missing field '.Spec.Templates[${check.index}].Selector'`),
    );
  } else if (isEmptySelector(template.selector)) {
    const detail = `This experiment is selecting all pods at index ${check.index}. A non-empty selector is required.`;
    problems.push(invalid(`${path}.selector`, template.selector, detail));
  } else problems.push(...validateLabelSelector(template.selector, `${path}.selector`));
  if ((template.minReadySeconds ?? 0) > deadline) {
    const detail = `MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template at index: ${check.index}`;
    problems.push(invalid(`${path}.minReadySeconds`, template.minReadySeconds, detail));
  }
  return [...problems, ...validatePodTemplate(template.template, template.selector, `${path}.template`)];
}

function repeatedNames(items: readonly { readonly name: string }[], path: string): readonly Problem[] {
  const names = items.map((item) => item.name);
  return names.flatMap((name, index) =>
    names.indexOf(name) < index ? [duplicate(`${path}[${index}].name`, name)] : [],
  );
}

function validateDuration(duration: string | undefined): readonly Problem[] {
  if (duration === undefined || duration === '' || parseDurationMs(duration) !== undefined) return [];
  return [invalid('spec.duration', duration, 'write a duration such as 30s, 5m or 1h')];
}
