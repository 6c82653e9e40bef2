import type { AnalysisTemplateSpec, Argument } from '../analysis.ts';
import { validateMetrics } from './metric.ts';
import { internal, type Problem } from './problem.ts';

/** What is wrong with an AnalysisTemplate or ClusterAnalysisTemplate by itself. It may consist of other templates only. */
export function validateAnalysisTemplate(template: { readonly spec: AnalysisTemplateSpec }): readonly Problem[] {
  const { metrics = [], templates = [], args = [] } = template.spec;
  const bare = metrics.length === 0 && templates.length > 0;
  return [...(bare ? [] : validateMetrics(metrics, 'spec.metrics')), ...validateTemplateArguments(args, 'spec.args')];
}

export function validateTemplateArguments(args: readonly Argument[], path: string): readonly Problem[] {
  return args.flatMap(({ name, value, valueFrom }) =>
    value !== undefined && valueFrom !== undefined
      ? [internal(path, `arg '${name}' has both Value and ValueFrom fields`)]
      : [],
  );
}
