import { createYamlParser } from '../../src/adapters/git/yaml-parser.ts';
import type { Connection } from '../../src/adapters/kube/connection.ts';
import { createKindDirectory } from '../../src/adapters/kube/kind-directory.ts';
import { createKube } from '../../src/adapters/kube/kube.ts';
import { createWorkQueue } from '../../src/adapters/kube/work-queue.ts';
import { SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { RunController } from '../../src/controller/analysis/run-controller.ts';
import { GitSourceController } from '../../src/controller/git-source/git-source-controller.ts';
import { NotificationController } from '../../src/controller/notification/notification-controller.ts';
import { keyOf } from '../../src/controller/rollout/caches.ts';
import { RolloutController } from '../../src/controller/rollout/rollout-controller.ts';
import type { Git } from '../../src/ports/git.ts';
import type { HttpClient } from '../../src/ports/http.ts';
import type { KubeWriter, WorkQueue } from '../../src/ports/kube.ts';
import type { Log, Telemetry } from '../../src/ports/telemetry.ts';
import type { ProcessClock } from './process-clock.ts';

export interface ControllerProcessOptions {
  readonly connection: Connection;
  readonly clock: ProcessClock;
  readonly identity: string;
  readonly random: () => number;
  readonly git: Git;
  readonly http: HttpClient;
  readonly log: Log;
  /** Puts a defect between the controllers and their writer. */
  readonly bendWriter?: (writer: KubeWriter) => KubeWriter;
}

/** How long a weight is given to reach ingress-nginx; the simulated one needs less. */
export const PROPAGATION_MS = 1_000;
const RESYNC_MS = 15 * 60_000;

/**
 * All controllers of one process, wired as `main` wires them. It is ended by killing its clock; what is returned lets go of what
 * it still waits for then.
 */
export function startControllerProcess(options: ControllerProcessOptions): () => void {
  const { clock, random, log, http } = options;
  const connected = createKube({ connection: options.connection, clock, random, log, metrics: SILENT_METRICS });
  const kube = { ...connected, writer: options.bendWriter?.(connected.writer) ?? connected.writer };
  const telemetry: Telemetry = { log, metrics: SILENT_METRICS };
  const queue = (): WorkQueue => createWorkQueue({ clock, random, log, metrics: SILENT_METRICS.queue('') });
  const rolloutQueue = queue();
  const runQueue = queue();
  const rollouts = new RolloutController({
    kube,
    queue: rolloutQueue,
    clock,
    telemetry,
    options: { workers: 2, propagationDelayMs: PROPAGATION_MS },
  });
  const runs = new RunController({
    kube,
    runs: rollouts.caches.analysisRuns,
    http,
    queue: runQueue,
    clock,
    telemetry,
    workers: 2,
    providers: { prometheusAddress: 'http://prometheus.simulation' },
  });
  const gitSources = new GitSourceController({
    kube,
    kinds: createKindDirectory(connected.client, clock),
    queue: queue(),
    clock,
    random,
    telemetry,
    git: options.git,
    yaml: createYamlParser(),
    kustomize: { build: () => Promise.reject(new Error('there is no kustomize in the simulation')) },
    options: { workers: 1, scope: 'own-namespace', fileUrls: 'refused' },
  });
  const notices = new NotificationController({
    kube,
    caches: rollouts.caches,
    gitSources: gitSources.sources,
    http,
    queue: queue(),
    clock,
    telemetry,
    identity: options.identity,
    options: {
      slack: {
        apiUrl: 'http://slack.simulation/api',
        defaultRecipient: 'deliveries',
        credential: { namespace: 'shop', name: 'slack', key: 'token' },
      },
    },
  });
  void connected.caches.whenSynced().then(() => {
    rollouts.start();
    runs.start();
    gitSources.start();
    notices.start();
    resync();
  });
  return () => void connected.close();

  function resync(): void {
    clock.schedule(RESYNC_MS, () => {
      for (const rollout of rollouts.caches.rollouts.list()) rolloutQueue.add(keyOf(rollout));
      for (const run of rollouts.caches.analysisRuns.list()) runQueue.add(keyOf(run));
      resync();
    });
  }
}
