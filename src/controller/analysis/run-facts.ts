import type { AnalysisRun, AnalysisRunStatus } from '../../api/analysis.ts';
import { resolvedMetricsOf } from '../../core/analysis/arguments.ts';
import { metricRulesOf } from '../../core/analysis/metric-rules.ts';
import { providerTypeName } from '../../core/analysis/provider-type.ts';
import type { AnalysisRunFacts } from '../../ports/telemetry.ts';

/** What the numbers show of a run: each of its metrics, also one that has measured nothing yet. */
export function runFacts(run: AnalysisRun, status: AnalysisRunStatus): AnalysisRunFacts {
  const { namespace = '', name } = run.metadata;
  const metrics = resolvedMetricsOf(run.spec);
  const rules = metricRulesOf(run.spec, metrics);
  return {
    namespace,
    name,
    phase: status.phase ?? '',
    metrics: metrics.map((metric) => {
      const result = status.metricResults?.find((one) => one.name === metric.name);
      const dryRun = rules.ok && rules.rules.isDryRun(metric.name);
      return { metric: metric.name, type: providerTypeName(metric), phase: result?.phase ?? '', dryRun };
    }),
  };
}
