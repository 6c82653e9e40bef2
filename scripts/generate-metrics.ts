import { createMetrics } from '../src/adapters/telemetry/metrics.ts';
import { VirtualClock } from '../src/lib/virtual-clock.ts';
import { code, GENERATED, table } from './markdown.ts';

/** The page of all series, made from the registry itself. */
export function metricsPage(): string {
  const registry = createMetrics({ clock: new VirtualClock(0), build: { version: '', commit: '' } });
  const rows = registry
    .series()
    .map(({ name, type, help, labels }) => [code(name), type, labels.map(code).join(' '), help]);
  registry.close();
  return [
    '# Metrics',
    '',
    GENERATED,
    '',
    'The controller serves them on port 8090 (`--metricsPort`) at `/metrics`, in the format of Prometheus. Names and labels',
    'are those that dashboards for Argo Rollouts ask for. The series of an object go when it is deleted; what only counts',
    'stays about a minute longer, for a last scrape. Memory, CPU and the event loop of the process come on top, under the',
    'usual names `process_*` and `nodejs_*`.',
    '',
    table(['Name', 'Type', 'Labels', 'Meaning'], rows),
    '',
  ].join('\n');
}
