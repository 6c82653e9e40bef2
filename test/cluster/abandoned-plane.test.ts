import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { clearAbandonedPlanes, programsOf } from '../support/abandoned-planes.ts';
import { planesRoot } from '../support/plane.ts';
import { clusterSkipReason } from '../support/world.ts';

const PLANE = join(import.meta.dirname, '..', 'support', 'plane.ts');
/** Starts a plane, says where it is, and never stops it. */
const STARTER = `
  import { startPlane } from ${JSON.stringify(PLANE)};
  const { directory } = await startPlane({ bare: true });
  process.stdout.write(directory);
  setInterval(() => undefined, 60_000);
`;

it('a plane whose process was killed is cleared away by the next one', { skip: clusterSkipReason() }, async () => {
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', STARTER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(() => owner.kill('SIGKILL'));
  const [said] = (await once(owner.stdout, 'data')) as [Buffer];
  const directory = said.toString('utf8');
  const ended = once(owner, 'exit');
  owner.kill('SIGKILL');
  await ended;
  const left = programsOf(directory).length;

  const cleared = await clearAbandonedPlanes(planesRoot());

  assert.equal(left, 2, 'etcd and kube-apiserver outlived it');
  assert.ok(cleared.includes(directory));
  assert.deepEqual([programsOf(directory), existsSync(directory)], [[], false]);
});
