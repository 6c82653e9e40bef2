import type {
  AnalysisRunSpec,
  AnalysisTemplateSpec,
  Argument,
  DryRun,
  MeasurementRetention,
  TemplateReference,
} from '../../api/analysis.ts';
import { repeatedMetric, repeatedRule } from '../../api/validation/repeated-names.ts';

/** Templates by name; null when there is none of that name. */
export interface TemplateSources {
  readonly analysisTemplates: Readonly<Record<string, { readonly spec: AnalysisTemplateSpec } | null>>;
  readonly clusterAnalysisTemplates: Readonly<Record<string, { readonly spec: AnalysisTemplateSpec } | null>>;
}

export interface RunWishes {
  readonly templates: readonly TemplateReference[];
  readonly args: readonly Argument[];
  readonly dryRun: readonly DryRun[];
  readonly measurementRetention: readonly MeasurementRetention[];
}

export type RunSpecOutcome =
  | { readonly ok: true; readonly spec: AnalysisRunSpec }
  /** `message` is the API's wording. */
  | { readonly ok: false; readonly code: RunSpecProblem; readonly message: string };

export type RunSpecProblem =
  | 'templateNotFound'
  | 'duplicateMetric'
  | 'duplicateRule'
  | 'argumentConflict'
  | 'argumentUnresolved';

/**
 * The spec of a run from templates: those named and the ones that they name in turn, each once, namespaced ones first;
 * metrics together, arguments merged by name with the given ones on top.
 */
export function runSpecFrom(wishes: RunWishes, sources: TemplateSources): RunSpecOutcome {
  const collected = collectTemplates(wishes.templates, sources);
  if (!collected.ok) return collected;
  const { specs } = collected;
  const metrics = specs.flatMap((spec) => spec.metrics ?? []);
  const dryRun = [...wishes.dryRun, ...specs.flatMap((spec) => spec.dryRun ?? [])];
  const measurementRetention = [
    ...wishes.measurementRetention,
    ...specs.flatMap((spec) => spec.measurementRetention ?? []),
  ];
  const metric = repeatedMetric(metrics);
  if (metric !== undefined) return failure('duplicateMetric', metric);
  const rule = repeatedRule(dryRun, measurementRetention);
  if (rule !== undefined) return failure('duplicateRule', rule);
  const args = mergeArguments(
    specs.flatMap((spec) => spec.args ?? []),
    wishes.args,
  );
  if (!args.ok) return args;
  return { ok: true, spec: withoutEmpty({ metrics, args: args.args, dryRun, measurementRetention }) };
}

type Collected = { readonly ok: true; readonly specs: readonly AnalysisTemplateSpec[] } | Failure;
type Failure = Extract<RunSpecOutcome, { ok: false }>;

function collectTemplates(references: readonly TemplateReference[], sources: TemplateSources): Collected {
  const namespaced = new Map<string, AnalysisTemplateSpec>();
  const cluster = new Map<string, AnalysisTemplateSpec>();
  const waiting = [...references];
  for (let reference = waiting.shift(); reference !== undefined; reference = waiting.shift()) {
    const { templateName: name = '', clusterScope = false } = reference;
    const found = clusterScope ? cluster : namespaced;
    if (found.has(name)) continue;
    const template = (clusterScope ? sources.clusterAnalysisTemplates : sources.analysisTemplates)[name];
    if (template === undefined || template === null) {
      const kind = clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
      return failure('templateNotFound', `${kind} '${name}' not found`);
    }
    found.set(name, template.spec);
    waiting.push(...(template.spec.templates ?? []));
  }
  return { ok: true, specs: [...namespaced.values(), ...cluster.values()] };
}

type Merged = { readonly ok: true; readonly args: readonly Argument[] } | Failure;

/** The arguments that the templates ask for; a given one replaces the template's, and one that nobody asks for is ignored. */
export function mergeArguments(asked: readonly Argument[], given: readonly Argument[]): Merged {
  const byName = new Map<string, Argument>();
  for (const argument of asked) {
    const earlier = byName.get(argument.name);
    if (conflict(earlier, argument)) {
      return failure(
        'argumentConflict',
        `Argument \`${argument.name}\` specified multiple times with different values`,
      );
    }
    byName.set(argument.name, hasValue(earlier) ? (earlier ?? argument) : argument);
  }
  for (const argument of given) {
    if (byName.has(argument.name) && hasValue(argument)) byName.set(argument.name, argument);
  }
  const args = [...byName.values()];
  const open = args.find((argument) => !hasValue(argument));
  if (open !== undefined) return failure('argumentUnresolved', `args.${open.name} was not resolved`);
  return { ok: true, args };
}

function conflict(left: Argument | undefined, right: Argument): boolean {
  return left?.value !== undefined && right.value !== undefined && left.value !== right.value;
}

function hasValue(argument: Argument | undefined): boolean {
  return argument?.value !== undefined || argument?.valueFrom !== undefined;
}

function failure(code: RunSpecProblem, message: string): Failure {
  return { ok: false, code, message };
}

function withoutEmpty(
  spec: Required<Pick<AnalysisRunSpec, 'metrics' | 'args' | 'dryRun' | 'measurementRetention'>>,
): AnalysisRunSpec {
  return {
    metrics: spec.metrics,
    ...(spec.args.length > 0 ? { args: spec.args } : {}),
    ...(spec.dryRun.length > 0 ? { dryRun: spec.dryRun } : {}),
    ...(spec.measurementRetention.length > 0 ? { measurementRetention: spec.measurementRetention } : {}),
  };
}
