import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { createTestRepository, startGitHttpServer, type TestRepository } from '../../../test/support/git-server.ts';
import type { GitCredentials, GitErrorReason, GitRepository } from '../../ports/git.ts';
import { createGit, hostOf, type GitLimits } from './git-cli.ts';

const AUTHOR = { name: 'Headgate', email: 'headgate@example.com' };

describe('git over file', () => {
  let state: string;
  let origin: TestRepository;
  before(async () => {
    state = await mkdtemp(join(tmpdir(), 'headgate-state-'));
    origin = await createTestRepository({
      'app/a.yaml': 'v: 1\n',
      'app/b.yaml': 'b: 1\n',
      'other/big.txt': 'x'.repeat(5_000),
    });
  });
  after(async () => {
    await origin.remove();
    await rm(state, { recursive: true, force: true });
  });

  function open(
    more: { readonly key?: string; readonly branch?: string; readonly limits?: Partial<GitLimits> } = {},
  ): GitRepository {
    const git = createGit({ stateDirectory: state, extraProtocols: ['file'], limits: more.limits });
    return git.open({ cacheKey: more.key ?? 'ns/a', url: origin.url, branch: more.branch ?? 'main' });
  }

  it('reads the head, the files under a folder, and their contents', async () => {
    const repository = open();

    const head = await repository.head();
    await repository.fetch(head);
    const entries = await repository.entries(head, ['app']);
    const contents = await repository.contents(entries.map((entry) => entry.object));

    assert.equal(head, await origin.head());
    assert.deepEqual(
      entries.map((entry) => [entry.path, entry.type]),
      [
        ['app/a.yaml', 'file'],
        ['app/b.yaml', 'file'],
      ],
    );
    assert.deepEqual([...contents.values()], ['v: 1\n', 'b: 1\n']);
  });

  it('reads more history when a range needs it, and knows when there is none', async () => {
    const first = await origin.head();
    await origin.commit({ 'other/big.txt': 'y' }, 'elsewhere');
    const second = await origin.commit({ 'app/a.yaml': 'v: 2\n' }, 'second\n\nRollback: never');
    const third = await origin.commit({ 'app/b.yaml': undefined }, 'third');
    const repository = open({ key: 'ns/history' });
    await repository.fetch(third);

    const commits = await repository.history({ from: first, to: third, paths: ['app'] });
    const changes = await repository.changes({ from: first, to: third, paths: ['app'] });

    assert.deepEqual(
      commits?.map((commit) => commit.id),
      [third, second],
    );
    assert.equal(commits?.[1]?.message, 'second\n\nRollback: never');
    assert.deepEqual(
      changes.map((change) => [change.path, change.before !== undefined, change.after !== undefined]),
      [
        ['app/a.yaml', true, true],
        ['app/b.yaml', true, false],
      ],
    );
    assert.equal(await repository.history({ from: '1'.repeat(40), to: third, paths: ['app'] }), undefined);
  });

  it('commits and pushes without a checkout; the same request gives the same commit', async () => {
    const repository = open({ key: 'ns/push' });
    const parent = await repository.head();
    await repository.fetch(parent);
    const request = {
      parent,
      edits: [
        { path: 'app/a.yaml', text: 'v: 1\n' },
        { path: 'new/c.yaml', text: 'c\n' },
      ],
      message: 'revert\n\nA: b\n',
      author: AUTHOR,
      atMs: 1_700_000_000_000,
    };

    const commit = await repository.commit(request);
    await repository.push(commit);

    assert.equal(await repository.commit(request), commit);
    assert.equal(await origin.head(), commit);
    assert.equal(await origin.show('main:app/a.yaml'), 'v: 1\n');
    assert.equal(await origin.show('main:other/big.txt'), 'y');
    assert.equal(await origin.show('main:new/c.yaml'), 'c\n');
  });

  it('loses a push against somebody else and says that the branch moved', async () => {
    const repository = open({ key: 'ns/moved' });
    const parent = await repository.head();
    await repository.fetch(parent);
    const commit = await repository.commit({
      parent,
      edits: [{ path: 'app/a.yaml', text: 'mine\n' }],
      message: 'm',
      author: AUTHOR,
      atMs: 0,
    });
    const theirs = await origin.commit({ 'app/a.yaml': 'theirs\n' });

    await rejects(repository.push(commit), 'moved', /pushing to main/);
    assert.equal(await origin.head(), theirs);
  });

  it('reports a branch that the server protects in the words of the server', async () => {
    const repository = open({ key: 'ns/protected' });
    const parent = await repository.head();
    await repository.fetch(parent);
    const commit = await repository.commit({
      parent,
      edits: [{ path: 'x', text: 'x' }],
      message: 'm',
      author: AUTHOR,
      atMs: 0,
    });
    await origin.refusePushes('GH006: Protected branch update failed for refs/heads/main.');

    await rejects(repository.push(commit), 'declined', /Protected branch/);
    await origin.refusePushes(undefined);
  });

  it('names what is wrong with the remote', async () => {
    await rejects(open({ key: 'ns/branch', branch: 'nope' }).head(), 'ref-not-found', /no branch nope/);
    await rejects(
      open({ key: 'ns/branch2', branch: '--upload-pack=touch' }).head(),
      'ref-not-found',
      /not a branch name/,
    );
    const git = createGit({ stateDirectory: state });
    await rejects(git.open({ cacheKey: 'a', url: origin.url, branch: 'main' }).head(), 'protocol-refused', /file/);
    await rejects(
      git.open({ cacheKey: 'a', url: 'ext::sh -c id', branch: 'main' }).head(),
      'protocol-refused',
      /spec.url/,
    );
    await rejects(
      git.open({ cacheKey: 'a', url: 'ssh://git@host.invalid/x', branch: 'main' }).head(),
      'host-key',
      /known_hosts/,
    );
    const absent = createGit({ stateDirectory: state, extraProtocols: ['file'] });
    await rejects(
      absent.open({ cacheKey: 'a', url: `${origin.url}-gone`, branch: 'main' }).head(),
      'repository-not-found',
      /reading branch main/,
    );
  });

  it('leaves out a file over the size limit', async () => {
    const commit = await origin.commit({ 'app/huge.yaml': 'x'.repeat(3_000) });
    const repository = open({ key: 'ns/huge', limits: { fileBytesMax: 1_000 } });
    await repository.fetch(commit);
    const entries = await repository.entries(commit, ['app']);
    const contents = await repository.contents(entries.map((entry) => entry.object));

    assert.equal(contents.get(entries.find((entry) => entry.path === 'app/huge.yaml')?.object ?? ''), undefined);
    assert.equal(contents.get(entries.find((entry) => entry.path === 'app/a.yaml')?.object ?? ''), 'theirs\n');
  });

  it('lists links and submodules as what they are', async () => {
    const commit = await origin.link('out', '/etc/passwd');
    const repository = open({ key: 'ns/link' });
    await repository.fetch(commit);

    const entries = await repository.entries(commit, ['']);

    assert.equal(entries.find((entry) => entry.path === 'out')?.type, 'symlink');
  });
});

