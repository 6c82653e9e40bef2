import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readManifests } from './manifests.ts';

const example = fileURLToPath(new URL('../../../examples/01-demo', import.meta.url));

test('reads the example: namespaces come first', async () => {
  const kinds = (await readManifests(join(example, 'cluster'))).map((object) => object.kind);

  assert.deepEqual(kinds.slice(0, 2), ['Namespace', 'Namespace']);
  assert.ok(kinds.includes('GitSource') && kinds.includes('RoleBinding') && kinds.includes('Secret'));
});

test('what the team keeps in Git names no namespace and is a Rollout with what it refers to', async () => {
  const objects = await readManifests(join(example, 'repository'));

  assert.ok(objects.every((object) => object.metadata.namespace === undefined));
  assert.deepEqual(
    objects.map((object) => `${object.kind} ${object.metadata.name}`),
    [
      'AnalysisTemplate shop-answers-well',
      'HTTPRoute shop',
      'Rollout shop',
      'Service shop-stable',
      'Service shop-canary',
    ],
  );
});

test('names the file of a document that is no object', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-test-'));
  try {
    await writeFile(join(directory, 'a.yaml'), 'kind: Service\n');
    await assert.rejects(readManifests(directory), /a\.yaml: there is a document without/);
  } finally {
    await rm(directory, { recursive: true });
  }
});
