import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ownerOf } from './owner.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });
const KEYS = Array.from({ length: 3_000 }, (_, index) => `team-${index % 40}/service-${index}`);

test('all who know the same members agree, whatever their order', () => {
  fc.assert(
    fc.property(names, fc.string(), (members, key) => {
      assert.equal(ownerOf(key, members), ownerOf(key, [...members].reverse()));
    }),
  );
  assert.equal(ownerOf('ns/a', []), undefined);
});

test('when a member leaves, only its objects move; when one comes, objects move only to it', () => {
  fc.assert(
    fc.property(names, fc.string(), (members, key) => {
      const [leaving, ...staying] = members;
      const before = ownerOf(key, members);
      const after = ownerOf(key, staying);
      if (before !== leaving) assert.equal(after, before);
    }),
  );
});

for (const count of [2, 3, 5, 10]) {
  test(`${count} members with names alike have about the same share each`, () => {
    const members = Array.from({ length: count }, (_, index) => `headgate-7d9f8b6c5-${index}`);
    const shares = new Map(members.map((member) => [member, 0]));
    for (const key of KEYS) {
      const owner = ownerOf(key, members) ?? '';
      shares.set(owner, (shares.get(owner) ?? 0) + 1);
    }

    for (const share of shares.values()) {
      assert.ok(Math.abs(share / (KEYS.length / count) - 1) < 0.25, `${share} of ${KEYS.length}`);
    }
  });
}
