import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  afterClaim,
  afterLook,
  beforeClaim,
  isSettled,
  leftBehind,
  mayWorkOn,
  newMembership,
  viewIsOld,
  type MemberRecord,
  type Membership,
} from './membership.ts';
import { ownerOf } from './owner.ts';

const KEYS = Array.from({ length: 40 }, (_, index) => `ns/app-${index}`);

function record(identity: string, view: readonly string[] | undefined, version = '1'): MemberRecord {
  return { identity, view, version, durationMs: 15_000, released: false };
}

function look(membership: Membership, records: readonly MemberRecord[], atMs = 0): Membership {
  return afterLook(membership, { records, sentMs: atMs, receivedMs: atMs });
}

function owned(membership: Membership): readonly string[] {
  return KEYS.filter((key) => mayWorkOn(key, membership));
}

/** `a` beside `b`, both with a view of both. */
function settled(): Membership {
  const entered = look(newMembership('a'), [record('b', ['a', 'b'])]);
  return look(afterClaim(entered, ['a', 'b']), [record('a', ['a', 'b']), record('b', ['a', 'b'])]);
}

test('a member works on nothing before it has asked the others with its own claim written', () => {
  const entered = look(newMembership('a'), []);
  assert.deepEqual(owned(entered), []);
  const claimed = afterClaim(entered, ['a']);
  assert.deepEqual(owned(claimed), []);

  assert.deepEqual(owned(look(claimed, [record('a', ['a'])])), KEYS);
});

test('what another member claims by its own view is left to it, and so is everything when its view cannot be read', () => {
  const before = afterClaim(look(newMembership('a'), [record('b', ['b'])]), ['a', 'b']);

  assert.deepEqual(owned(look(before, [record('b', ['b'], '2')])), []);
  assert.deepEqual(owned(look(before, [record('b', undefined, '2')])), []);
  const half = owned(look(before, [record('b', ['a', 'b'], '2')]));
  assert.deepEqual(
    half,
    KEYS.filter((key) => ownerOf(key, ['a', 'b']) === 'a'),
  );
});

test('what a newcomer is to get is given up as soon as it is seen, before our claim is taken back', () => {
  const before = settled();
  // By this view the newcomer claims nothing yet.
  const after = look(before, [record('b', ['a', 'b']), record('c', ['b'])]);

  assert.ok(owned(before).length > owned(after).length);
  for (const key of owned(after)) assert.equal(ownerOf(key, ['a', 'b', 'c']), 'a');
  assert.equal(viewIsOld(after), true);
});

test('a view that was sent and not answered counts beside the one that stands', () => {
  const before = settled();
  const sent = beforeClaim(before, ['a', 'b', 'c']);

  for (const key of owned(sent)) assert.equal(ownerOf(key, ['a', 'b', 'c']), 'a');
  assert.ok(owned(sent).length < owned(before).length);
  // The next look still shows the old one: it may come through yet.
  assert.deepEqual(owned(look(sent, [record('a', ['a', 'b']), record('b', ['a', 'b'])], 1_000)), owned(sent));
  assert.deepEqual(owned(afterClaim(sent, ['a', 'b'])), owned(before));
});

test('a silent member is gone after its duration, by a list that was asked for after it', () => {
  const before = settled();
  const silent = [record('a', ['a', 'b']), record('b', ['a', 'b'])];

  const early = afterLook(before, { records: silent, sentMs: 14_999, receivedMs: 20_000 });
  assert.deepEqual(early.next, ['a', 'b']);
  const late = look(early, silent, 15_000);
  assert.deepEqual(late.next, ['a']);
  assert.deepEqual(
    leftBehind(late).map(({ identity }) => identity),
    ['b'],
  );
  // It stays gone while its Lease stays the same, and counts again when it writes.
  assert.deepEqual(look(late, silent, 16_000).next, ['a']);
  assert.deepEqual(look(late, [record('b', ['a', 'b'], '2')], 16_000).next, ['a', 'b']);
});

test('a Lease that is missing runs out like one that stays the same; a released one is over at once', () => {
  const before = settled();

  assert.deepEqual(look(before, [record('a', ['a', 'b'])], 14_999).next, ['a', 'b']);
  assert.deepEqual(look(look(before, [], 14_999), [], 15_000).next, ['a']);
  assert.deepEqual(look(before, [{ ...record('b', [], '2'), released: true }], 1).next, ['a']);
});

test('members are settled when all have the same view', () => {
  assert.equal(isSettled(settled()), true);
  assert.equal(isSettled(look(settled(), [record('b', ['b'], '2')])), false);
  assert.equal(isSettled(newMembership('a')), false);
});
