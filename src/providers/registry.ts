import type { Metric } from '../api/analysis.ts';
import type { MetricProvider } from './contract.ts';
import { alertmanager } from './alertmanager.ts';
import { cloudWatch } from './cloud-watch.ts';
import { datadog } from './datadog.ts';
import { graphite } from './graphite.ts';
import { influxdb } from './influxdb.ts';
import { job } from './job.ts';
import { kayenta } from './kayenta.ts';
import { newRelic } from './new-relic.ts';
import { prometheus } from './prometheus.ts';
import { skywalking } from './skywalking.ts';
import { wavefront } from './wavefront.ts';
import { web } from './web.ts';

/** Every metric provider, one line each. */
export const PROVIDERS: readonly MetricProvider[] = [
  prometheus,
  web,
  job,
  datadog,
  newRelic,
  wavefront,
  cloudWatch,
  graphite,
  influxdb,
  kayenta,
  skywalking,
  alertmanager,
];

export type ProviderChoice =
  | { readonly ok: true; readonly provider: MetricProvider }
  /** `message` lists what there is. */
  | { readonly ok: false; readonly message: string };

/** The provider that a metric asks for. */
export function providerOf(metric: Metric): ProviderChoice {
  const asked = Object.entries(metric.provider)
    .filter(([, settings]) => settings !== undefined)
    .map(([id]) => id);
  const provider = PROVIDERS.find((one) => asked.includes(one.id));
  if (provider !== undefined) return { ok: true, provider };
  const known = PROVIDERS.map((one) => one.id).join(', ');
  return {
    ok: false,
    message: `metric provider ${asked.join(', ') || '(none)'} is not supported; use one of: ${known}`,
  };
}
