import type { AnalysisRunSpec, Metric } from '../../api/analysis.ts';
import { matchesPattern } from './expression/patterns.ts';

/** Measurements kept of a metric that no rule speaks about. */
const MEASUREMENTS_KEPT = 10;

export interface MetricRules {
  readonly isDryRun: (metricName: string) => boolean;
  readonly measurementsKept: (metricName: string) => number;
}

export type MetricRulesOutcome =
  | { readonly ok: true; readonly rules: MetricRules }
  | { readonly ok: false; readonly message: string };

/** Dry-run and retention rules are patterns for metric names, found anywhere in them; each must match a metric. */
export function metricRulesOf(
  spec: Pick<AnalysisRunSpec, 'dryRun' | 'measurementRetention'>,
  metrics: readonly Metric[],
): MetricRulesOutcome {
  const dryRun = spec.dryRun ?? [];
  const retention = spec.measurementRetention ?? [];
  const message = idleRule('dryRun', dryRun, metrics) ?? idleRule('measurementRetention', retention, metrics);
  if (message !== undefined) return { ok: false, message };
  return {
    ok: true,
    rules: {
      isDryRun: (name) => dryRun.some((rule) => matches(rule.metricName, name)),
      measurementsKept: (name) => {
        // The last matching rule counts, as in the API.
        const limit = retention.findLast((rule) => matches(rule.metricName, name))?.limit ?? 0;
        return limit > 0 ? limit : MEASUREMENTS_KEPT;
      },
    },
  };
}

function idleRule(
  field: string,
  rules: readonly { readonly metricName: string }[],
  metrics: readonly Metric[],
): string | undefined {
  const index = rules.findIndex((rule) => !metrics.some((metric) => matches(rule.metricName, metric.name)));
  return index < 0 ? undefined : `${field}[${index}]: Rule didn't match any metric name(s)`;
}

/** A pattern that is none matches nothing. */
function matches(pattern: string, name: string): boolean {
  try {
    return matchesPattern(pattern, name);
  } catch {
    return false;
  }
}
