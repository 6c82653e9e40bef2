import type { Pod } from '../../api/workloads.ts';
import type { ScrapeTarget } from './scrape.ts';

/** Annotations by which pods have long said that and where they want to be scraped. */
const SCRAPE_ANNOTATION = 'prometheus.io/scrape';
const PORT_ANNOTATION = 'prometheus.io/port';
/** Where a pod of the embedded cluster really listens, if it could not have its port. */
const SIMULATED_PORT_ANNOTATION = 'sim.headgate.dev/port';

/** The scrape targets among the pods: those that run and ask for it, with namespace, pod, service and their own labels. */
export function targetsOfPods(pods: readonly Pod[]): ScrapeTarget[] {
  return pods.flatMap((pod) => {
    const { annotations = {}, labels = {}, name, namespace = '' } = pod.metadata;
    const port = Number(annotations[SIMULATED_PORT_ANNOTATION] ?? annotations[PORT_ANNOTATION]);
    const host = pod.status?.podIP;
    if (
      annotations[SCRAPE_ANNOTATION] !== 'true' ||
      pod.status?.phase !== 'Running' ||
      host === undefined ||
      !Number.isInteger(port)
    )
      return [];
    const own = Object.entries(labels).map(([label, value]) => [label.replace(/[^a-zA-Z0-9_]/g, '_'), value] as const);
    const target: Record<string, string> = { job: 'pods', instance: `${host}:${port}`, namespace, pod: name };
    if (labels['app'] !== undefined) target['service'] = labels['app'];
    return [{ host, port, path: '/metrics', labels: { ...Object.fromEntries(own), ...target } }];
  });
}
