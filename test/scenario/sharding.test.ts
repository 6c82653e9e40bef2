import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { canaryRollout } from '../support/manifests.ts';
import { startMember, type Member } from '../support/members.ts';
import { opened } from '../support/opened.ts';
import { onEachControlPlane } from '../support/stories.ts';
import { openCluster, Scene, until } from '../support/world.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const LOCK = 'argo-rollouts-controller-lock';
const NAMES = Array.from({ length: 20 }, (_, index) => `shop-${index}`);
const OWNED = 'headgate_owned_objects{kind="rollouts"}';

onEachControlPlane('members that share the Rollouts', {}, (name) => {
  const members: Member[] = [];
  // They are stopped before their cluster.
  after(() => Promise.all(members.map(({ controller }) => controller.stop())));
  const cluster = opened(
    () => openCluster(name),
    (open) => open.stop(),
  );

  async function start(): Promise<Member> {
    const member = await startMember(cluster.kubeconfig);
    members.push(member);
    return member;
  }

  async function untilShared(count: number): Promise<readonly number[]> {
    return until(`${count} members to share ${NAMES.length} Rollouts`, async () => {
      const owned = await Promise.all(members.map((member) => member.metric(OWNED)));
      const counts = await Promise.all(members.map((member) => member.metric('headgate_members')));
      const numbers = owned.map(Number);
      // Before they agree, those who were there first still own all.
      const agree = counts.every((text) => text === String(count)) && numbers.every((one) => one > 0);
      return agree && numbers.reduce((sum, one) => sum + one, 0) === NAMES.length ? numbers : undefined;
    });
  }

  it('each Rollout is worked on by one of them; members come and go, and updates go on', async () => {
    const scene = await Scene.open(cluster.api, 'shared', { waitMsMax: 90_000, pollMs: 100 });
    try {
      const first = await start();
      await scene.apply(...NAMES.map((one) => canaryRollout({ name: one, steps: [{ setWeight: 50 }, { pause: {} }] })));
      await Promise.all(NAMES.map((one) => scene.untilPhase(one, 'Healthy')));
      assert.deepEqual(await untilShared(1), [NAMES.length]);

      const second = await start();
      const third = await start();
      await untilShared(3);

      const before = members.map(({ written }) => written.length);
      await Promise.all(NAMES.map((one) => scene.setImage(one, 'shop:2')));
      await Promise.all(NAMES.map((one) => scene.untilPhase(one, 'Paused')));
      const wrote = members.map(({ written }, index) => new Set(written.slice(before[index])));
      assert.deepEqual(wrote.flatMap((names) => [...names]).sort(), [...NAMES].sort(), 'none by two');

      await third.controller.stop();
      members.pop();
      await untilShared(2);
      await Promise.all(NAMES.map((one) => scene.patchStatus(one, { pauseConditions: null })));
      await Promise.all(NAMES.map((one) => scene.untilPhase(one, 'Healthy')));

      // The last events are on their way.
      await delay(2_000);
      const counts = [first, second].map(({ calls }) => calls.length);
      await delay(4_000);
      const atRest = [first, second].flatMap(({ calls }, index) => calls.slice(counts[index]));
      assert.deepEqual(
        [...new Set(atRest)].filter((call) => !call.endsWith(' leases')),
        [],
        'at rest they only renew',
      );
      const lock = await cluster.api.get(`${LEASES}/${LOCK}`);
      assert.match(lock?.['spec'].holderIdentity, /^headgate-members_/);
      const leases = await cluster.api.list(LEASES);
      const left = leases.filter(({ metadata }) => metadata.labels?.['headgate.dev/members-of'] !== undefined);
      assert.equal(left.length, 2, 'the Lease of who left was cleared away');
    } finally {
      await scene.close();
    }
  });

  it('all stop when somebody else gets the Lease that they hold together', async () => {
    assert.equal(members.length, 2);
    const lost = members.map(({ controller }) => controller.lost);

    await cluster.api.patch(`${LEASES}/${LOCK}`, { spec: { holderIdentity: 'another-controller' } });

    for (const why of await Promise.all(lost)) assert.match(why, /Lease/);
    assert.deepEqual(await Promise.all(members.map((member) => member.metric('headgate_members'))), ['0', '0']);
  });

  it('none of them acts while another controller renews the Lease that they are told of; then they hold it together', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } };
    await cluster.api.create('/api/v1/namespaces', namespace);
    const there = '/apis/coordination.k8s.io/v1/namespaces/elsewhere/leases';
    const metadata = { name: 'the-lock-two', namespace: 'elsewhere' };
    const heldByOther = (): object => ({
      holderIdentity: 'other_1',
      leaseDurationSeconds: 2,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    });
    await cluster.api.create(there, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: heldByOther(),
    });
    const wishes = { leaderElectionNamespace: 'elsewhere', leaderElectionLeaseName: 'the-lock', instanceId: 'two' };

    let acting = 0;
    const starting = [1, 2].map(async () => {
      const member = await startMember(cluster.kubeconfig, wishes);
      acting += 1;
      members.push(member);
      return member;
    });
    // Twice as long as the Lease holds.
    for (let renewals = 0; renewals < 8; renewals += 1) {
      await delay(500);
      await cluster.api.patch(`${there}/the-lock-two`, { spec: heldByOther() });
    }
    assert.equal(acting, 0);

    const both = await Promise.all(starting);
    await until('both to count each other', async () => {
      const counts = await Promise.all(both.map((member) => member.metric('headgate_members')));
      return counts.every((count) => count === '2');
    });
    const lock = await cluster.api.get(`${there}/the-lock-two`);
    assert.match(lock?.['spec'].holderIdentity, /^headgate-members_/);
  });
});
