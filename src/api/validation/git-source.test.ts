import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { GitSourceSpec } from '../git-source.ts';
import { validateGitSource, type GitSourceRights } from './git-source.ts';

const secretRef = { name: 'git' };

describe('validateGitSource', () => {
  const sound: readonly GitSourceSpec[] = [
    { url: 'https://git.example/shop.git' },
    { url: 'ssh://git@git.example/shop.git', credentials: { secretRef } },
    { url: 'git@git.example:shop.git', credentials: { secretRef } },
    { url: 'https://git.example/shop.git', path: 'apps/web', interval: '5m', targetNamespace: 'shop' },
  ];
  for (const spec of sound) {
    it(`accepts ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(places(spec), []);
    });
  }

  const cases: readonly (readonly [GitSourceSpec, string])[] = [
    [{ url: 'git://git.example/shop.git' }, 'spec.url'],
    [{ url: '--upload-pack=x' }, 'spec.url'],
    [{ url: '-x@git.example:shop.git' }, 'spec.url'],
    [{ url: 'https://me:secret@git.example/shop.git' }, 'spec.url'],
    [{ url: 'file:///srv/shop.git' }, 'spec.url'],
    [{ url: 'ssh://git@git.example/shop.git' }, 'spec.credentials'],
    [{ url: 'https://git.example/shop.git', path: '../other' }, 'spec.path'],
    [{ url: 'https://git.example/shop.git', path: '/etc' }, 'spec.path'],
    [{ url: 'https://git.example/shop.git', interval: '10' }, 'spec.interval'],
    [{ url: 'https://git.example/shop.git', interval: '1ms' }, 'spec.interval'],
    [{ url: 'https://git.example/shop.git', targetNamespace: 'kube-system' }, 'spec.targetNamespace'],
    [{ url: 'https://git.example/shop.git', onAbort: 'PullRequest' }, 'spec.onAbort'],
  ];
  for (const [spec, place] of cases) {
    it(`refuses ${place} of ${JSON.stringify(spec)}`, () => {
      assert.deepEqual(places(spec), [place]);
    });
  }

  it('accepts what the operator allows', () => {
    const spec = { url: 'file:///srv/shop.git', targetNamespace: 'other' };

    assert.deepEqual(places(spec, { fileUrls: 'allowed', namespaces: 'any' }), []);
  });
});

function places(
  spec: GitSourceSpec,
  rights: GitSourceRights = { fileUrls: 'refused', namespaces: 'own' },
): readonly string[] {
  const source = {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'GitSource',
    metadata: { name: 'shop', namespace: 'shop' },
    spec,
  };
  return validateGitSource(source, rights).map((problem) => problem.path);
}
