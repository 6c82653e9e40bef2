import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';

import type { Kustomize, KustomizeError } from '../../ports/git.ts';
import { runCommand } from './run-command.ts';

export interface KustomizeOptions {
  /** Executables that are tried in this order. */
  readonly commands?: readonly (readonly string[])[];
  readonly timeoutMs?: number;
  readonly inherited?: Readonly<Record<string, string | undefined>>;
}

const COMMANDS = [
  ['kustomize', 'build'],
  ['kubectl', 'kustomize'],
];
const TIMEOUT_MS = 60_000;
const MESSAGE_CHARACTERS_MAX = 500;
const OUTPUT_BYTES_MAX = 32 * 1024 * 1024;

/** Kustomize through an executable on PATH, on a private copy of the files that is removed afterwards. */
export function createKustomize(options: KustomizeOptions = {}): Kustomize {
  return {
    async build(files, directory) {
      const folder = await mkdtemp(join(tmpdir(), 'headgate-kustomize-'));
      try {
        await layOut(folder, files);
        return await build({ folder, directory, options });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function layOut(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    const target = resolve(folder, path);
    if (!target.startsWith(folder + sep)) throw kustomizeError('failed', `${path} is outside of the repository`);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text, { mode: 0o600 });
  }
}

async function build(request: {
  readonly folder: string;
  readonly directory: string;
  readonly options: KustomizeOptions;
}): Promise<string> {
  const { folder, directory, options } = request;
  const inherited = options.inherited ?? process.env;
  for (const [file = '', ...args] of options.commands ?? COMMANDS) {
    const result = await runCommand({
      file,
      args: [...args, '--load-restrictor=LoadRestrictionsRootOnly', join(folder, directory)],
      cwd: folder,
      // No HOME and no git: a plug-in or a remote base that slipped through would find nothing to run.
      env: {
        PATH: inherited['PATH'] ?? '',
        HOME: folder,
        LC_ALL: 'C',
        GIT_ALLOW_PROTOCOL: 'none',
        HTTPS_PROXY: 'http://127.0.0.1:9',
        HTTP_PROXY: 'http://127.0.0.1:9',
      },
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      outputBytesMax: OUTPUT_BYTES_MAX,
    });
    if (result.ended === 'absent') continue;
    if (result.ended === 'timeout') throw kustomizeError('timeout', `kustomize did not finish ${directory} in time`);
    if (result.ended === 'too-large')
      throw kustomizeError('too-large', `kustomize wrote more than ${OUTPUT_BYTES_MAX} bytes for ${directory}`);
    if (result.exitCode !== 0)
      throw kustomizeError('failed', `kustomize refused ${directory}: ${telling(result.stderr, folder)}`);
    return result.stdout.toString('utf8');
  }
  throw kustomizeError(
    'absent',
    `${directory === '' ? 'the repository' : directory} holds a kustomization, but there is neither \`kustomize\` nor \`kubectl\` on PATH: use the image that has one, or plain YAML`,
  );
}

function telling(stderr: string, folder: string): string {
  const lines = stderr
    .replaceAll(folder, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
  // kubectl logs its errors: time, place in its source, and the error in quotes.
  const messages = lines.map((line) => /\berr="((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll('\\"', '"') ?? line);
  return messages.join('; ').slice(0, MESSAGE_CHARACTERS_MAX);
}

function kustomizeError(reason: KustomizeError['reason'], message: string): KustomizeError {
  return Object.assign(new Error(message), { name: 'KustomizeError' as const, reason });
}
