import { execFile, spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile, chmod, symlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A bare repository and a developer who works on it, in a folder of their own. */
export interface TestRepository {
  readonly folder: string;
  readonly url: string;
  /** Writes files (undefined deletes one), commits and pushes; answers the commit. */
  commit(files: Readonly<Record<string, string | undefined>>, message?: string): Promise<string>;
  /** A symbolic link from the root of the repository, committed and pushed. */
  link(path: string, target: string): Promise<string>;
  head(): Promise<string>;
  show(commitAndPath: string): Promise<string>;
  tree(commit: string): Promise<string>;
  log(): Promise<readonly { readonly id: string; readonly message: string }[]>;
  /** Runs git in the developer's clone. */
  work(...args: readonly string[]): Promise<string>;
  /** The server refuses every push with these words, or takes them again. */
  refusePushes(words: string | undefined): Promise<void>;
  remove(): Promise<void>;
}

export async function createTestRepository(files: Readonly<Record<string, string>>): Promise<TestRepository> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-repository-'));
  const bare = join(folder, 'app.git');
  const clone = join(folder, 'clone');
  await run(folder, ['init', '--quiet', '--bare', '--initial-branch=main', bare]);
  await run(bare, ['config', 'uploadpack.allowFilter', 'true']);
  await run(bare, ['config', 'http.receivepack', 'true']);
  await run(folder, ['init', '--quiet', '--initial-branch=main', clone]);
  await run(clone, ['remote', 'add', 'origin', bare]);

  async function sync(): Promise<void> {
    await run(clone, ['fetch', '--quiet', 'origin']);
    await run(clone, ['reset', '--quiet', '--hard', 'origin/main']).catch(() => '');
  }
  async function push(message: string): Promise<string> {
    await run(clone, ['add', '--all']);
    await run(clone, ['commit', '--quiet', '--allow-empty', '-m', message]);
    await run(clone, ['push', '--quiet', 'origin', 'HEAD:refs/heads/main']);
    return run(clone, ['rev-parse', 'HEAD']);
  }
  const repository: TestRepository = {
    folder,
    url: pathToFileURL(bare).href,
    async commit(changed, message = 'change') {
      await sync();
      for (const [path, text] of Object.entries(changed)) {
        const file = join(clone, path);
        await mkdir(dirname(file), { recursive: true });
        await (text === undefined ? rm(file, { force: true }) : writeFile(file, text));
      }
      return push(message);
    },
    async link(path, target) {
      await sync();
      await symlink(target, join(clone, path));
      return push('link');
    },
    head: () => run(bare, ['rev-parse', 'refs/heads/main']),
    show: (commitAndPath) => run(bare, ['show', commitAndPath], 'whole'),
    tree: (commit) => run(bare, ['rev-parse', `${commit}^{tree}`]),
    async log() {
      const text = await run(bare, ['log', '-z', '--format=%H%n%B', 'main']);
      return text
        .split('\0')
        .filter((entry) => entry !== '')
        .map((entry) => ({ id: entry.slice(0, 40), message: entry.slice(41) }));
    },
    work: (...args) => run(clone, args),
    async refusePushes(words) {
      const hook = join(bare, 'hooks', 'pre-receive');
      await mkdir(dirname(hook), { recursive: true });
      if (words === undefined) return rm(hook, { force: true });
      await writeFile(hook, `#!/bin/sh\necho '${words}' >&2\nexit 1\n`);
      await chmod(hook, 0o755);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await repository.commit(files, 'first');
  return repository;
}

/** Git's smart HTTP protocol over a folder of bare repositories, by `git http-backend`. */
export interface GitHttpServer {
  readonly url: string;
  /** Called before each request is answered. Lets a test move the branch at the worst moment. */
  beforeRequest: ((path: string) => Promise<void>) | undefined;
  /** Every request is answered with this status. */
  failWith: number | undefined;
  readonly authorizations: (string | undefined)[];
  close(): Promise<void>;
}

export async function startGitHttpServer(
  folder: string,
  options: { readonly authorization?: string } = {},
): Promise<GitHttpServer> {
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  await listen(server);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const state: GitHttpServer = {
    url: `http://127.0.0.1:${port}`,
    beforeRequest: undefined,
    failWith: undefined,
    authorizations: [],
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization } = request.headers;
    state.authorizations.push(authorization);
    if (options.authorization !== undefined && authorization !== options.authorization) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    if (state.failWith !== undefined) {
      response.writeHead(state.failWith).end();
      return;
    }
    await state.beforeRequest?.(request.url ?? '');
    runBackend(folder, request, response);
  }
  return state;
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}

function runBackend(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'] ?? '',
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'tester',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => {});
  let head = Buffer.alloc(0);
  let begun = false;
  backend.stdout.on('data', (chunk: Buffer) => {
    if (begun) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    begun = true;
    let status = 200;
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*/, 2);
      if (name.toLowerCase() === 'status') status = Number(value.split(' ')[0]);
      else response.setHeader(name, value);
    }
    response.writeHead(status);
    response.write(head.subarray(end + 4));
  });
  backend.on('close', () => response.end());
}

const TIMEOUT_MS = 20_000;

function run(folder: string, args: readonly string[], output: 'trimmed' | 'whole' = 'trimmed'): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Developer',
    GIT_AUTHOR_EMAIL: 'developer@example.com',
    GIT_COMMITTER_NAME: 'Developer',
    GIT_COMMITTER_EMAIL: 'developer@example.com',
  };
  return new Promise((resolve, reject) => {
    execFile('git', [...args], { cwd: folder, env, timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(output === 'trimmed' ? stdout.trimEnd() : stdout);
      else reject(new Error(`git ${args.join(' ')}: ${stderr}`));
    });
  });
}
