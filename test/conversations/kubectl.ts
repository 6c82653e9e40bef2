import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planeTool } from '../support/plane.ts';
import { startRecordingProxy, type RecordedCall } from '../support/recording-proxy.ts';
import { sendTo, type Listener } from './play.ts';
import { Symbols } from './symbols.ts';
import type { Command } from './topics/kubectl.ts';

/** What a command printed, both outputs together, with symbols. */
export interface Printed {
  readonly command: string;
  readonly code: number;
  readonly says: string;
}

export interface Session {
  readonly printed: readonly Printed[];
  readonly calls: readonly RecordedCall[];
  readonly symbols: Symbols;
  readonly namespace: string;
}

/** Gives the commands to the real kubectl, one after the other, in a namespace of their own. */
export async function runKubectl(listener: Listener, commands: readonly Command[]): Promise<Session> {
  const proxy = await startRecordingProxy(listener);
  const directory = mkdtempSync(join(tmpdir(), 'headgate-kubectl-'));
  const namespace = `talk-${Date.now().toString(36)}-k`;
  try {
    const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await sendTo(listener, { call: 'POST /api/v1/namespaces', body: made });
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigFor(proxy.url, namespace));
    const raw: Printed[] = [];
    for (const command of commands) raw.push(await run(command, { directory, kubeconfig, namespace }));
    const symbols = new Symbols(namespace);
    return { printed: raw, calls: [...proxy.calls], symbols, namespace };
  } finally {
    await proxy.close();
    rmSync(directory, { recursive: true, force: true });
    await sendTo(listener, { call: `DELETE /api/v1/namespaces/${namespace}` });
  }
}

/** What was printed, without what differs from one server and one second to the next; after the calls were learnt. */
export function withoutChance(printed: readonly Printed[], symbols: Symbols): readonly Printed[] {
  return printed.map(({ command, code, says }) => ({ command, code, says: plain(symbols.ofPrinted(says)) }));
}

function plain(text: string): string {
  return text
    .replaceAll(/(?<![\w.{-])(?:\d+[smhdy])+(?![\w.-])/g, '{age}')
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '{time}')
    .replaceAll(/127\.0\.0\.1:\d+/g, '{server}')
    .replaceAll(/ {2,}/g, '  ');
}

/** A kubeconfig for a server that asks for no credentials. */
export function kubeconfigFor(url: string, namespace = 'default'): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: url } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace } }],
    'current-context': 'c',
  });
}

function run(
  { args, input, editor }: Command,
  where: { readonly directory: string; readonly kubeconfig: string; readonly namespace: string },
): Promise<Printed> {
  const child = spawn(planeTool('kubectl'), [...args, '--cache-dir', join(where.directory, 'cache')], {
    cwd: where.directory,
    env: {
      PATH: process.env['PATH'],
      HOME: where.directory,
      KUBECONFIG: where.kubeconfig,
      KUBECTL_EXTERNAL_DIFF: 'true',
      ...(editor === undefined ? {} : { KUBE_EDITOR: editor }),
    },
  });
  let says = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    says += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    says += text;
  });
  child.stdin.end(input === undefined ? '' : JSON.stringify(input).replaceAll('{namespace}', where.namespace));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ command: args.join(' '), code: code ?? -1, says }));
  });
}