describe('git over http', () => {
  const secret = 's3cr3t-token';
  const header = `Basic ${Buffer.from(`bot:${secret}`).toString('base64')}`;

  async function withServer(
    run: (tools: {
      open: (credentials?: GitCredentials) => GitRepository;
      origin: TestRepository;
      server: Awaited<ReturnType<typeof startGitHttpServer>>;
    }) => Promise<void>,
  ): Promise<void> {
    const state = await mkdtemp(join(tmpdir(), 'headgate-state-'));
    const origin = await createTestRepository({ 'a.yaml': 'v: 1\n' });
    const server = await startGitHttpServer(origin.folder, { authorization: header });
    const git = createGit({ stateDirectory: state, extraProtocols: ['http'] });
    try {
      await run({
        open: (credentials) =>
          git.open({ cacheKey: 'ns/http', url: `${server.url}/app.git`, branch: 'main', credentials }),
        origin,
        server,
      });
    } finally {
      await server.close();
      await origin.remove();
      await rm(state, { recursive: true, force: true });
    }
  }

  it('fetches and pushes with the credentials, which appear nowhere else', async () => {
    await withServer(async ({ open, origin, server }) => {
      const repository = open({ username: 'bot', password: secret });
      const head = await repository.head();
      await repository.fetch(head);
      const [entry] = await repository.entries(head, ['']);
      const contents = await repository.contents([entry?.object ?? '']);
      const commit = await repository.commit({
        parent: head,
        edits: [{ path: 'a.yaml', text: 'v: 2\n' }],
        message: 'm',
        author: AUTHOR,
        atMs: 0,
      });
      await repository.push(commit);

      assert.deepEqual([...contents.values()], ['v: 1\n']);
      assert.equal(await origin.head(), commit);
      assert.ok(server.authorizations.includes(header));
    });
  });

  it('tells refused credentials from a server that fails, without telling the secret', async () => {
    await withServer(async ({ open, server }) => {
      await rejects(open({ username: 'bot', password: 'wrong' }).head(), 'auth-failed', /127\.0\.0\.1/, 'wrong');
      await rejects(open().head(), 'auth-failed', /127\.0\.0\.1/);
      server.failWith = 503;
      await rejects(open({ username: 'bot', password: secret }).head(), 'unreachable', /503/, secret);
      await server.close();
      await rejects(open({ username: 'bot', password: secret }).head(), 'unreachable', /127\.0\.0\.1/, secret);
    });
  });

  it('gives up on a server that does not answer', async () => {
    await withServer(async ({ origin, server }) => {
      server.beforeRequest = () => new Promise(() => {});
      const git = createGit({
        stateDirectory: join(origin.folder, 'state'),
        extraProtocols: ['http'],
        limits: { remoteTimeoutMs: 300 },
      });
      const repository = git.open({
        cacheKey: 'slow',
        url: `${server.url}/app.git`,
        branch: 'main',
        credentials: { username: 'bot', password: secret },
      });

      await rejects(repository.head(), 'timeout', /0\.3 s/);
    });
  });
});

