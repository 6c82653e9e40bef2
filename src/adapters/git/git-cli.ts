import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Git, GitCommit, GitRemote, GitRepository, FileChange, TreeEntry } from '../../ports/git.ts';
import { cacheName, markUsed, removeUnfollowed } from './cache-folders.ts';
import { runCommand } from './run-command.ts';
import { gitEnvironment } from './git-environment.ts';
import { gitError, gitErrorFrom } from './git-error.ts';
import { writeCommit, type GitCommands } from './write-commit.ts';

export interface GitOptions {
  /** A folder of our own for the bare caches; it may be emptied between runs. */
  readonly stateDirectory: string;
  /** Protocols besides https and ssh: `file` and plain `http` are for demos and tests. */
  readonly extraProtocols?: readonly ('file' | 'http')[];
  readonly limits?: Partial<GitLimits>;
  /** The controller is stopping: what runs is ended, except a push, which is finished. */
  readonly signal?: AbortSignal;
  /** The controller's environment, of which a few variables are taken over (PATH, proxies). */
  readonly inherited?: Readonly<Record<string, string | undefined>>;
}

export interface GitLimits {
  /** One command against the server. */
  readonly remoteTimeoutMs: number;
  readonly localTimeoutMs: number;
  /** All that one cache may hold on disk. */
  readonly cacheBytesMax: number;
  readonly fileBytesMax: number;
  readonly filesMax: number;
}

const LIMITS: GitLimits = {
  remoteTimeoutMs: 120_000,
  localTimeoutMs: 30_000,
  cacheBytesMax: 1024 * 1024 * 1024,
  fileBytesMax: 4 * 1024 * 1024,
  filesMax: 50_000,
};
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** How much more history each attempt reads; the last one reads all of it. */
const DEEPEN_BY = [50, 500, 5_000, 2_147_483_647];
const HISTORY_COMMITS_MAX = 1_000;
/** Every fetch adds a pack; a cache with more of them than this is thrown away and read anew. */
const PACKS_MAX = 300;
const HEAD_REF = 'refs/headgate/head';

/** Git through the system's `git`: one bare, shallow, blobless cache for each remote. */
export function createGit(given: GitOptions): Git {
  // Commands run in the caches' folders.
  const options = { ...given, stateDirectory: resolve(given.stateDirectory) };
  const owner = randomUUID();
  return {
    open: (remote) => openRepository(remote, options, owner),
    keepOnly: (remotes) => removeUnfollowed(options.stateDirectory, new Set(remotes.map(cacheName)), owner),
  };
}

