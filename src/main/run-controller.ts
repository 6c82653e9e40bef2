import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAwsCredentials } from '../adapters/aws/aws-credentials.ts';
import { createSystemClock } from '../adapters/clock/system-clock.ts';
import { createGit, type GitOptions } from '../adapters/git/git-cli.ts';
import { createKustomize } from '../adapters/git/kustomize.ts';
import { createYamlParser } from '../adapters/git/yaml-parser.ts';
import { createHttpClient } from '../adapters/http/exchange-client.ts';
import { connect, type Connection } from '../adapters/kube/connection.ts';
import { createKindDirectory } from '../adapters/kube/kind-directory.ts';
import type { InFlight } from '../adapters/kube/in-flight.ts';
import { createKube, type ConnectedKube } from '../adapters/kube/kube.ts';
import { fenceWriter } from '../adapters/kube/fenced-writer.ts';
import type { CallGuard } from '../adapters/kube/client.ts';
import { createWorkQueue } from '../adapters/kube/work-queue.ts';
import { createLog } from '../adapters/telemetry/log.ts';
import { createMetrics, type MetricsRegistry } from '../adapters/telemetry/metrics.ts';
import { startTelemetryServer, type TelemetryServer } from '../adapters/telemetry/telemetry-server.ts';
import { RunController } from '../controller/analysis/run-controller.ts';
import { ExperimentController } from '../controller/experiment/experiment-controller.ts';
import { GitSourceController } from '../controller/git-source/git-source-controller.ts';
import { passOnNotice } from '../controller/git-source/pass-on-notice.ts';
import { createWebhookHandler } from '../controller/git-source/webhook-handler.ts';
import { NotificationController, type ServiceOptions } from '../controller/notification/notification-controller.ts';
import { ownerKeyOf } from '../controller/sharding/owner-key.ts';
import { shareQueue, type SharedQueue } from '../controller/sharding/shared-queue.ts';
import { keyOf } from '../controller/rollout/caches.ts';
import { RolloutController } from '../controller/rollout/rollout-controller.ts';
import type { Clock, ScheduledCall } from '../ports/clock.ts';
import type { KubeObject } from '../api/kube-object.ts';
import type { KubeWriter, ObjectCache } from '../ports/kube.ts';
import type { Log, Telemetry } from '../ports/telemetry.ts';
import type { ControllerOptions } from './controller-options.ts';
import { openGroup, type Group } from './group.ts';
import { ownNamespace, processIdentity } from './identity.ts';
import { collectGarbage } from './small-process.ts';
import { onPort } from './taken-port.ts';
import { headgateVersion } from './version.ts';

export interface RunningController {
  /** Address of /healthz and /readyz, and of /metrics. */
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly webhookPort: number | undefined;
  /** Settles when this process may act. */
  whenActing(): Promise<void>;
  /** Settles with the reason when the controller can no longer act and must end. */
  readonly lost: Promise<string>;
  /** Looks at everything again. */
  resync(): void;
  /** Finishes the writes in hand, posts what is left of events, gives the Lease back. */
  stop(): Promise<void>;
}

/** An API server that is gone keeps nobody from ending: less than the grace period that Kubernetes gives a pod. */
const LAST_EVENTS_MS_MAX = 5_000;

