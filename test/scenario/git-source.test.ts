import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KINDS } from '../../src/api/kinds.ts';
import { NAMESPACE, openGitWorld } from '../support/git-world.ts';
import { configMapYaml, rolloutYaml, shopFiles } from '../support/git-manifests.ts';

test("a commit is applied as the GitSource's account, recorded, and applied no second time", async (t) => {
  const world = await openGitWorld(shopFiles());
  t.after(() => world.close());

  await world.start();

  const source = await world.source();
  const head = await world.origin.head();
  assert.equal((await world.condition('Ready'))?.status, 'True', JSON.stringify(source.status?.conditions));
  assert.equal(source.status?.lastAppliedRevision, head);
  assert.equal(source.status?.inventory?.entries?.length, 5);
  const rollout = await world.get(KINDS.rollout, 'shop');
  assert.equal(rollout?.metadata.annotations?.['headgate.dev/commit'], head);
  assert.equal(rollout?.metadata.annotations?.['headgate.dev/path'], 'app/rollout.yaml');
  assert.ok(
    rollout?.metadata.managedFields?.some(
      (entry) => entry.manager === 'headgate-gitops' && entry.operation === 'Apply',
    ),
  );

  world.writes.length = 0;
  await world.pull();
  await world.restart();
  assert.deepEqual(world.writes, []);
});
