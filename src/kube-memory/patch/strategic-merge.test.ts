import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { builtinResources } from '../builtin/registry.ts';
import { wholeSchema } from '../schema/object-meta.ts';
import { PatchFailed } from './json-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

interface Vector {
  readonly title: string;
  readonly original: Readonly<Record<string, unknown>>;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly outcome: { readonly error?: string; readonly object?: unknown };
}

const golden = JSON.parse(readFileSync(new URL('../../../test/golden/kube-apply.json', import.meta.url), 'utf8')) as {
  readonly strategic: readonly Vector[];
};

describe('strategic merge patches agree with the Go implementation', () => {
  for (const { title, original, patch, outcome } of golden.strategic) {
    it(title, () => {
      const definition = builtinResources.find((each) => each.kind === original['kind']);
      assert.ok(definition !== undefined);
      const before = structuredClone(original);

      const apply = (): unknown => applyStrategicMergePatch(original, patch, wholeSchema(definition));

      if (outcome.error !== undefined) assert.throws(apply, PatchFailed);
      else assert.deepEqual(apply(), outcome.object);
      assert.deepEqual(original, before, 'the original is not changed');
    });
  }
});
