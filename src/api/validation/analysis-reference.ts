import type {
  AnalysisTemplate,
  AnalysisTemplateSpec,
  ClusterAnalysisTemplate,
  Argument,
  Metric,
  TemplateReference,
} from '../analysis.ts';
import type { CanaryStep, Rollout, RolloutAnalysis } from '../rollout.ts';
import { validateTemplateArguments } from './analysis-template.ts';
import { metricsFault, runsWithoutEnd } from './metric.ts';
import { invalid, type Problem } from './problem.ts';
import { unsupportedInMetrics } from './supported.ts';
import { repeatedMetric, repeatedRule } from './repeated-names.ts';

/** By name; null is what does not exist, absent is what nobody looked for. */
export type Lookup<Kind> = Readonly<Record<string, Kind | null>>;

export interface FoundTemplates {
  readonly analysisTemplates: Lookup<AnalysisTemplate>;
  readonly clusterAnalysisTemplates: Lookup<ClusterAnalysisTemplate>;
}

interface AnalysisPlace {
  readonly analysis: RolloutAnalysis;
  readonly path: string;
  /** Only a measurement beside the steps may go on without end. */
  readonly endless: boolean;
}

/** What is wrong with the templates that a Rollout measures with. */
export function validateReferencedAnalyses(rollout: Rollout, found: FoundTemplates): readonly Problem[] {
  return analysisPlaces(rollout).flatMap((place) => validatePlace(place, found));
}

function analysisPlaces(rollout: Rollout): readonly AnalysisPlace[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  const places: AnalysisPlace[] = [];
  for (const name of ['prePromotionAnalysis', 'postPromotionAnalysis'] as const) {
    const analysis = blueGreen?.[name];
    if (analysis !== undefined)
      places.push({ analysis, path: `spec.strategy.blueGreen.${name}.templates`, endless: false });
  }
  for (const [index, step] of (canary?.steps ?? []).entries()) {
    const path = `spec.strategy.canary.steps[${index}].analysis.templates`;
    if (step.analysis !== undefined) places.push({ analysis: step.analysis, path, endless: false });
    if (step.experiment !== undefined) places.push(...experimentPlaces(step.experiment, index));
  }
  if (canary?.analysis !== undefined) {
    places.push({ analysis: canary.analysis, path: 'spec.strategy.canary.analysis.templates', endless: true });
  }
  return places;
}

/** An Experiment ends its measurements itself, unless it waits for them. */
function experimentPlaces(
  { analyses = [], dryRun }: NonNullable<CanaryStep['experiment']>,
  stepIndex: number,
): readonly AnalysisPlace[] {
  return analyses.map(({ templateName, clusterScope, args, requiredForCompletion }, index) => ({
    analysis: { templates: [{ templateName, clusterScope }], args, dryRun },
    path: `spec.strategy.canary.steps[${stepIndex}].experiment.analyses[${index}].templateName`,
    endless: requiredForCompletion !== true,
  }));
}

function validatePlace(place: AnalysisPlace, found: FoundTemplates): readonly Problem[] {
  const { analysis, path } = place;
  const collected = collect(analysis.templates ?? [], found);
  if (collected.missing.length > 0) {
    return collected.missing.map(({ kind, name }) => invalid(path, name, `${kind} '${name}' not found`));
  }
  if (collected.unknown) return [];
  const { templates } = collected;
  const value = `templateNames: [${templates.map(({ name }) => name).join(' ')}]`;
  const metrics = templates.flatMap(({ spec }) => spec.metrics ?? []);
  const fault =
    repeatedMetric(metrics) ??
    rulesFault(templates, analysis) ??
    argumentFault(templates, analysis) ??
    metricsFault(metrics);
  if (fault !== undefined) return [invalid(path, value, fault)];
  return templates.flatMap((template) => validateTemplate(template, place));
}

function validateTemplate({ name, spec }: Named, place: AnalysisPlace): readonly Problem[] {
  const metrics = spec.metrics ?? [];
  const endless = place.endless ? undefined : metrics.find(runsWithoutEnd);
  const faults = [
    ...unsupportedInMetrics(metrics, 'spec.metrics').map((problem) => problem.message),
    ...validateTemplateArguments(spec.args ?? [], 'spec.args').map((problem) => problem.detail),
    ...(endless === undefined ? [] : [endlessFault(endless)]),
  ];
  return faults.map((fault) =>
    invalid(
      place.path,
      name,
      fault.startsWith('has metric') ? `AnalysisTemplate ${name} ${fault}` : `AnalysisTemplate ${name}: ${fault}`,
    ),
  );
}

function endlessFault(metric: Metric): string {
  return `has metric ${metric.name} which runs indefinitely. Invalid value for count: ${metric.count ?? '<nil>'}`;
}

interface Named {
  readonly name: string;
  readonly spec: AnalysisTemplateSpec;
}

interface Collected {
  readonly templates: readonly Named[];
  readonly missing: readonly { readonly kind: string; readonly name: string }[];
  /** Something was not looked up, so nothing can be said. */
  readonly unknown: boolean;
}

/** The named templates and those that they name in turn, each once. */
function collect(references: readonly TemplateReference[], found: FoundTemplates): Collected {
  const seen = new Set<string>();
  const templates: Named[] = [];
  const missing: { kind: string; name: string }[] = [];
  let unknown = false;
  const waiting = [...references];
  for (let reference = waiting.shift(); reference !== undefined; reference = waiting.shift()) {
    const { templateName: name = '', clusterScope = false } = reference;
    const kind = clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
    if (seen.has(`${kind}/${name}`)) continue;
    seen.add(`${kind}/${name}`);
    const template = (clusterScope ? found.clusterAnalysisTemplates : found.analysisTemplates)[name];
    if (template === undefined) unknown = true;
    else if (template === null) missing.push({ kind, name });
    else {
      templates.push({ name, spec: template.spec });
      waiting.push(...(template.spec.templates ?? []));
    }
  }
  return { templates, missing, unknown };
}

/** Rules of the Rollout and of its templates go together into one run. */
function rulesFault(templates: readonly Named[], analysis: RolloutAnalysis): string | undefined {
  const all = [analysis, ...templates.map(({ spec }) => spec)];
  return repeatedRule(
    all.flatMap(({ dryRun = [] }) => dryRun),
    all.flatMap(({ measurementRetention = [] }) => measurementRetention),
  );
}

function argumentFault(templates: readonly Named[], analysis: RolloutAnalysis): string | undefined {
  const given = new Set((analysis.args ?? []).map((argument) => argument.name));
  const all = templates.flatMap(({ spec }) => spec.args ?? []);
  for (const { name } of all) {
    const same = all.filter((argument) => argument.name === name);
    const values = new Set(same.map((argument) => argument.value).filter((value) => value !== undefined));
    if (values.size > 1) return `Argument \`${name}\` specified multiple times with different values`;
    if (!given.has(name) && !same.some(hasValue)) return `args.${name} was not resolved`;
  }
  return undefined;
}

function hasValue(argument: Argument): boolean {
  return argument.value !== undefined || argument.valueFrom !== undefined;
}
