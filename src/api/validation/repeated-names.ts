import type { DryRun, MeasurementRetention, Metric } from '../analysis.ts';

/** What is wrong, in the API's wording, when two metrics of one run have the same name. */
export function repeatedMetric(metrics: readonly Metric[]): string | undefined {
  const name = firstRepeated(metrics.map((metric) => metric.name));
  return name === undefined ? undefined : `two metrics have the same name '${name}'`;
}

/** The same of its rules. */
export function repeatedRule(
  dryRun: readonly DryRun[],
  measurementRetention: readonly MeasurementRetention[],
): string | undefined {
  return repeatedRuleOf('Dry-Run', dryRun) ?? repeatedRuleOf('Measurement Retention', measurementRetention);
}

function repeatedRuleOf(kind: string, rules: readonly { readonly metricName: string }[]): string | undefined {
  const name = firstRepeated(rules.map((rule) => rule.metricName));
  return name === undefined ? undefined : `two ${kind} metric rules have the same name '${name}'`;
}

function firstRepeated(names: readonly string[]): string | undefined {
  return names.find((name, index) => names.indexOf(name) < index);
}
