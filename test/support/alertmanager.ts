import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { freePort } from './metrics-server.ts';
import { serverDirectory, serverOf } from './server-program.ts';

/** A real one of its own on loopback. */
export interface RunningAlertmanager {
  readonly url: string;
  /** These labels fire from now on, `alertname` among them. */
  fire(labels: Readonly<Record<string, string>>): Promise<void>;
  /** Alerts with this label fire unheard. */
  silence(name: string, value: string): Promise<void>;
  close(): Promise<void>;
}

/** Debian calls it so; its makers do not. */
const COMMANDS = ['prometheus-alertmanager', 'alertmanager'];
const HOUR_MS = 3_600_000;

/** Why stories with it are left out here, or undefined. Where nothing may be left out it has to be there. */
export function alertmanagerRefusal(): string | undefined {
  return command() === undefined && process.env['HEADGATE_CLUSTER'] !== 'required'
    ? 'there is no Alertmanager on the PATH (Debian: apt-get install prometheus-alertmanager)'
    : undefined;
}

export async function startAlertmanager(): Promise<RunningAlertmanager> {
  const directory = serverDirectory('alertmanager');
  const config = join(directory, 'alerts.yml');
  writeFileSync(config, JSON.stringify({ route: { receiver: 'nobody' }, receivers: [{ name: 'nobody' }] }));
  const address = `127.0.0.1:${await freePort()}`;
  const url = `http://${address}`;
  const server = serverOf({
    name: 'Alertmanager',
    command: command() ?? 'prometheus-alertmanager',
    args: [
      `--config.file=${config}`,
      `--storage.path=${directory}`,
      `--web.listen-address=${address}`,
      '--cluster.listen-address=',
      '--log.level=error',
    ],
    directory,
    readyUrl: `${url}/-/ready`,
  });
  await server.start();
  return {
    url,
    fire: (labels) => post(`${url}/api/v2/alerts`, [{ labels }]),
    silence: (name, value) =>
      post(`${url}/api/v2/silences`, {
        matchers: [{ name, value, isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + HOUR_MS).toISOString(),
        createdBy: 'test',
        comment: 'a story',
      }),
    close: () => server.close(),
  };
}

function command(): string | undefined {
  return COMMANDS.find((each) => spawnSync(each, ['--version']).status === 0);
}

async function post(url: string, json: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await request(url, { method: 'POST', headers, body: JSON.stringify(json) });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
}
