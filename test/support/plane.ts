import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { clearAbandonedPlanes, recordOwner } from './abandoned-planes.ts';

/**
 * A real Kubernetes control plane on loopback without a container engine: etcd, kube-apiserver,
 * kube-controller-manager, kube-scheduler, and kwok in the place of kubelets. The binaries are built from their Go
 * modules once and kept outside the repository by version.
 */
export interface Plane {
  readonly url: string;
  readonly kubeconfig: string;
  readonly directory: string;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const PLANE = join(import.meta.dirname, '..', 'cluster', 'plane');
const PROGRAMS = [
  { name: 'kube-apiserver', module: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  {
    name: 'kube-controller-manager',
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
  },
  { name: 'kube-scheduler', module: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kube-scheduler' },
  { name: 'kubectl', module: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kubectl' },
  { name: 'helm', module: 'helm', package: 'helm.sh/helm/v4/cmd/helm' },
  { name: 'kwok', module: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok' },
  { name: 'etcd', module: 'etcd', package: 'go.etcd.io/etcd/server/v3' },
] as const;
/** A data plane for the tests that send traffic; kept apart, so that nothing else waits for it or is built anew for it. */
const TRAEFIK = { name: 'traefik', module: 'traefik', package: 'github.com/traefik/traefik/v3/cmd/traefik' } as const;
/** The last version with Flux that is a Go module by itself; kept apart, too. */
const INFLUXDB = {
  name: 'influxd',
  module: 'influxdb',
  package: 'github.com/influxdata/influxdb/cmd/influxd',
} as const;
/** No Go module: jars, of the last version that can keep its data in memory. */
const SKYWALKING = 'skywalking';
const COPY_JARS = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
const START_MS_MAX = 120_000;
const STOP_MS_MAX = 10_000;
const ATTEMPTS_MAX = 3;
/** GOGC: the plane has memory enough, and few CPUs, which it shares with what runs on it. */
const COLLECT_AFTER_PERCENT = '300';

/** The path of a tool that is built beside the plane (`kubectl`, `helm`), or its plain name to be found on PATH. */
export function planeTool(name: 'kubectl' | 'helm'): string {
  const built = join(binaries(), name);
  return existsSync(built) ? built : name;
}

export function planeIsBuilt(): boolean {
  return PROGRAMS.every(({ name }) => existsSync(join(binaries(), name)));
}

/** The data plane's binary, and the folder of the Gateway API's definitions that it was built against. */
export interface DataPlaneFiles {
  readonly binary: string;
  readonly definitions: string;
}

/** Undefined when it was not built. */
export function dataPlaneFiles(): DataPlaneFiles | undefined {
  const files = { binary: join(apart(TRAEFIK), TRAEFIK.name), definitions: join(apart(TRAEFIK), 'gateway-api') };
  return existsSync(files.binary) && existsSync(files.definitions) ? files : undefined;
}

/** Builds what is missing; tells `say` what it does. Needs Go and a module proxy. */
export async function buildPlane(say: (line: string) => void): Promise<void> {
  for (const program of PROGRAMS) await buildProgram(program, binaries(), say);
}

/** Builds the data plane if it is missing. */
export async function buildDataPlane(say: (line: string) => void): Promise<void> {
  await buildProgram(TRAEFIK, apart(TRAEFIK), say);
  const definitions = join(apart(TRAEFIK), 'gateway-api');
  if (existsSync(definitions)) return;
  const module = join(PLANE, TRAEFIK.module);
  const found = spawnSync('go', ['list', '-mod=mod', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/gateway-api'], {
    cwd: module,
    encoding: 'utf8',
  });
  if (found.status !== 0) throw new Error(`go list ended with ${found.status}: ${found.stderr}`);
  cpSync(join(found.stdout.trim(), 'config', 'crd', 'standard'), definitions, { recursive: true });
}

/** The binary of a real InfluxDB. Undefined when it was not built. */
export function influxdbBinary(): string | undefined {
  const binary = join(apart(INFLUXDB), INFLUXDB.name);
  return existsSync(binary) ? binary : undefined;
}

/** Builds InfluxDB if it is missing. */
export async function buildInfluxdb(say: (line: string) => void): Promise<void> {
  await buildProgram(INFLUXDB, apart(INFLUXDB), say);
}

/** The folder with the jars of a real SkyWalking. Undefined when they were not fetched. */
export function skywalkingJars(): string | undefined {
  const jars = keptFor(SKYWALKING, 'pom.xml');
  return existsSync(jars) ? jars : undefined;
}

/** Fetches SkyWalking if it is missing. Needs Maven and a repository of jars. */
export async function fetchSkywalking(say: (line: string) => void): Promise<void> {
  const target = keptFor(SKYWALKING, 'pom.xml');
  if (existsSync(target)) return;
  say('fetching SkyWalking');
  const partial = `${target}.${process.pid}`;
  await run(
    'mvn',
    ['--batch-mode', '--quiet', COPY_JARS, '-DincludeScope=runtime', `-DoutputDirectory=${partial}`],
    join(PLANE, SKYWALKING),
  );
  await run('mv', [partial, target], PLANE);
}

interface Program {
  readonly name: string;
  readonly module: string;
  readonly package: string;
}

async function buildProgram(program: Program, directory: string, say: (line: string) => void): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const target = join(directory, program.name);
  if (existsSync(target)) return;
  say(`building ${program.name}`);
  const partial = `${target}.${process.pid}`;
  await run(
    'go',
    ['build', '-mod=mod', '-ldflags', '-s -w', '-o', partial, program.package],
    join(PLANE, program.module),
  );
  await run('mv', [partial, target], PLANE);
}

export interface PlaneOptions {
  /** An API server with its store and nothing else: whatever happens there was asked for. */
  readonly bare?: true;
  /**
   * Told of the API server's kubeconfig before anybody uses it; answers the one that controllers, scheduler and kwok are to use
   * instead, e.g. of a proxy that stands before it.
   */
  readonly through?: (kubeconfig: string) => Promise<string>;
  /** Where an audit log of every call goes, if anywhere. */
  readonly auditLog?: string;
}

export async function startPlane(options: PlaneOptions = {}): Promise<Plane> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      // A port that was free a moment ago may be taken by now.
      if (!(error instanceof EndedWhileStarting) || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function startOnce(options: PlaneOptions): Promise<Plane> {
  const root = planesRoot();
  await clearAbandonedPlanes(root);
  const directory = mkdtempSync(join(root, 'headgate-plane-'));
  recordOwner(directory);
  const children: ChildProcess[] = [];
  const stop = (): Promise<void> => stopAll(children, directory);
  try {
    const [etcdPort, etcdPeerPort, apiPort] = (await freePorts(3)) as [number, number, number];
    const start = (name: string, args: readonly string[]): void => {
      const log = openSync(join(directory, `${name}.log`), 'a');
      children.push(
        spawn(join(binaries(), name), args, {
          stdio: ['ignore', log, log],
          cwd: directory,
          env: { ...process.env, GOGC: COLLECT_AFTER_PERCENT },
        }),
      );
    };
    start('etcd', etcdArgs(directory, etcdPort, etcdPeerPort));
    const { token, kubeconfig, url } = writeCredentials(directory, apiPort);
    start('kube-apiserver', apiServerArgs({ directory, etcdPort, apiPort, auditLog: options.auditLog }));
    await untilReady(url, token, children, directory);
    await prepareCluster(url, token);
    const plane = (): Plane => ({ url, kubeconfig, directory, pids: children.map((child) => child.pid ?? 0), stop });
    if (options.bare === true) return plane();
    const inner = (await options.through?.(kubeconfig)) ?? kubeconfig;
    const readable = options.through === undefined ? [] : ['--kube-api-content-type=application/json'];
    start('kube-controller-manager', [...controllerManagerArgs(directory, inner), ...readable]);
    start('kube-scheduler', [...schedulerArgs(inner), ...readable]);
    start('kwok', ['--kubeconfig', inner, '--config', join(PLANE, 'kwok.yaml')]);
    await untilNodeReady(url, token, () => assertAlive(children, directory));
    return plane();
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where the folders of running planes are: a RAM disk where there is one. */
export function planesRoot(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

function binaries(): string {
  const hash = createHash('sha256');
  for (const module of ['kubernetes', 'kwok', 'etcd', 'helm']) hash.update(readFileSync(join(PLANE, module, 'go.mod')));
  return join(cache(), `plane-${hash.digest('hex').slice(0, 12)}`);
}

/** The folder of a program that is kept apart. */
function apart({ module }: Program): string {
  return keptFor(module, 'go.mod');
}

/** Another one with each change of the file that says what is in it. */
function keptFor(module: string, list: string): string {
  const hash = createHash('sha256').update(readFileSync(join(PLANE, module, list)));
  return join(cache(), `${module}-${hash.digest('hex').slice(0, 12)}`);
}

function cache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'headgate');
}

function etcdArgs(directory: string, port: number, peerPort: number): readonly string[] {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--log-level=error',
  ];
}

interface ApiServerInput {
  readonly directory: string;
  readonly etcdPort: number;
  readonly apiPort: number;
  readonly auditLog: string | undefined;
}

function apiServerArgs({ directory, etcdPort, apiPort, auditLog }: ApiServerInput): readonly string[] {
  const args = [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${apiPort}`,
    `--cert-dir=${join(directory, 'certs')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(directory, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
    '--endpoint-reconciler-type=none',
    '--max-requests-inflight=800',
    '--max-mutating-requests-inflight=400',
  ];
  if (auditLog !== undefined)
    args.push(`--audit-policy-file=${join(PLANE, 'audit.yaml')}`, `--audit-log-path=${auditLog}`);
  return args;
}

/** Nobody asks it anything. */
const NO_PORT = '--secure-port=0';

function controllerManagerArgs(directory: string, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    NO_PORT,
    '--leader-elect=false',
    '--use-service-account-credentials=false',
    `--service-account-private-key-file=${join(directory, 'sa.key')}`,
    '--controllers=replicaset-controller,deployment-controller,job-controller,endpointslice-controller,endpoints-controller,garbage-collector-controller,namespace-controller,serviceaccount-controller,disruption-controller,horizontal-pod-autoscaler-controller,ttl-after-finished-controller,clusterrole-aggregation-controller',
    '--horizontal-pod-autoscaler-sync-period=1s',
    '--kube-api-qps=400',
    '--kube-api-burst=800',
  ];
}

function schedulerArgs(kubeconfig: string): readonly string[] {
  return [`--kubeconfig=${kubeconfig}`, NO_PORT, '--leader-elect=false', '--kube-api-qps=400', '--kube-api-burst=800'];
}

function writeCredentials(directory: string, apiPort: number): { token: string; kubeconfig: string; url: string } {
  const token = randomBytes(24).toString('hex');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(directory, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' }), {
    mode: 0o600,
  });
  writeFileSync(join(directory, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(directory, 'tokens.csv'), `${token},admin,admin,"system:masters"\n`, {
    mode: 0o600,
  });
  const url = `https://127.0.0.1:${apiPort}`;
  const kubeconfig = join(directory, 'kubeconfig');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'plane',
        cluster: {
          server: url,
          'certificate-authority': join(directory, 'certs', 'apiserver.crt'),
        },
      },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'plane', context: { cluster: 'plane', user: 'admin' } }],
    'current-context': 'plane',
  };
  writeFileSync(kubeconfig, JSON.stringify(content, undefined, 2), { mode: 0o600 });
  return { token, kubeconfig, url };
}

/** kwok wants its lease namespace, pods want a node, and `default` is made only by and by. */
async function prepareCluster(url: string, token: string): Promise<void> {
  for (const name of ['kube-node-lease', 'default', 'kube-system']) {
    await post(url, token, '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
  }
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', annotations: { 'kwok.x-k8s.io/node': 'fake' } },
  };
  await post(url, token, '/api/v1/nodes', node);
}

async function post(url: string, token: string, path: string, body: unknown): Promise<void> {
  const { status, text } = await call({ url: url + path, token, method: 'POST', body });
  if (status >= 300 && status !== 409) throw new Error(`POST ${path} answered ${status}: ${text}`);
}

async function untilReady(
  url: string,
  token: string,
  children: readonly ChildProcess[],
  directory: string,
): Promise<void> {
  const endMs = Date.now() + START_MS_MAX;
  while (Date.now() < endMs) {
    assertAlive(children, directory);
    const answer = await call({ url: `${url}/readyz`, token, method: 'GET' }).catch(() => undefined);
    if (answer?.status === 200) return;
    await delay(100);
  }
  throw new Error(`kube-apiserver was not ready within ${START_MS_MAX / 1_000} s; see ${directory}`);
}

function assertAlive(children: readonly ChildProcess[], directory: string): void {
  const dead = children.find((child) => child.exitCode !== null);
  if (dead !== undefined) throw new EndedWhileStarting(`${dead.spawnfile} ended\n${tail(dead, directory)}`);
}

class EndedWhileStarting extends Error {
  override readonly name = 'EndedWhileStarting';
}

async function untilNodeReady(url: string, token: string, assertPlane: () => void): Promise<void> {
  const endMs = Date.now() + START_MS_MAX;
  while (Date.now() < endMs) {
    assertPlane();
    const { text } = await call({ url: `${url}/api/v1/nodes/node-1`, token, method: 'GET' });
    const node = JSON.parse(text) as {
      status?: { conditions?: readonly { type: string; status: string }[] };
    };
    if (node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true) return;
    await delay(100);
  }
  throw new Error('the test plane has no ready node: is kwok running?');
}

function tail(child: ChildProcess, directory: string): string {
  const file = join(directory, `${child.spawnfile.split('/').at(-1) ?? ''}.log`);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-15).join('\n') : '';
}

function call(input: {
  url: string;
  token: string;
  method: string;
  body?: unknown;
}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${input.token}`, 'content-type': 'application/json' };
    const outgoing = request(
      input.url,
      { method: input.method, headers, rejectUnauthorized: false, timeout: 5_000 },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            text: Buffer.concat(parts).toString('utf8'),
          }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
    outgoing.end(input.body === undefined ? undefined : JSON.stringify(input.body));
  });
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function stopAll(children: readonly ChildProcess[], directory: string): Promise<void> {
  // In reverse: the API server before etcd, so that it does not wait for a store that is gone.
  for (const child of [...children].reverse()) await stopOne(child);
  rmSync(directory, { recursive: true, force: true });
}

async function stopOne(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const stubborn = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await ended;
  clearTimeout(stubborn);
}

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, CGO_ENABLED: '0' },
    });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args[0] ?? ''} ended with ${code}`)),
    );
  });
}
