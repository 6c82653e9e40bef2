import { startFakePrometheus } from './fake-prometheus.ts';
import { PROMETHEUS, startMetricsServer } from './metrics-server.ts';
import { opened } from './opened.ts';

/** A server for queries such as `vector(0.01)`: a real Prometheus where everything that is real is required. */
export function constantMetrics(): { readonly url: string; readonly isReal: boolean } {
  const isReal = process.env['HEADGATE_CLUSTER'] === 'required';
  return opened<{ readonly url: string; readonly isReal: boolean; close(): Promise<void> }>(
    async () => ({ ...(await (isReal ? startMetricsServer(PROMETHEUS) : startFakePrometheus())), isReal }),
    (server) => server.close(),
  );
}