/** `owner` tells this process from others that use the state directory. */
function openRepository(remote: GitRemote, options: GitOptions, owner: string): GitRepository {
  const limits = { ...LIMITS, ...options.limits };
  const protocols = ['https', 'ssh', ...(options.extraProtocols ?? [])];
  const folder = join(options.stateDirectory, cacheName(remote));
  const host = hostOf(remote.url);
  const present = new Set<string>();
  let ready: Promise<void> | undefined;

  async function git(
    deed: string,
    args: readonly string[],
    more: {
      readonly input?: string;
      readonly remote?: true;
      readonly env?: Readonly<Record<string, string>>;
      readonly accept?: readonly number[];
    } = {},
  ): Promise<{ readonly stdout: Buffer; readonly exitCode: number }> {
    const environment = await gitEnvironment({
      protocols,
      url: remote.url,
      credentials: remote.credentials,
      directory: options.stateDirectory,
      inherited: options.inherited ?? process.env,
    });
    try {
      const result = await runCommand({
        file: 'git',
        args,
        cwd: folder,
        env: { ...environment.env, GIT_DIR: folder, ...more.env },
        input: more.input,
        ...(args[0] === 'push' || options.signal === undefined ? {} : { signal: options.signal }),
        // Any command may have to read missing objects from the server, so only the pure ones have the short limit.
        timeoutMs: more.remote === true ? limits.remoteTimeoutMs : limits.localTimeoutMs,
        outputBytesMax: OUTPUT_BYTES_MAX,
        tooLarge: more.remote === true ? async () => (await packBytes(folder)) > limits.cacheBytesMax : undefined,
      });
      const full = `${deed} ${more.remote === true ? `at ${host}` : `of ${host}`}`;
      if (result.ended === 'absent') throw gitError('failed', `${full}: there is no executable \`git\` on PATH`);
      if (result.ended === 'stopped') throw gitError('failed', `${full}: the controller is stopping`);
      if (result.ended === 'timeout')
        throw gitError(
          'timeout',
          `${full}: no answer within ${(more.remote === true ? limits.remoteTimeoutMs : limits.localTimeoutMs) / 1_000} s`,
        );
      if (result.ended === 'too-large')
        throw gitError(
          'too-large',
          `${full}: more than ${limits.cacheBytesMax} bytes on disk or ${OUTPUT_BYTES_MAX} bytes of output`,
        );
      if (result.exitCode !== 0 && more.accept?.includes(result.exitCode) !== true) {
        throw gitErrorFrom(
          full,
          `${result.stderr}\n${args[0] === 'push' ? result.stdout.toString('utf8') : ''}`,
          environment.secrets,
        );
      }
      return result;
    } finally {
      await environment.dispose();
    }
  }

  async function text(...call: Parameters<typeof git>): Promise<string> {
    return (await git(...call)).stdout.toString('utf8');
  }

  function prepare(): Promise<void> {
    ready ??= initialise().catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    return ready;
  }

  async function initialise(): Promise<void> {
    assertAllowed(remote, protocols);
    if (await hasTooManyPacks(folder)) await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await markUsed(folder, owner);
    await text('preparing the cache', ['init', '--quiet', '--bare', '--template=', folder]);
    await removeLocks(folder);
    await text('preparing the cache', ['config', 'remote.origin.url', remote.url]);
  }

  async function head(): Promise<string> {
    await prepare();
    const ref = `refs/heads/${remote.branch}`;
    const lines = await text(`reading branch ${remote.branch}`, ['ls-remote', '--end-of-options', 'origin', ref], {
      remote: true,
    });
    for (const line of lines.split('\n')) {
      const [commit, name] = line.split('\t');
      if (name === ref && commit !== undefined && isObjectId(commit)) return commit;
    }
    throw gitError('ref-not-found', `there is no branch ${remote.branch} at ${host}: create it or correct spec.branch`);
  }

  async function has(commit: string): Promise<boolean> {
    // `cat-file -e` on a commit of a blobless clone never asks the server for a commit that was not promised: rev-list tells without asking.
    const known = await git(
      'looking for a commit',
      ['rev-list', '--no-walk', '--quiet', '--missing=allow-any', '--end-of-options', commit],
      { accept: [128, 1] },
    );
    return known.exitCode === 0;
  }

  async function fetch(commit: string): Promise<void> {
    await prepare();
    if (await has(commit)) return;
    await removeLocks(folder);
    const isEmpty = (await text('listing the cache', ['for-each-ref', HEAD_REF])) === '';
    const common = [
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
      '--no-auto-gc',
      '--force',
    ];
    const branch = `+refs/heads/${remote.branch}:${HEAD_REF}`;
    const shallow = isEmpty ? ['--depth=1'] : [];
    const attempts = [
      [...common, ...shallow, '--filter=blob:none', '--end-of-options', 'origin', `+${commit}:${HEAD_REF}`],
      [...common, ...shallow, '--filter=blob:none', '--end-of-options', 'origin', branch],
      [...common, '--end-of-options', 'origin', branch],
    ];
    let failure: unknown;
    for (const args of attempts) {
      try {
        await text(`fetching ${commit.slice(0, 12)}`, args, { remote: true });
        if (await has(commit)) return;
        failure = gitError('ref-not-found', `commit ${commit.slice(0, 12)} is no longer at ${host}`);
      } catch (error) {
        failure = error;
        if (!isWorthAnotherWay(error)) throw error;
      }
    }
    throw failure;
  }

  async function entries(commit: string, paths: readonly string[]): Promise<readonly TreeEntry[]> {
    const everything = paths.includes('');
    const args = ['ls-tree', '-r', '-z', '--full-tree', '--end-of-options', commit, ...(everything ? [] : paths)];
    const found = (await text('listing files', args)).split('\0').flatMap(parseTreeEntry);
    if (found.length > limits.filesMax)
      throw gitError('too-large', `${found.length} files at ${host}; the limit is ${limits.filesMax}: set spec.path`);
    return found;
  }

  async function prefetch(objects: readonly string[]): Promise<void> {
    const unknown = objects.filter((object) => !present.has(object));
    if (unknown.length < 2) return;
    const listed = await text('listing objects', [
      'cat-file',
      '--batch-all-objects',
      '--unordered',
      '--batch-check=%(objectname)',
    ]);
    const local = new Set(listed.split('\n'));
    const missing = unknown.filter((object) => !local.has(object));
    if (missing.length < 2) return;
    await text(
      'fetching files',
      [
        '-c',
        'fetch.negotiationAlgorithm=noop',
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-recurse-submodules',
        '--no-auto-gc',
        '--filter=blob:none',
        '--stdin',
        'origin',
      ],
      { input: `${missing.join('\n')}\n`, remote: true },
    );
  }

  async function contents(objects: readonly string[]): Promise<ReadonlyMap<string, string | undefined>> {
    const wanted = [...new Set(objects)];
    if (wanted.length === 0) return new Map();
    // A server that gives no single objects is asked again by `cat-file`, one by one.
    await prefetch(wanted).catch((error: unknown) => {
      if (!isWorthAnotherWay(error)) throw error;
    });
    const sizes = await measure(wanted).catch(async (error: unknown) => {
      if (!isWorthAnotherWay(error)) throw error;
      await fetchWhole();
      return measure(wanted);
    });
    const small = sizes.split('\n').flatMap((line) => {
      const [object, size] = line.split(' ');
      return object !== undefined && size !== undefined && /^\d+$/.test(size) && Number(size) <= limits.fileBytesMax
        ? [object]
        : [];
    });
    const batch = await git('reading files', ['cat-file', '--batch'], {
      input: small.map((object) => `${object}\n`).join(''),
      remote: true,
    });
    const read = parseBatch(batch.stdout);
    for (const object of wanted) present.add(object);
    return new Map(wanted.map((object) => [object, read.get(object)]));
  }

  function measure(objects: readonly string[]): Promise<string> {
    return text('measuring files', ['cat-file', '--batch-check=%(objectname) %(objectsize)'], {
      input: `${objects.join('\n')}\n`,
      remote: true,
    });
  }

  /**
   * All files of the branch, for servers that leave files out as asked but give none of them later: they speak the old
   * protocol, as sshd does that does not accept GIT_PROTOCOL.
   */
  async function fetchWhole(): Promise<void> {
    await text(
      'fetching all files',
      [
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-recurse-submodules',
        '--no-auto-gc',
        '--refetch',
        '--no-filter',
        '--end-of-options',
        'origin',
        `refs/heads/${remote.branch}`,
      ],
      { remote: true },
    );
  }

  async function isAncestor(from: string, to: string): Promise<boolean> {
    if (!(await has(from))) return false;
    return (
      (await git('comparing commits', ['merge-base', '--is-ancestor', from, to], { accept: [1, 128] })).exitCode === 0
    );
  }

  async function connect(from: string, to: string): Promise<boolean> {
    for (const depth of DEEPEN_BY) {
      if (await isAncestor(from, to)) return true;
      if ((await text('looking at the history', ['rev-parse', '--is-shallow-repository'])).trim() !== 'true')
        return false;
      await removeLocks(folder);
      await text(
        'reading history',
        [
          'fetch',
          '--quiet',
          '--no-tags',
          '--no-write-fetch-head',
          '--no-recurse-submodules',
          '--no-auto-gc',
          '--force',
          '--filter=blob:none',
          `--deepen=${depth}`,
          '--end-of-options',
          'origin',
          `+refs/heads/${remote.branch}:${HEAD_REF}`,
        ],
        { remote: true },
      );
    }
    return isAncestor(from, to);
  }

  async function history(range: {
    readonly from: string;
    readonly to: string;
    readonly paths: readonly string[];
  }): Promise<readonly GitCommit[] | undefined> {
    await fetch(range.to);
    if (!(await connect(range.from, range.to))) return undefined;
    const args = [
      'log',
      '--first-parent',
      '-z',
      '--format=%H%n%P%n%B',
      `--max-count=${HISTORY_COMMITS_MAX}`,
      '--end-of-options',
      `${range.from}..${range.to}`,
      '--',
    ];
    const logged = await text('reading the history', [...args, ...range.paths.filter((path) => path !== '')], {
      remote: true,
    });
    return logged
      .split('\0')
      .filter((entry) => entry !== '')
      .map(parseCommit);
  }

  async function changes(range: {
    readonly from: string;
    readonly to: string;
    readonly paths: readonly string[];
  }): Promise<readonly FileChange[]> {
    const args = [
      'diff-tree',
      '-r',
      '-z',
      '--raw',
      '--no-renames',
      '--no-ext-diff',
      '--no-textconv',
      '--end-of-options',
      range.from,
      range.to,
      '--',
    ];
    const raw = await text('comparing commits', [...args, ...range.paths.filter((path) => path !== '')], {
      remote: true,
    });
    return parseRawDiff(raw);
  }

  const commands: GitCommands = {
    folder,
    run: (deed, args, more) => text(deed, args, { ...more, remote: true }),
  };
  return {
    head,
    fetch,
    entries,
    contents,
    history,
    changes,
    commit: (request) => writeCommit(commands, request),
    async push(commit) {
      await text(
        `pushing to ${remote.branch}`,
        [
          'push',
          '--porcelain',
          '--no-verify',
          '--no-signed',
          '--end-of-options',
          'origin',
          `${commit}:refs/heads/${remote.branch}`,
        ],
        { remote: true },
      );
    },
  };
}

