import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joinPath, kustomizationInputs } from './kustomization.ts';

describe('a kustomization', () => {
  it('draws in what it names', () => {
    assert.deepEqual(kustomizationInputs({ resources: ['a.yaml', '../base'], components: ['../c'] }), {
      paths: ['a.yaml', '../base', '../c'],
    });
  });

  const remote = [
    'https://example.com/x.yaml',
    'git@github.com:org/repo.git',
    'github.com/org/repo',
    'ssh://git@host/x',
    'git::https://host/x',
    'org/repo?ref=v1',
    'host//path',
    'gh:org/repo',
    'file:///etc/passwd',
    'host:path',
  ];
  for (const path of remote) {
    it(`is refused with ${path}`, () => assert.ok('refused' in kustomizationInputs({ resources: [path] })));
  }

  it('is refused when it would run something', () => {
    for (const field of ['helmCharts', 'generators', 'transformers', 'validators', 'helmGlobals']) {
      assert.ok('refused' in kustomizationInputs({ [field]: [] }), field);
    }
  });

  it('is refused with remote files in patches and generators', () => {
    assert.ok('refused' in kustomizationInputs({ patches: [{ path: 'http://x/y' }] }));
    assert.ok('refused' in kustomizationInputs({ configMapGenerator: [{ name: 'a', files: ['k=http://x/y'] }] }));
    assert.ok(
      'paths' in kustomizationInputs({ patchesStrategicMerge: ['kind: Rollout\nmetadata: {name: "a://b"}\n'] }),
    );
  });
});

describe('joinPath', () => {
  it('stays within the repository', () => {
    assert.equal(joinPath('a/b', '../c/./d'), 'a/c/d');
    assert.equal(joinPath('a', '..'), '');
    assert.equal(joinPath('a', '../..'), undefined);
  });
});
