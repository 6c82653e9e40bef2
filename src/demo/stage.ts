import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '../api/kube-object.ts';
import { gatewayApiCrds } from '../kube-memory/builtin/gateway-api.ts';
import type { Clock } from '../lib/clock.ts';
import { seededRandom } from '../lib/random.ts';
import type { Kube } from '../ports/kube.ts';
import type { Cleanup } from './cleanup.ts';
import { superviseController } from './cluster/controller-process.ts';
import type { ControllerProcess } from './cluster/controller-process.ts';
import { applyDirectories, startEmbeddedCluster } from './cluster/embedded-cluster.ts';
import { startGateway } from './data-plane/gateway.ts';
import type { Gateway } from './data-plane/gateway.ts';
import { createDemoRepository } from './git-repository/demo-repository.ts';
import type { DemoRepository } from './git-repository/demo-repository.ts';
import { loopbackSubnet, PodNetwork } from './pods/pod-network.ts';
import { createShopRuntime } from './pods/shop-runtime.ts';
import { createPrometheusServer } from './prometheus/http-api.ts';
import { targetsOfPods } from './prometheus/pod-targets.ts';
import { startScraper } from './prometheus/scrape.ts';
import { Storage } from './prometheus/storage.ts';
import { createSlackServer } from './slack/slack-server.ts';
import type { SlackServer } from './slack/slack-server.ts';
import { startObserver } from './story/observer.ts';
import type { Observer } from './story/observer.ts';
import type { Places } from './story/world.ts';

export const NAMESPACE = 'demo';
export const ROLLOUT = 'shop';
export const HOST = 'shop.demo.local';
const SERVICES = { stable: 'shop-stable', canary: 'shop-canary' };
const IMAGE = 'demo.local/shop';
const SLACK_TOKEN = 'xoxb-demo';
const SLACK_CHANNEL = 'deliveries';
const SCRAPE_INTERVAL_MS = 1_000;
/** Longer than a client keeps an idle connection. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;

/** A connection to an API server that can be ended. */
export interface DemoKube extends Kube {
  close(): Promise<void>;
}

export interface StageOptions {
  readonly clock: Clock;
  /** Connects to the API that a kubeconfig names. */
  readonly connect: (kubeconfigPath: string) => Promise<DemoKube>;
  /** How this program is started; the demo adds `controller` and its flags. */
  readonly program: { readonly command: string; readonly args: readonly string[] };
  readonly crdsDirectory: string;
  /** `examples/01-demo`. */
  readonly exampleDirectory: string;
  readonly onError: (deed: string, cause: unknown) => void;
}

/** Everything that the story needs, running. */
export interface RunningStage {
  readonly kube: DemoKube;
  readonly repository: DemoRepository;
  readonly gateway: Gateway;
  readonly slack: SlackServer;
  readonly observer: Observer;
  readonly controller: ControllerProcess;
  readonly places: Places;
}

/** Sets up the cluster, the repository and all around them; `cleanup` is told how to undo each part as soon as it is there. */
export async function setUpStage(options: StageOptions, cleanup: Cleanup): Promise<RunningStage> {
  const { clock, onError } = options;
  const directory = await makeDirectory(cleanup);
  const repository = await createDemoRepository({
    directory,
    manifestsDirectory: join(options.exampleDirectory, 'repository'),
    rolloutPath: 'rollout.yaml',
    image: IMAGE,
  });
  const seed = randomBytes(4).readUInt32LE();
  const podRuntime = createShopRuntime({
    clock,
    random: seededRandom(seed),
    network: new PodNetwork(loopbackSubnet(seed)),
  });
  const cluster = await startEmbeddedCluster({
    clock,
    podRuntime,
    kubeconfigPath: join(directory, 'kubeconfig'),
    onError,
  });
  cleanup.add('stopping the cluster', cluster.stop);
  for (const definition of gatewayApiCrds) await cluster.apply(definition);
  await applyDirectories(cluster, [options.crdsDirectory, join(options.exampleDirectory, 'cluster')], (object) =>
    withRepositoryUrl(object, repository.url),
  );
  const kube = await options.connect(cluster.kubeconfigPath);
  cleanup.add('closing the connection to the cluster', () => kube.close());

  const gateway = await startGateway({ kube, clock, onError });
  cleanup.add('stopping the gateway', gateway.close);
  const observer = startObserver(kube, { namespace: NAMESPACE, name: ROLLOUT, route: ROLLOUT, services: SERVICES });
  cleanup.add('stopping the observer', observer.close);
  const prometheusUrl = await startPrometheus(clock, observer, cleanup);
  const slack = createSlackServer({ clock, token: SLACK_TOKEN });
  const slackUrl = await listenOnLoopback(slack.server, cleanup);
  await kube.caches.whenSynced();

  const args = controllerArguments({
    kubeconfigPath: cluster.kubeconfigPath,
    prometheusUrl,
    slackUrl,
    stateDirectory: join(directory, 'controller'),
  });
  const controller = superviseController({
    clock,
    command: options.program.command,
    args: [...options.program.args, ...args],
  });
  const onExit = (): void => controller.killNow();
  process.on('exit', onExit);
  cleanup.add('stopping the controller', async () => {
    await controller.stop();
    process.off('exit', onExit);
  });
  const places = {
    kubeconfigPath: cluster.kubeconfigPath,
    gatewayUrl: gateway.url,
    prometheusUrl,
    repository: repository.bareDirectory,
  };
  return { kube, repository, gateway, slack, observer, controller, places };
}

/** A temporary directory that is removed in the end, also when this process crashes. */
async function makeDirectory(cleanup: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-demo-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  process.on('exit', remove);
  cleanup.add('removing the temporary directory', () => {
    remove();
    process.off('exit', remove);
  });
  return directory;
}

function withRepositoryUrl(object: KubeObject, url: string): KubeObject {
  if (object.kind !== 'GitSource') return object;
  return { ...object, spec: { ...(object['spec'] as Record<string, unknown>), url } };
}

async function startPrometheus(clock: Clock, observer: Observer, cleanup: Cleanup): Promise<string> {
  const storage = new Storage();
  const scraper = startScraper({
    clock,
    storage,
    intervalMs: SCRAPE_INTERVAL_MS,
    targets: () => targetsOfPods(observer.pods()),
  });
  cleanup.add('stopping the scraper', scraper.close);
  return listenOnLoopback(createPrometheusServer({ clock, source: storage, scraper }), cleanup);
}

async function listenOnLoopback(server: Server, cleanup: Cleanup): Promise<string> {
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.add('closing a server', () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * The controller's flags. No leader election: the supervisor runs one process at a time, and after a crash the next one
 * should not have to wait for a Lease to expire.
 */
function controllerArguments(places: {
  readonly kubeconfigPath: string;
  readonly prometheusUrl: string;
  readonly slackUrl: string;
  readonly stateDirectory: string;
}): string[] {
  const flags = {
    '--kubeconfig': places.kubeconfigPath,
    '--leader-elect': 'false',
    '--metricsPort': '0',
    '--healthzPort': '0',
    '--metrics-host': '127.0.0.1',
    '--logformat': 'json',
    '--prometheus-address': places.prometheusUrl,
    '--git-state-dir': places.stateDirectory,
    '--slack-api-url': `${places.slackUrl}/api`,
    '--slack-channel': SLACK_CHANNEL,
    '--slack-token-secret': 'headgate-system/slack/token',
  };
  return ['controller', '--git-allow-file', ...Object.entries(flags).map(([name, value]) => `${name}=${value}`)];
}