/** `https://host/path`, `ssh://user@host/path`, `user@host:path`, `file:///path`: the host alone, for messages. */
export function hostOf(url: string): string {
  const match = /^[a-z+]+:\/\/(?:[^@/]*@)?([^/]*)/i.exec(url) ?? /^(?:[^@/]*@)?([^:/]+):/.exec(url);
  const host = match?.[1];
  return host === undefined || host === '' ? 'this machine' : host;
}

function assertAllowed(remote: GitRemote, protocols: readonly string[]): void {
  const protocol =
    /^([a-z+]+):\/\//i.exec(remote.url)?.[1]?.toLowerCase() ?? (/^[^/:]+@[^/:]+:/.test(remote.url) ? 'ssh' : 'none');
  if (!protocols.includes(protocol)) {
    throw gitError(
      'protocol-refused',
      `spec.url uses ${protocol === 'none' ? 'no protocol' : `the protocol ${protocol}`}, which this controller does not allow: use ${protocols.join(', ')}`,
    );
  }
  if (remote.url.startsWith('-') || /\s/.test(remote.url) || remote.url.includes('::'))
    throw gitError('protocol-refused', 'spec.url is not a plain URL');
  if (protocol === 'ssh' && (remote.credentials?.knownHosts ?? '').trim() === '') {
    throw gitError(
      'host-key',
      `${hostOf(remote.url)} is reached by ssh: the credentials Secret must hold known_hosts (try ssh-keyscan ${hostOf(remote.url)})`,
    );
  }
  if (/^-|\.\.|[\s~^:?*[\\]|\/$|\.lock$|@\{/.test(remote.branch))
    throw gitError('ref-not-found', `spec.branch ${JSON.stringify(remote.branch)} is not a branch name`);
}

function isWorthAnotherWay(error: unknown): boolean {
  const reason = error instanceof Error && 'reason' in error ? error.reason : undefined;
  return reason === 'failed' || reason === 'unreachable' || reason === 'ref-not-found';
}

function isObjectId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

function parseTreeEntry(line: string): readonly TreeEntry[] {
  const match = /^(\d+) (\w+) ([0-9a-f]+)\t(.*)$/s.exec(line);
  if (match === null) return [];
  const [, mode, , object = '', path = ''] = match;
  const type =
    mode === '120000' ? 'symlink' : mode === '160000' ? 'submodule' : mode === '100755' ? 'executable' : 'file';
  return [{ path, object, type }];
}

function parseCommit(entry: string): GitCommit {
  const [id = '', parents = '', ...message] = entry.replace(/^\n/, '').split('\n');
  const parent = parents.split(' ')[0];
  return { id, ...(parent === undefined || parent === '' ? {} : { parent }), message: message.join('\n').trimEnd() };
}

function parseRawDiff(raw: string): readonly FileChange[] {
  const parts = raw.split('\0');
  const changes: FileChange[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const match = /^:(\d+) (\d+) ([0-9a-f]+) ([0-9a-f]+) /.exec(parts[index] ?? '');
    const path = parts[index + 1];
    if (match === null || path === undefined) continue;
    const before = isRegular(match[1]) ? match[3] : undefined;
    const after = isRegular(match[2]) ? match[4] : undefined;
    if (before !== undefined || after !== undefined)
      changes.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
  }
  return changes;
}

function isRegular(mode: string | undefined): boolean {
  return mode === '100644' || mode === '100755';
}

/** The answer of `cat-file --batch`: a header line with object, type and size, then so many bytes and a line feed. */
function parseBatch(bytes: Buffer): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const endOfLine = bytes.indexOf(0x0a, at);
    if (endOfLine < 0) break;
    const [object, type, size] = bytes.toString('utf8', at, endOfLine).split(' ');
    at = endOfLine + 1;
    if (object === undefined || type === 'missing' || size === undefined) continue;
    read.set(object, bytes.toString('utf8', at, at + Number(size)));
    at += Number(size) + 1;
  }
  return read;
}

async function packBytes(folder: string): Promise<number> {
  const packs = join(folder, 'objects', 'pack');
  const names = await readdir(packs).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(packs, name)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function hasTooManyPacks(folder: string): Promise<boolean> {
  const names = await readdir(join(folder, 'objects', 'pack')).catch(() => []);
  return names.filter((name) => name.endsWith('.pack')).length > PACKS_MAX;
}

/** A killed git leaves its lock files; the cache has one owner, so nobody else can hold them. */
async function removeLocks(folder: string): Promise<void> {
  const names = ['shallow.lock', 'config.lock', 'packed-refs.lock', 'HEAD.lock', `${HEAD_REF}.lock`];
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
}
