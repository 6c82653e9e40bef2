import { parseDurationMs } from '../../lib/duration.ts';
import { experimentProgressDeadlineSecondsOf } from '../defaults.ts';
import type { Experiment, ExperimentSpec, ExperimentTemplate } from '../experiment.ts';
import { isEmptySelector, validateLabelSelector } from './label-selector.ts';
import { validatePodTemplate } from './pod-template.ts';
import { duplicate, invalid, invalidSpecMessage, placeless, required, type Problem } from './problem.ts';

/** What is wrong with an Experiment by itself: what the API knows of its templates first, in its words. */
export function validateExperiment({ metadata, spec }: Experiment): readonly Problem[] {
  const known = spec.templates.flatMap((template, index) =>
    knownProblems({ template, index, spec, name: metadata.name }),
  );
  return [...known, ...validateExperimentSpec(spec)];
}

/** The message of its condition InvalidSpec. What the API has a text for stands alone there. */
export function invalidExperimentMessage(experiment: Experiment): string | undefined {
  const problems = validateExperiment(experiment);
  const [first] = problems;
  if (first !== undefined && first.message === first.detail) return first.message;
  return invalidSpecMessage('Experiment', experiment.metadata.name, problems);
}

function validateExperimentSpec(spec: ExperimentSpec): readonly Problem[] {
  if (spec.templates.length === 0) {
    return [required('spec.templates', 'name at least one version that the experiment runs')];
  }
  return [
    ...spec.templates.flatMap((template, index) => validateTemplate({ template, index, spec })),
    ...repeatedNames(spec.analyses ?? [], 'spec.analyses'),
    ...validateDuration(spec.duration),
  ];
}

interface TemplateCheck {
  readonly template: ExperimentTemplate;
  readonly index: number;
  readonly spec: ExperimentSpec;
}

/** In the order of the API, which stops at the first. */
function knownProblems(check: TemplateCheck & { readonly name: string }): readonly Problem[] {
  const { template, index, spec, name } = check;
  const path = `spec.templates[${index}]`;
  const repeated = spec.templates.slice(0, index).some((other) => other.name === template.name);
  if (template.selector === undefined) {
    return [placeless(`${path}.selector`, `Rollout has missing field '.Spec.Templates[${index}].Selector'`)];
  }
  if (isEmptySelector(template.selector)) {
    const detail = `This experiment is selecting all pods at index ${index}. A non-empty selector is required.`;
    return [placeless(`${path}.selector`, detail)];
  }
  if ((template.minReadySeconds ?? 0) > experimentProgressDeadlineSecondsOf(spec)) {
    const detail = `MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index ${index}`;
    return [placeless(`${path}.minReadySeconds`, detail)];
  }
  if (template.name === '') {
    return [placeless(`${path}.name`, `Experiment ${name} has empty template name at index ${index}`)];
  }
  if (!repeated) return [];
  return [placeless(`${path}.name`, `Experiment ${name} has repeated template name '${template.name}' in templates`)];
}

function validateTemplate({ template, index }: TemplateCheck): readonly Problem[] {
  const path = `spec.templates[${index}]`;
  const { selector } = template;
  const ofSelector = selector === undefined ? [] : validateLabelSelector(selector, `${path}.selector`);
  return [...ofSelector, ...validatePodTemplate(template.template, selector, `${path}.template`)];
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
