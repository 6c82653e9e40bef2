import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createYamlParser } from '../../src/adapters/git/yaml-parser.ts';
import type { GitSource } from '../../src/api/git-source.ts';
import { KINDS } from '../../src/api/kinds.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';
import { validateGitSource } from '../../src/api/validation/git-source.ts';
import { droppedFields } from '../../src/core/gitops/drift.ts';
import { splitDocuments } from '../../src/core/gitops/yaml-documents.ts';
import { createKindDirectory } from '../../src/adapters/kube/kind-directory.ts';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { openGitWorld } from '../support/git-world.ts';

test('every manifest of the guide is accepted as it stands', async (t) => {
  const guide = readFileSync(new URL('../../docs/guides/git.md', import.meta.url), 'utf8');
  const blocks = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
  const world = await openGitWorld({ 'app/note.txt': '' });
  t.after(() => world.close());
  const kinds = createKindDirectory(world.kube.client, createSystemClock());
  const objects = blocks.flatMap(splitDocuments).map((document) => {
    const parsed = createYamlParser().parse(document.text);
    assert.ok('value' in parsed, JSON.stringify(parsed));
    return parsed.value as KubeObject;
  });

  assert.deepEqual(
    objects.map((object) => object.kind),
    ['GitSource', 'ServiceAccount', 'Role', 'RoleBinding', 'Secret', 'Secret', 'Secret'],
  );
  for (const object of objects) {
    const kind = await kinds.find(object.apiVersion, object.kind);
    assert.ok(kind, `${object.kind} is served`);
    const stored = await world.create(kind, object);
    const { stringData: _sent, ...kept } = object;
    assert.deepEqual(droppedFields(kept, stored), [], object.kind);
    if (kind.plural !== KINDS.gitSource.plural) continue;
    assert.deepEqual(validateGitSource(object as GitSource, { fileUrls: 'refused', namespaces: 'own' }), []);
  }
});
