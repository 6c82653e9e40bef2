import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { freePort } from './metrics-server.ts';
import { influxdbBinary } from './plane.ts';
import { serverDirectory, serverOf } from './server-program.ts';

/** A real InfluxDB of its own on loopback that answers Flux. */
export interface RunningInfluxdb {
  readonly url: string;
  /** What `Authorization: Token` has to say. */
  readonly token: string;
  createBucket(name: string): Promise<void>;
  /** Points of now in the line protocol, like `errors,pod=a value=0.5`. */
  write(bucket: string, lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

const USER = 'story';
const PASSWORD = 'hush';

/** Why stories with it are left out here, or undefined. Where nothing may be left out it has to be there. */
export function influxdbRefusal(): string | undefined {
  return influxdbBinary() === undefined && process.env['HEADGATE_CLUSTER'] !== 'required'
    ? 'there is no InfluxDB here (npm run cluster -- build)'
    : undefined;
}

export async function startInfluxdb(): Promise<RunningInfluxdb> {
  const command = influxdbBinary();
  if (command === undefined) throw new Error('InfluxDB is not built; run `npm run cluster -- build`');
  const directory = serverDirectory('influxdb');
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(directory, 'influxdb.toml');
  const settings = {
    'reporting-disabled': true,
    'bind-address': `127.0.0.1:${await freePort()}`,
    meta: { dir: join(directory, 'meta') },
    data: { dir: join(directory, 'data'), 'wal-dir': join(directory, 'wal') },
    http: { 'bind-address': address, 'flux-enabled': true, 'auth-enabled': true, 'log-enabled': false },
    logging: { level: 'error' },
  };
  writeFileSync(config, tomlOf(settings));
  const url = `http://${address}`;
  const server = serverOf({
    name: 'InfluxDB',
    command,
    args: ['-config', config],
    directory,
    readyUrl: `${url}/ping`,
  });
  await server.start();
  const token = `${USER}:${PASSWORD}`;
  const post = async (path: string, body: string): Promise<void> => {
    const authorization = `Basic ${Buffer.from(token).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await request(`${url}${path}`, { method: 'POST', headers, body });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
  };
  const tell = (q: string): Promise<void> => post('/query', new URLSearchParams({ q }).toString());
  try {
    await tell(`CREATE USER ${USER} WITH PASSWORD '${PASSWORD}' WITH ALL PRIVILEGES`);
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    url,
    token,
    createBucket: (name) => tell(`CREATE DATABASE "${name}"`),
    write: (bucket, lines) => post(`/write?${new URLSearchParams({ db: bucket }).toString()}`, lines.join('\n')),
    close: () => server.close(),
  };
}

type Settings = Readonly<Record<string, string | boolean>>;

/** Its values are written as in JSON. */
function tomlOf(settings: Readonly<Record<string, string | boolean | Settings>>): string {
  const lines = (values: object): string[] =>
    Object.entries(values).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'object' ? [] : [`${name} = ${JSON.stringify(value)}`],
    );
  const tables = Object.entries(settings).flatMap(([name, values]) =>
    typeof values === 'object' ? [`[${name}]`, ...lines(values)] : [],
  );
  return `${[...lines(settings), ...tables].join('\n')}\n`;
}
