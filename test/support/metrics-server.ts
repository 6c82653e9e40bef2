import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { serverDirectory, serverOf, type RunningServer } from './server-program.ts';

/** One of its own on loopback that scrapes what it is told to. */
export interface RunningMetricsServer extends RunningServer {
  readonly url: string;
  /** Scrapes these pods from now on. */
  scrape(pods: readonly MeasuredPod[]): void;
  /** The value of a query that answers with one, or undefined. */
  ask(query: string): Promise<number | undefined>;
}

const INTERVAL = '250ms';

/** A program that scrapes, and answers queries as Prometheus does. */
export interface MetricsServer {
  readonly name: 'Prometheus' | 'VictoriaMetrics';
  /** On the PATH, and in a Debian package of the same name. */
  readonly command: string;
  readonly argumentsFor: (input: {
    readonly config: string;
    readonly data: string;
    readonly address: string;
  }) => string[];
}

export const PROMETHEUS: MetricsServer = {
  name: 'Prometheus',
  command: 'prometheus',
  argumentsFor: ({ config, data, address }) => [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=${address}`,
    '--log.level=error',
  ],
};

/** By itself it answers with what was so 30 seconds ago. */
export const VICTORIA_METRICS: MetricsServer = {
  name: 'VictoriaMetrics',
  command: 'victoria-metrics',
  argumentsFor: ({ config, data, address }) => [
    `-promscrape.config=${config}`,
    '-promscrape.fileSDCheckInterval=1s',
    `-storageDataPath=${data}`,
    `-httpListenAddr=${address}`,
    '-search.latencyOffset=0s',
    '-search.disableCache',
    '-loggerLevel=ERROR',
  ],
};

/** Why there is none here, or undefined. */
export function metricsServerRefusal({ command }: MetricsServer): string | undefined {
  const tried = spawnSync(command, ['--version']);
  return tried.status === 0 ? undefined : `there is no ${command} on the PATH (Debian: apt-get install ${command})`;
}

export async function startMetricsServer(server: MetricsServer): Promise<RunningMetricsServer> {
  const directory = serverDirectory(server.command);
  const targets = join(directory, 'targets.json');
  writeFileSync(targets, '[]');
  const job = { job_name: 'pods', file_sd_configs: [{ files: [targets] }] };
  const settings = { global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL }, scrape_configs: [job] };
  const config = join(directory, 'scrape.yml');
  writeFileSync(config, JSON.stringify(settings));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const running = serverOf({
    name: server.name,
    command: server.command,
    args: server.argumentsFor({ config, data: join(directory, 'data'), address }),
    directory,
    readyUrl: `${url}/-/ready`,
  });
  await running.start();
  return {
    url,
    scrape: (pods) => {
      const groups = pods.map((pod) => ({ targets: [pod.address], labels: { version: pod.version } }));
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
    ...running,
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

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