/** Starts the controller in this process. Rejects when the cluster cannot be reached or a port is taken. */
export async function startController(
  options: ControllerOptions,
  log: Log,
  guard?: CallGuard,
): Promise<RunningController> {
  const clock = createSystemClock();
  const random = Math.random;
  const connection = await connect({ clock, kubeconfigPath: options.kubeconfig, context: options.context });
  const registry = createMetrics({ clock, build: { version: headgateVersion(), commit: '' }, processMetrics: true });
  const telemetry: Telemetry = { log, metrics: registry.metrics };
  const connected = createKube({ connection, clock, random, log, metrics: registry.metrics, guard });
  const watched = options.namespaced ? (options.namespace ?? ownNamespace(connection.namespace)) : undefined;
  const group = openGroup({
    options,
    client: connected.client,
    clock,
    random,
    log,
    watched,
    giveUp: (leaves) => parts.giveUp(leaves),
    changed: () => parts.lookAtAll(),
  });
  const kube = { ...connected, writer: fenceWriter(connected.writer, () => group.mayAct()) };
  const parts = createParts({
    options,
    connection,
    kube,
    messages: connected.writer,
    clock,
    random,
    telemetry,
    watched,
    group,
  });
  const servers = await openServers({ options, kube, registry, webhook: parts.webhook });
  const lost = Promise.withResolvers<string>();
  group.onLost((why) => lost.resolve(why));
  const resyncs = every(clock, options.rolloutResync * 1_000, () => parts.resync());
  const acting = act({ kube, group, parts, log });
  return {
    healthPort: servers.health.port,
    metricsPort: servers.metrics.port,
    webhookPort: servers.webhook?.port,
    whenActing: () => acting,
    lost: lost.promise,
    resync: () => parts.resync(),
    stop: async () => {
      resyncs.cancel();
      await parts.stop();
      await kube.events.flush(LAST_EVENTS_MS_MAX);
      await group.leave();
      await kube.close();
      registry.close();
      await Promise.all([servers.health.close(), servers.metrics.close(), servers.webhook?.close()]);
    },
  };
}

/** Calls `run` again and again until cancelled; never for a period of 0. */
function every(clock: Clock, periodMs: number, run: () => void): ScheduledCall {
  if (periodMs <= 0) return { cancel: () => undefined };
  let next = clock.schedule(periodMs, again);
  function again(): void {
    next = clock.schedule(periodMs, again);
    run();
  }
  return { cancel: () => next.cancel() };
}

interface Foundation {
  readonly options: ControllerOptions;
  readonly connection: Connection;
  readonly kube: ConnectedKube;
  readonly clock: Clock;
  readonly random: () => number;
}

interface Parts {
  readonly webhook: RequestListener;
  start(): void;
  resync(): void;
  /** Looks at everything, since other objects may be ours than before. */
  lookAtAll(): void;
  /** Ends the work on all objects that leave, and settles when none of it goes on. */
  giveUp(leaves: (key: string) => boolean): Promise<void>;
  stop(): Promise<void>;
}

interface PartsInput extends Foundation {
  readonly telemetry: Telemetry;
  /** The one namespace that is looked after, if it is one. */
  readonly watched: string | undefined;
  readonly group: Group;
  /** Writes also while this process may not act: for what others have to know. */
  readonly messages: KubeWriter;
}

