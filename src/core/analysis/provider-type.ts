import type { Metric } from '../../api/analysis.ts';

/** What dashboards call the providers, by their key in a metric. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['prometheus', 'Prometheus'],
  ['web', 'Web'],
  ['job', 'Job'],
  ['datadog', 'Datadog'],
  ['newRelic', 'NewRelic'],
  ['wavefront', 'Wavefront'],
  ['cloudWatch', 'CloudWatch'],
  ['graphite', 'Graphite'],
  ['influxdb', 'Influxdb'],
  ['kayenta', 'Kayenta'],
  ['skywalking', 'skywalking'],
  ['alertmanager', 'Alertmanager'],
]);

/** The label `type` of a metric: `Prometheus`, `Web`; the key itself of a provider that is not known. */
export function providerTypeName(metric: Metric | undefined): string {
  const [key = ''] = Object.entries(metric?.provider ?? {}).flatMap(([name, settings]) =>
    settings === undefined ? [] : [name],
  );
  return NAMES.get(key) ?? key;
}
