import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GitSource } from '../../api/git-source.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import type { Kube } from '../../ports/kube.ts';
import { applyDeclaration, type ApplyMemory, type ApplyTools } from './apply-declaration.ts';

const SOURCE: GitSource = {
  apiVersion: 'headgate.dev/v1alpha1',
  kind: 'GitSource',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: { url: 'https://git.example.com/shop.git' },
};

test('what is no longer declared is not remembered: generated names are new with each commit', async () => {
  const memory: ApplyMemory = new Map();
  const tools = toolsWith(memory);

  for (const name of ['settings-1', 'settings-2', 'settings-3'])
    await applyDeclaration(tools, SOURCE, declare(name), []);

  assert.deepEqual([...memory.keys()], ['/ConfigMap shop/settings-3']);
});

function declare(name: string): Parameters<typeof applyDeclaration>[2] {
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { value: name } };
  return {
    commit: name,
    renderer: 'kustomize',
    manifests: [{ object, file: 'app', line: 0 }],
    problems: [],
    files: [],
    folders: [],
  };
}

/** A cluster in which there is nothing yet, and that takes what is applied. */
function toolsWith(memory: ApplyMemory): ApplyTools {
  const kube: Pick<Kube, 'writer'> = {
    writer: {
      write: (write) => Promise.resolve(write.verb === 'apply' ? write.object : undefined),
      fresh: () => true,
      whenFresh: (_refs, run) => run(),
    },
  };
  return {
    kube: kube as Kube,
    kinds: { find: () => Promise.resolve(KINDS.configMap) },
    live: { read: () => Promise.resolve(undefined), isWatched: () => false },
    memory,
    settled: new Set(),
    scope: 'own-namespace',
    isCurrent: () => Promise.resolve(true),
  };
}
