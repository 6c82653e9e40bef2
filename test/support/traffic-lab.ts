import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiClient, type ApiClient } from './api-client.ts';
import { startControllerProcess } from './controller-process.ts';
import { startNginx } from './nginx.ts';
import { settleInNamespace } from './network-namespace.ts';
import { dataPlaneFiles, startPlane, type Plane } from './plane.ts';
import { installGatewayApi, startTraefik } from './traefik.ts';
import { TRAFFIC_STORIES } from './traffic-stories.ts';
import { installKinds } from './world.ts';

/**
 * A process in a network namespace of its own that holds a whole test plane: control plane, controller, data plane, pods,
 * load. It tells the story whose number its parent sends, and answers what was seen. Started by `forkInNamespace`.
 */
export interface StoryTold {
  readonly number: number;
  /** Lines for people: what was measured. */
  readonly report: readonly string[];
  readonly failure: string | undefined;
}

/** What stories are told in. */
export interface Lab {
  readonly api: ApiClient;
  /** Where Traefik and nginx listen. */
  readonly traefik: string;
  readonly nginx: string;
}

settleInNamespace();
const stops: (() => Promise<void>)[] = [];
process.once('disconnect', () => void end());
try {
  const lab = await open();
  process.on('message', (number: number) => void tell(lab, number));
  process.send?.('ready');
} catch (error) {
  process.stderr.write(`the traffic lab could not be opened: ${describe(error)}\n`);
  process.exitCode = 1;
  await end();
}

async function open(): Promise<Lab> {
  const files = dataPlaneFiles();
  if (files === undefined) throw new Error('the data plane is not built: npm run cluster -- build');
  const plane = await startPlane();
  stops.push(() => plane.stop());
  const api = openApiClient(plane.kubeconfig);
  stops.push(() => api.close());
  await installKinds(api);
  await installGatewayApi(api, files);
  const logOf = (name: string): string => join(plane.directory, `${name}.log`);
  const traefik = await startTraefik({ files, api, access: accessOf(plane), logFile: logOf('traefik') });
  stops.push(() => traefik.stop());
  const nginx = await startNginx({ api, directory: join(plane.directory, 'nginx'), logFile: logOf('nginx') });
  stops.push(() => nginx.stop());
  const pods = fork(join(import.meta.dirname, 'pod-runner.ts'), [plane.kubeconfig]);
  stops.push(() => stopChild(pods));
  const controller = startControllerProcess({
    kubeconfig: plane.kubeconfig,
    args: ['--leader-elect=false'],
  });
  stops.push(() => controller.stop());
  return { api, traefik: traefik.origin, nginx: nginx.origin };
}

async function tell(lab: Lab, number: number): Promise<void> {
  const report: string[] = [];
  let failure: string | undefined;
  try {
    await TRAFFIC_STORIES[number]?.tell(lab, (line) => report.push(line));
  } catch (error) {
    failure = describe(error);
  }
  process.send?.({ number, report, failure } satisfies StoryTold);
}

async function end(): Promise<void> {
  for (const stop of stops.toReversed()) await stop().catch(() => undefined);
  process.exit();
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function accessOf(plane: Plane): { url: string; token: string; authority: string } {
  const config = JSON.parse(readFileSync(plane.kubeconfig, 'utf8')) as {
    readonly users: readonly { readonly user: { readonly token: string } }[];
    readonly clusters: readonly { readonly cluster: { readonly 'certificate-authority': string } }[];
  };
  return {
    url: plane.url,
    token: config.users[0]?.user.token ?? '',
    authority: config.clusters[0]?.cluster['certificate-authority'] ?? '',
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
