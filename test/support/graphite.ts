import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { freePort } from './metrics-server.ts';
import { serverDirectory, serverOf } from './server-program.ts';

/** A real graphite-web of its own on loopback, over files that tests write. */
export interface RunningGraphite {
  readonly url: string;
  /** A series with a point for each minute; these are its values of the last minutes before this one, the newest last. */
  record(series: string, values: readonly (number | null)[]): void;
  close(): Promise<void>;
}

/** In Debian's package graphite-web, like the tools of whisper that it depends on. */
const COMMAND = 'graphite-manage';
const MINUTE_S = 60;

/** Why stories with it are left out here, or undefined. Where nothing may be left out it has to be there. */
export function graphiteRefusal(): string | undefined {
  return spawnSync(COMMAND, ['--version']).status !== 0 && process.env['HEADGATE_CLUSTER'] !== 'required'
    ? `there is no ${COMMAND} on the PATH (Debian: apt-get install graphite-web)`
    : undefined;
}

export async function startGraphite(): Promise<RunningGraphite> {
  const directory = serverDirectory('graphite');
  const series = join(directory, 'whisper');
  const log = join(directory, 'log');
  for (const each of [series, log]) mkdirSync(each);
  const settings = {
    STORAGE_DIR: directory,
    LOG_DIR: log,
    CONF_DIR: directory,
    SECRET_KEY: 'test',
    CARBONLINK_HOSTS: [],
    DEFAULT_CACHE_DURATION: 0,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  writeFileSync(join(directory, 'story_settings.py'), `${lines.join('\n')}\n`);
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const server = serverOf({
    name: 'Graphite',
    command: COMMAND,
    args: ['runserver', '--noreload', address],
    env: { PYTHONPATH: directory, PYTHONDONTWRITEBYTECODE: '1', GRAPHITE_SETTINGS_MODULE: 'story_settings' },
    directory,
    readyUrl: `${url}/render?format=json`,
  });
  await server.start();
  return {
    url,
    record: (name, values) => {
      const file = join(series, `${name.replaceAll('.', '/')}.wsp`);
      mkdirSync(dirname(file), { recursive: true });
      run('whisper-create', [file, '1m:1h']);
      const nowS = Math.floor(Date.now() / 1000);
      const points = values.flatMap((value, index) =>
        value === null ? [] : [`${nowS - (values.length - index) * MINUTE_S}:${value}`],
      );
      if (points.length > 0) run('whisper-update', [file, ...points]);
    },
    close: () => server.close(),
  };
}

function run(command: string, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${command} ended with ${status}: ${stderr}`);
}
