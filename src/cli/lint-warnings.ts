import type { Metric } from '../api/analysis.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { metricRulesOf } from '../core/analysis/metric-rules.ts';
import { fieldsOf } from '../lib/fields-of.ts';

export type WarningRule = 'metric-never-fails' | 'skywalking-no-data';

export interface LintWarning {
  readonly rule: WarningRule;
  readonly message: string;
}

/** What runs as it is written and is hardly what was meant. `object` is valid. */
export function warningsFor(object: KubeObject): readonly LintWarning[] {
  if (!['AnalysisTemplate', 'ClusterAnalysisTemplate', 'AnalysisRun'].includes(object.kind)) return [];
  const spec = fieldsOf(object['spec']);
  const metrics = (Array.isArray(spec['metrics']) ? spec['metrics'] : []) as readonly Metric[];
  const rules = metricRulesOf(spec, metrics);
  return metrics.flatMap((metric, index) => {
    const isDryRun = rules.ok && rules.rules.isDryRun(metric.name);
    const warnings = [...(isDryRun ? [] : neverFails(metric)), ...cannotTellNoData(metric)];
    return warnings.map(({ rule, message }) => ({ rule, message: `spec.metrics[${index}]${message}` }));
  });
}

/** Of these the provider decides, without conditions. */
const DECIDING_PROVIDERS = ['job', 'kayenta', 'alertmanager'];

function neverFails(metric: Metric): readonly LintWarning[] {
  const rule = 'metric-never-fails';
  const isDecided = Object.keys(metric.provider).some((provider) => DECIDING_PROVIDERS.includes(provider));
  if (!isDecided && !metric.successCondition && !metric.failureCondition) {
    const message = ': any value is good; say with a successCondition or a failureCondition what is not';
    return [{ rule, message }];
  }
  const failures = wholeNumber(metric.failureLimit);
  const count = metric.count === undefined && metric.interval === undefined ? 1 : wholeNumber(metric.count);
  if (
    failures === undefined ||
    !count ||
    count < 0 ||
    failures < count ||
    metric.consecutiveSuccessLimit !== undefined
  ) {
    return [];
  }
  const measurements = count === 1 ? 'the only measurement' : `all ${count} measurements`;
  return [{ rule, message: `.failureLimit: ${failures} allows ${measurements} to fail; allow fewer than there are` }];
}

/** Undefined for what is not known before a run, such as an argument. */
function wholeNumber(value: Metric['count']): number | undefined {
  const number = value === undefined ? undefined : Number(value);
  return Number.isInteger(number) ? number : undefined;
}

/** These questions of SkyWalking are answered with 0 for minutes without calls, unless they ask to be told. */
function cannotTellNoData({ provider }: Metric): readonly LintWarning[] {
  const query = provider.skywalking?.query ?? '';
  const asked = /\breadMetricsValues?\b/.exec(query)?.[0];
  if (asked === undefined) return [];
  const isSingle = /\breadMetricsValue\b/.test(query);
  if (!isSingle && query.includes('isEmptyValue')) return [];
  const instead = isSingle ? 'execExpression, or readNullableMetricsValue with isEmptyValue' : 'isEmptyValue, too';
  const message = `.provider.skywalking.query: ${isSingle ? 'readMetricsValue' : asked} answers 0 where there is no data; ask for ${instead}`;
  return [{ rule: 'skywalking-no-data', message }];
}
