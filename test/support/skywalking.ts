import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { request } from 'undici';
import { freePort } from './metrics-server.ts';
import { skywalkingJars } from './plane.ts';
import { posted, serverDirectory, serverOf } from './server-program.ts';
import { until } from './world.ts';

/** A real SkyWalking of its own on loopback. */
export interface RunningSkywalking {
  readonly url: string;
  /** Tells it of calls of now to a service; settles when it can be asked about them. */
  record(service: string, calls: readonly Call[]): Promise<void>;
  close(): Promise<void>;
}

export interface Call {
  readonly failed: boolean;
  readonly tookMs: number;
}

const CONFIG = join(import.meta.dirname, '..', 'cluster', 'plane', 'skywalking', 'config');
/** Files that it reads and that have nothing to say here. */
const EMPTY: Readonly<Record<string, string>> = {
  'component-libraries.yml': '{}',
  'endpoint-name-grouping.yml': '',
  'gateways.yml': '',
  'service-apdex-threshold.yml': '',
  'oal/disable.oal': '',
};
const MAIN = 'org.apache.skywalking.oap.server.starter.OAPServerStartUp';

/** Why stories with it are left out here, or undefined. Where nothing may be left out it has to be there. */
export function skywalkingRefusal(): string | undefined {
  if (process.env['HEADGATE_CLUSTER'] === 'required') return undefined;
  if (skywalkingJars() === undefined) return 'there is no SkyWalking here (npm run cluster -- build)';
  return spawnSync('java', ['-version']).status === 0 ? undefined : 'there is no Java on the PATH';
}

export async function startSkywalking(): Promise<RunningSkywalking> {
  const jars = skywalkingJars();
  if (jars === undefined) throw new Error('SkyWalking is not built; run `npm run cluster -- build`');
  const directory = serverDirectory('skywalking');
  for (const [name, content] of Object.entries(EMPTY)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    // It reads times as those of its own zone.
    'user.timezone': 'UTC',
    // Where it unpacks libraries.
    'java.io.tmpdir': directory,
    'core.default.restPort': String(port),
    'core.default.gRPCPort': String(await freePort()),
  };
  const server = serverOf({
    name: 'SkyWalking',
    command: 'java',
    args: [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      // It lives for seconds: what compiles for years of running costs more than it brings.
      '-XX:TieredStopAtLevel=1',
      ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
      '-cp',
      `${CONFIG}:${directory}:${join(jars, '*')}`,
      MAIN,
    ],
    directory,
    readyUrl: `${url}/graphql`,
    readyQuestion: { query: '{ version }' },
  });
  await server.start();
  return { url, record: (service, calls) => record(url, service, calls), close: () => server.close() };
}

async function record(url: string, service: string, calls: readonly Call[]): Promise<void> {
  const endMs = Date.now();
  await post(
    `${url}/v3/segments`,
    calls.map((call, index) => segmentOf(call, service, `${service}-${endMs}-${index}`, endMs)),
  );
  const query = `query asked($duration: Duration!) {
    found: readNullableMetricsValue(
      condition: { name: "service_sla", entity: { scope: Service, serviceName: "${service}", normal: true } }
      duration: $duration
    ) { isEmptyValue }
  }`;
  const minute = new Date(endMs).toISOString().slice(0, 16).replace('T', ' ').replace(':', '');
  const duration = { start: minute, end: minute, step: 'MINUTE' };
  await until(`SkyWalking to know ${service}`, async () =>
    (await post(`${url}/graphql`, { query, variables: { duration } })).includes('"isEmptyValue":false'),
  );
}

function segmentOf({ failed, tookMs }: Call, service: string, id: string, endMs: number): Record<string, unknown> {
  const span = {
    spanId: 0,
    parentSpanId: -1,
    spanType: 'Entry',
    spanLayer: 'Http',
    operationName: '/',
    startTime: endMs - tookMs,
    endTime: endMs,
    isError: failed,
  };
  return { traceId: id, traceSegmentId: id, service, serviceInstance: 'one', spans: [span] };
}

async function post(url: string, body: unknown): Promise<string> {
  const answer = await request(url, posted(body));
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
  return text;
}
