import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { KINDS } from '../../src/api/kinds.ts';
import { abort, revertOf, runFirstVersion } from '../support/git-aborts.ts';
import { configMapYaml, rolloutYaml, shopFiles } from '../support/git-manifests.ts';
import { NAMESPACE, openGitWorld, type GitWorld } from '../support/git-world.ts';
import { sshRefusal, startSshServer, type SshServer, type SshServerInput } from '../support/ssh-server.ts';

const skip = process.env['HEADGATE_CLUSTER'] === 'required' ? undefined : sshRefusal();

describe('a repository that is reached by ssh', { skip }, () => {
  it('is pulled with the key of the Secret, and an abort is pushed back', async (t) => {
    const { world } = await openShop(t);

    await abort(world);
    await revertOf(world, 'Pushed');

    assert.equal(await imageAt(world), 'shop:v1');
  });

  it('is read again when its branch moves at the moment of the push, and both changes stand', async (t) => {
    const { world, ssh } = await openShop(t);
    const moved = configMapYaml('settings', 'moved');
    await world.origin.commit({ 'app/settings.yaml': moved }, 'meanwhile');
    const bare = join(world.origin.folder, 'app.git');
    await world.origin.work('push', '--quiet', 'origin', 'HEAD:refs/heads/next');
    await world.origin.work('push', '--quiet', '--force', 'origin', 'HEAD~1:refs/heads/main');
    ssh.beforePush(`git --git-dir=${bare} update-ref refs/heads/main refs/heads/next`);

    await abort(world);
    await revertOf(world, 'Pushed');

    assert.equal(await imageAt(world), 'shop:v1');
    assert.equal(await world.origin.show('main:app/settings.yaml'), moved);
  });

  it('is tried again when its server refuses the push', async (t) => {
    const { world } = await openShop(t);
    await world.origin.refusePushes('GH006: Protected branch update failed for refs/heads/main.');

    await abort(world);
    const entry = await revertOf(world, 'Failed');
    await world.origin.refusePushes(undefined);
    await revertOf(world, 'Pushed');

    assert.match(entry.message ?? '', /Protected branch/);
    assert.equal(await imageAt(world), 'shop:v1');
  });

  it('is pulled and pushed to by the old protocol, which gives no single files', async (t) => {
    const { world } = await openShop(t, { protocol: 'old' });

    await abort(world);
    await revertOf(world, 'Pushed');

    assert.equal(await imageAt(world), 'shop:v1');
  });

  it('is not spoken to when its host key is another one', async (t) => {
    const other = await startSshServer();
    t.after(() => other.close());
    const [, ...key] = other.knownHosts.split(' ');

    const { world } = await openWorld(t, ({ knownHosts }) => [knownHosts.split(' ')[0], ...key].join(' '));

    const ready = await world.condition('Ready');
    assert.equal(ready?.status, 'False');
    assert.match(ready?.message ?? '', /host key/i);
    assert.equal(await world.get(KINDS.rollout, 'shop'), undefined);
  });
});

interface Shop {
  readonly world: GitWorld;
  readonly ssh: SshServer;
}

/** A shop whose second commit is being rolled out. */
async function openShop(t: TestContext, server: SshServerInput = {}): Promise<Shop> {
  const shop = await openWorld(t, ({ knownHosts }) => knownHosts, server);
  const { world } = shop;
  await runFirstVersion(world);
  await world.origin.commit({ 'app/rollout.yaml': rolloutYaml({ image: 'shop:v2' }) }, 'shop v2');
  await world.pull();
  return shop;
}

async function openWorld(
  t: TestContext,
  knownHosts: (ssh: SshServer) => string,
  server: SshServerInput = {},
): Promise<Shop> {
  const ssh = await startSshServer(server);
  t.after(() => ssh.close());
  const world = await openGitWorld(shopFiles());
  t.after(() => world.close());
  await world.create(KINDS.secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'git', namespace: NAMESPACE },
    stringData: { identity: ssh.identity, known_hosts: knownHosts(ssh) },
  });
  const url = ssh.url + join(world.origin.folder, 'app.git');
  await world.start({ url, credentials: { secretRef: { name: 'git' } } });
  return { world, ssh };
}

async function imageAt(world: GitWorld): Promise<string | undefined> {
  return /image: (\S+)/.exec(await world.origin.show('main:app/rollout.yaml'))?.[1];
}
