import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { until } from './world.ts';

/** A Prometheus of its own on loopback that scrapes what it is told to. */
export interface RealPrometheus {
  readonly url: string;
  /** Scrapes these pods from now on. */
  scrape(pods: readonly MeasuredPod[]): void;
  /** The value of a query that answers with one, or undefined. */
  ask(query: string): Promise<number | undefined>;
  /** Is gone until `start`, which keeps address and data. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const INTERVAL = '250ms';

/** Why there is none here, or undefined. */
export function prometheusRefusal(): string | undefined {
  const tried = spawnSync('prometheus', ['--version']);
  return tried.status === 0 ? undefined : 'there is no prometheus on the PATH (Debian: apt-get install prometheus)';
}

export async function startPrometheus(): Promise<RealPrometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-prometheus-'));
  const targets = join(directory, 'targets.json');
  writeFileSync(targets, '[]');
  const job = { job_name: 'pods', file_sd_configs: [{ files: [targets] }] };
  const config = { global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL }, scrape_configs: [job] };
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const args = [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ];
    const started = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child = started;
    await until('Prometheus to be ready', async () => {
      if (started.exitCode !== null) throw new Error(`Prometheus ended with ${started.exitCode}`);
      const answer = await request(`${url}/-/ready`).catch(() => undefined);
      await answer?.body.dump();
      return answer?.statusCode === 200;
    });
  }

  async function stop(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  await start();
  return {
    url,
    scrape: (pods) => {
      const groups = pods.map(({ address, version }) => ({ targets: [address], labels: { version } }));
      // Renamed into place, so that it is never read half-written.
      writeFileSync(`${targets}.new`, JSON.stringify(groups));
      renameSync(`${targets}.new`, targets);
    },
    ask: async (query) => {
      const answer = await request(`${url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
      const { data } = (await answer.body.json()) as { data: { result: readonly { value: [number, string] }[] } };
      const [first] = data.result;
      return first === undefined ? undefined : Number(first.value[1]);
    },
    stop,
    start,
    close: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** An HTTP server that serves, fails, and counts both. */
export interface MeasuredPod {
  readonly address: string;
  readonly version: string;
  /** One request in so many fails; 0 for none. */
  failOneIn: number;
  close(): Promise<void>;
}

export async function startMeasuredPod(version: string): Promise<MeasuredPod> {
  const counts = { good: 0, bad: 0 };
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === '/metrics') {
      outgoing.setHeader('content-type', 'text/plain; version=0.0.4');
      outgoing.end(
        [
          '# TYPE http_requests_total counter',
          `http_requests_total{code="200"} ${counts.good}`,
          `http_requests_total{code="500"} ${counts.bad}`,
          '',
        ].join('\n'),
      );
      return;
    }
    const count = counts.good + counts.bad + 1;
    const fails = pod.failOneIn > 0 && count % pod.failOneIn === 0;
    if (fails) counts.bad += 1;
    else counts.good += 1;
    outgoing.writeHead(fails ? 500 : 200).end();
  });
  const pod: MeasuredPod = {
    address: `127.0.0.1:${await listen(server)}`,
    version,
    failOneIn: 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return pod;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