/** The controllers, one for each kind; they watch from now on and work when started. */
function createParts(input: PartsInput): Parts {
  const { options, connection, kube, clock, random, telemetry, watched: namespace, group } = input;
  const { log, metrics } = telemetry;
  const http = createHttpClient({ clock, deniedAddresses: options.deniedAddresses });
  // The chain of AWS' credentials ends at a metadata service, which metrics never reach.
  const awsHttp = createHttpClient({ clock });
  const queues: SharedQueue[] = [];
  const queue = (name: string, part: () => SharedPart, server?: InFlight): SharedQueue => {
    const made = shareQueue({
      queue: createWorkQueue({ clock, random, log, metrics: metrics.queue(name), server }),
      share: group,
      ownerKey: (key) => ownerKeyOf(find(part().cache, key), key),
      exists: (key) => find(part().cache, key) !== undefined,
      forget: (key) => part().letGo?.(key),
    });
    queues.push(made);
    return made;
  };
  const rolloutQueue = queue(
    'Rollouts',
    () => ({ cache: rollouts.caches.rollouts, letGo: (key) => rollouts.letGo(key) }),
    kube.client.inFlight,
  );
  const runQueue = queue('AnalysisRuns', () => ({
    cache: rollouts.caches.analysisRuns,
    letGo: (key) => runs.letGo(key),
  }));
  const experimentQueue = queue('Experiments', () => ({
    cache: rollouts.caches.experiments,
    letGo: (key) => experiments.letGo(key),
  }));
  const gitQueue = queue('GitSources', () => ({ cache: gitSources.sources, letGo: (key) => gitSources.letGo(key) }));
  const stopping = new AbortController();
  const stateDirectory = options.gitStateDir ?? mkdtempSync(join(tmpdir(), 'headgate-git-'));
  const noticeQueue = queue('Notifications', () => ({
    cache: rollouts.caches.rollouts,
    letGo: (key) => notices.letGo(key),
  }));
  const { instanceId } = options;
  const rollouts = new RolloutController({
    kube,
    queue: rolloutQueue,
    clock,
    telemetry,
    options: {
      namespace,
      instanceId,
      workers: options.rolloutThreads,
      propagationDelayMs: options.weightVerificationMinDelay,
    },
  });
  const runs = new RunController({
    kube,
    runs: rollouts.caches.analysisRuns,
    http,
    queue: runQueue,
    clock,
    telemetry,
    workers: options.analysisThreads,
    instanceId,
    providers: { prometheusAddress: options.prometheusAddress, namespace: ownNamespace(connection.namespace) },
    aws: createAwsCredentials({
      http: awsHttp,
      clock,
      environment: process.env,
      readFile: (path) => readFile(path, 'utf8'),
      isThere: (path) => stat(path).then(Boolean, () => false),
    }),
  });
  const experiments = new ExperimentController({
    kube,
    caches: rollouts.caches,
    queue: experimentQueue,
    clock,
    telemetry,
    workers: options.experimentThreads,
    instanceId,
  });
  const gitSources = new GitSourceController({
    kube,
    kinds: createKindDirectory(kube.client, clock),
    queue: gitQueue,
    clock,
    random,
    telemetry,
    git: createGit({ ...gitOptions(options, stateDirectory), signal: stopping.signal }),
    yaml: createYamlParser(),
    kustomize: createKustomize({ inherited: process.env }),
    options: {
      namespace,
      instanceId,
      workers: GIT_WORKERS,
      scope: options.gitAllowClusterScope ? 'cluster' : 'own-namespace',
      fileUrls: options.gitAllowFile ? 'allowed' : 'refused',
    },
  });
  const notices = new NotificationController({
    kube,
    caches: rollouts.caches,
    gitSources: gitSources.sources,
    http,
    queue: noticeQueue,
    clock,
    telemetry,
    identity: processIdentity(),
    instanceId,
    options: {
      slack: {
        apiUrl: options.slackApiUrl,
        defaultRecipient: options.slackChannel,
        credential: secretKey(options.slackTokenSecret),
      },
    },
  });
  const webhook = createWebhookHandler({
    sources: gitSources.sources,
    reader: kube.reader,
    clock,
    log,
    pullNow: (key) =>
      group.owns(ownerKeyOf(find(gitSources.sources, key), key))
        ? gitSources.pullNow(key)
        : passOnNotice({ writer: input.messages, clock }, key),
  });
  function resync(): void {
    for (const rollout of rollouts.caches.rollouts.list()) rolloutQueue.add(keyOf(rollout));
    for (const run of rollouts.caches.analysisRuns.list()) runQueue.add(keyOf(run));
    for (const experiment of rollouts.caches.experiments.list()) experimentQueue.add(keyOf(experiment));
  }

  metrics.shareIs(() => ({
    members: group.mayAct() ? group.members.length : 0,
    owned: Object.fromEntries(
      [rollouts.caches.rollouts, rollouts.caches.analysisRuns, rollouts.caches.experiments, gitSources.sources].map(
        (cache) => [cache.kind.plural, ownedIn(cache, group)],
      ),
    ),
    contested: rollouts.contested,
  }));
  return {
    webhook,
    start: () => {
      rollouts.start();
      runs.start();
      experiments.start();
      gitSources.start();
      notices.start();
    },
    resync,
    lookAtAll: () => {
      resync();
      for (const source of gitSources.sources.list()) gitQueue.add(keyOf(source));
      for (const rollout of rollouts.caches.rollouts.list()) noticeQueue.add(keyOf(rollout));
    },
    giveUp: async (leaves) => {
      const leavesRun = (key: string): boolean => leaves(ownerKeyOf(find(rollouts.caches.analysisRuns, key), key));
      await Promise.all([...queues.map((one) => one.whenIdle(leaves)), runs.giveUp(leavesRun)]);
    },
    stop: async () => {
      runs.stop();
      stopping.abort();
      await Promise.all(queues.map((one) => one.stop()));
      http.close();
      awsHttp.close();
      if (options.gitStateDir === undefined) rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

/** Pulls wait for the network; few at once are enough for hundreds of repositories. */
const GIT_WORKERS = 4;

function gitOptions(options: ControllerOptions, stateDirectory: string): GitOptions {
  const extraProtocols: ('file' | 'http')[] = [];
  if (options.gitAllowFile) extraProtocols.push('file');
  if (options.gitAllowHttp) extraProtocols.push('http');
  return { stateDirectory, extraProtocols, inherited: process.env };
}

function secretKey(text: string | undefined): ServiceOptions['credential'] {
  if (text === undefined) return undefined;
  const [namespace = '', name = '', key = ''] = text.split('/');
  if (namespace === '' || name === '' || key === '') {
    throw new Error(`--slack-token-secret ${text}: write namespace/name/key`);
  }
  return { namespace, name, key };
}

/** What a queue has to know of the objects whose keys it holds. */
interface SharedPart {
  readonly cache: ObjectCache;
  /** Forgets what is kept of an object that is another process's now. */
  readonly letGo?: (key: string) => void;
}

function ownedIn(cache: ObjectCache, group: Group): number {
  return cache.list().filter((object) => group.owns(ownerKeyOf(object, keyOf(object)))).length;
}

function find(cache: ObjectCache, key: string): KubeObject | undefined {
  const [namespace = '', name = ''] = key.split('/');
  return cache.get(namespace, name);
}

interface ActInput {
  readonly kube: ConnectedKube;
  readonly group: Group;
  readonly parts: Parts;
  readonly log: Log;
}

/** Caches fill while the Lease is waited for, so that a standby takes over warm. */
async function act({ kube, group, parts, log }: ActInput): Promise<void> {
  await kube.caches.whenSynced();
  await group.enter();
  log.info({}, 'acting');
  parts.start();
}

async function openServers(input: {
  readonly options: ControllerOptions;
  readonly kube: ConnectedKube;
  readonly registry: MetricsRegistry;
  readonly webhook: RequestListener;
}): Promise<Servers> {
  const { options, kube, registry } = input;
  const host = options.metricsHost;
  const { healthzPort, metricsPort, gitWebhookPort, gitWebhookHost } = options;
  const health = await onPort({ option: '--healthzPort', port: healthzPort }, () =>
    startTelemetryServer({
      host,
      port: healthzPort,
      health: { problems: () => [], waitingFor: () => kube.waitingFor() },
    }),
  );
  const metrics = await onPort({ option: '--metricsPort', port: metricsPort }, () =>
    startTelemetryServer({ host, port: metricsPort, metrics: registry }),
  );
  const webhook =
    gitWebhookPort === undefined
      ? undefined
      : await onPort({ option: '--git-webhook-port', port: gitWebhookPort }, () =>
          listen(input.webhook, { host: gitWebhookHost, port: gitWebhookPort }),
        );
  return { health, metrics, webhook };
}

interface Servers {
  readonly health: TelemetryServer;
  readonly metrics: TelemetryServer;
  readonly webhook: TelemetryServer | undefined;
}

/** The webhook receiver faces the outside: a listener of its own, apart from metrics and probes. */
async function listen(listener: RequestListener, at: { host: string; port: number }): Promise<TelemetryServer> {
  const server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The verb `controller`: runs until it is told to stop or may no longer act. */
export async function runController(options: ControllerOptions): Promise<void> {
  const log = await createLog({
    level: options.loglevel,
    format: options.logformat === 'auto' ? undefined : options.logformat,
  });
  for (const remark of options.remarks ?? []) log.warn({ remark }, 'an option has no effect');
  const running = await startController(options, log);
  void running.whenActing().then(collectGarbage);
  log.info({ version: headgateVersion(), metricsPort: running.metricsPort, healthPort: running.healthPort }, 'started');
  const signal = (name: NodeJS.Signals): Promise<string> =>
    new Promise((resolve) => process.once(name, () => resolve(name)));
  const why = await Promise.race([signal('SIGTERM'), signal('SIGINT'), running.lost]);
  log.info({ why }, 'stopping');
  process.exitCode = why.startsWith('SIG') ? 0 : 1;
  await running.stop();
}
