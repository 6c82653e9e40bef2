import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InventoryEntry } from '../../api/git-source.ts';
import { inventoryId, prunePlan } from './inventory.ts';

const entry = (name: string): InventoryEntry => ({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  namespace: 'shop',
  name,
});
const [a, b] = [entry('a'), entry('b')];

describe('prune', () => {
  it('deletes what left the repository, in reverse order of applying', () => {
    const plan = prunePlan({ inventory: [a, b, entry('c')], declared: [a], prune: true, hasUnreadable: false });

    assert.deepEqual(plan, { delete: [entry('c'), b], keep: [] });
  });

  it('deletes nothing when it is off', () => {
    assert.deepEqual(prunePlan({ inventory: [a, b], declared: [a], prune: false, hasUnreadable: false }).delete, []);
  });

  it('deletes nothing when nothing at all is declared', () => {
    const plan = prunePlan({ inventory: [a, b], declared: [], prune: true, hasUnreadable: false });

    assert.deepEqual([plan.delete, plan.keep], [[], [a, b]]);
    assert.match(plan.heldBack ?? '', /declares no objects/);
  });

  for (const prune of [true, false]) {
    it(`remembers what left while a file cannot be read (prune ${prune ? 'on' : 'off'})`, () => {
      const plan = prunePlan({ inventory: [a, b], declared: [a], prune, hasUnreadable: true });

      assert.deepEqual([plan.delete, plan.keep], [[], [b]]);
    });
  }

  it('does not mind another version of the same kind', () => {
    assert.deepEqual(
      prunePlan({ inventory: [{ ...a, version: 'v1beta1' }], declared: [a], prune: true, hasUnreadable: false }).delete,
      [],
    );
    assert.equal(inventoryId(a), 'shop_a_apps_Deployment');
  });
});
