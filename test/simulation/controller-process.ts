import { createYamlParser } from '../../src/adapters/git/yaml-parser.ts';
import type { Connection } from '../../src/adapters/kube/connection.ts';
import { createKindDirectory } from '../../src/adapters/kube/kind-directory.ts';
import { fenceWriter } from '../../src/adapters/kube/fenced-writer.ts';
import { createKube } from '../../src/adapters/kube/kube.ts';
import { createWorkQueue } from '../../src/adapters/kube/work-queue.ts';
import { SILENT_METRICS } from '../../src/adapters/telemetry/silent.ts';
import { RunController } from '../../src/controller/analysis/run-controller.ts';
import { ExperimentController } from '../../src/controller/experiment/experiment-controller.ts';
import { GitSourceController } from '../../src/controller/git-source/git-source-controller.ts';
import { NotificationController } from '../../src/controller/notification/notification-controller.ts';
import { keyOf } from '../../src/controller/rollout/caches.ts';
import { RolloutController } from '../../src/controller/rollout/rollout-controller.ts';
import { ownerKeyOf } from '../../src/controller/sharding/owner-key.ts';
import { shareQueue, type SharedQueue } from '../../src/controller/sharding/shared-queue.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';
import type { Git } from '../../src/ports/git.ts';
import type { HttpClient } from '../../src/ports/http.ts';
import type { KubeWriter, ObjectCache, WorkQueue } from '../../src/ports/kube.ts';
import type { Log, Telemetry } from '../../src/ports/telemetry.ts';
import type { ProcessClock } from './process-clock.ts';
import { openSimGroup, type Company, type SimGroup } from './sim-group.ts';

export interface ControllerProcessOptions {
  readonly connection: Connection;
  readonly clock: ProcessClock;
  readonly identity: string;
  readonly random: () => number;
  readonly git: Git;
  readonly http: HttpClient;
  readonly log: Log;
  readonly company: Company;
  /** A Lease is lost: the process has to end. */
  readonly lost: () => void;
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
  const writer = options.bendWriter?.(connected.writer) ?? connected.writer;
  const group = openGroup();
  const kube = { ...connected, writer: group === undefined ? writer : fenceWriter(writer, () => group.mayAct()) };
  const telemetry: Telemetry = { log, metrics: SILENT_METRICS };
  const sharedQueues: SharedQueue[] = [];
  const rolloutQueue = queue(() => ({ cache: rollouts.caches.rollouts, letGo: (key) => rollouts.letGo(key) }));
  const runQueue = queue(() => ({ cache: rollouts.caches.analysisRuns, letGo: (key) => runs.letGo(key) }));
  const experimentQueue = queue(() => ({ cache: rollouts.caches.experiments, letGo: (key) => experiments.letGo(key) }));
  const gitQueue = queue(() => ({ cache: gitSources.sources, letGo: (key) => gitSources.letGo(key) }));
  const noticeQueue = queue(() => ({ cache: rollouts.caches.rollouts }));
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
  const experiments = new ExperimentController({
    kube,
    caches: rollouts.caches,
    queue: experimentQueue,
    clock,
    telemetry,
    workers: 2,
  });
  const gitSources = new GitSourceController({
    kube,
    kinds: createKindDirectory(connected.client, clock),
    queue: gitQueue,
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
    queue: noticeQueue,
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
  void act();
  return () => void connected.close();

  async function act(): Promise<void> {
    await connected.caches.whenSynced();
    await group?.enter();
    rollouts.start();
    runs.start();
    experiments.start();
    gitSources.start();
    notices.start();
    resync();
  }

  function queue(part: () => SharedPart): WorkQueue {
    const made = createWorkQueue({
      clock,
      random,
      log,
      metrics: SILENT_METRICS.queue(''),
      server: connected.client.inFlight,
    });
    if (group === undefined) return made;
    const find = (key: string): KubeObject | undefined => part().cache.get(...split(key));
    const shared = shareQueue({
      queue: made,
      share: group,
      ownerKey: (key) => ownerKeyOf(find(key), key),
      exists: (key) => find(key) !== undefined,
      forget: (key) => part().letGo?.(key),
    });
    sharedQueues.push(shared);
    return shared;
  }

  function openGroup(): SimGroup | undefined {
    const { company, identity, lost } = options;
    if (company === 'alone') return undefined;
    return openSimGroup({
      company,
      client: connected.client,
      clock,
      random,
      identity,
      lost,
      changed: lookAtAll,
      giveUp: async (leaves) => {
        await Promise.all([
          ...sharedQueues.map((one) => one.whenIdle(leaves)),
          runs.giveUp((key) => leaves(ownerKeyOf(rollouts.caches.analysisRuns.get(...split(key)), key))),
        ]);
      },
    });
  }

  function resync(): void {
    clock.schedule(RESYNC_MS, () => {
      lookAtWork();
      resync();
    });
  }

  function lookAtWork(): void {
    for (const rollout of rollouts.caches.rollouts.list()) rolloutQueue.add(keyOf(rollout));
    for (const run of rollouts.caches.analysisRuns.list()) runQueue.add(keyOf(run));
    for (const experiment of rollouts.caches.experiments.list()) experimentQueue.add(keyOf(experiment));
  }

  function lookAtAll(): void {
    lookAtWork();
    for (const source of gitSources.sources.list()) gitQueue.add(keyOf(source));
    for (const rollout of rollouts.caches.rollouts.list()) noticeQueue.add(keyOf(rollout));
  }
}

/** What a queue has to know of the objects whose keys it holds. */
interface SharedPart {
  readonly cache: ObjectCache;
  readonly letGo?: (key: string) => void;
}

function split(key: string): [namespace: string, name: string] {
  const [namespace = '', name = ''] = key.split('/');
  return [namespace, name];
}