describe('git of a controller that stops', () => {
  it('ends what is under way', async () => {
    const origin = await createTestRepository({ 'a.yaml': 'v: 1\n' });
    const server = await startGitHttpServer(origin.folder);
    const stopping = new AbortController();
    const git = createGit({
      stateDirectory: join(origin.folder, 'state'),
      extraProtocols: ['http'],
      signal: stopping.signal,
    });
    server.beforeRequest = async () => {
      stopping.abort();
      await new Promise(() => {});
    };

    await rejects(
      git.open({ cacheKey: 'a', url: `${server.url}/app.git`, branch: 'main' }).head(),
      'failed',
      /is stopping/,
    );
    await server.close();
    await origin.remove();
  });
});

describe('hostOf', () => {
  it('names the host alone, whatever the form of the URL', () => {
    assert.equal(hostOf('https://user:pw@git.example.com:8443/a/b.git'), 'git.example.com:8443');
    assert.equal(hostOf('git@github.com:a/b.git'), 'github.com');
    assert.equal(hostOf('file:///tmp/x'), 'this machine');
  });
});

async function rejects(
  call: Promise<unknown>,
  reason: GitErrorReason,
  message: RegExp,
  secret?: string,
): Promise<void> {
  await assert.rejects(call, (error: Error & { reason?: string }) => {
    assert.equal(error.reason, reason, error.message);
    assert.match(error.message, message);
    if (secret !== undefined) assert.ok(!error.message.includes(secret), error.message);
    return true;
  });
}
