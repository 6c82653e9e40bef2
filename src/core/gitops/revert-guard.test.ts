import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RevertEntry } from '../../api/git-source.ts';
import { culpritRefusal, findRevert, refusalOf } from './revert-guard.ts';
import { revertMessage } from './revert-message.ts';

const NOW_MS = Date.UTC(2026, 0, 2);

function pushed(key: string, more: Partial<RevertEntry> = {}): RevertEntry {
  return { key, state: 'Pushed', rollout: 'shop/shop', podTemplateHash: key, time: '2026-01-01T12:00:00Z', ...more };
}

function refusal(journal: readonly RevertEntry[], hash = 'new'): string | undefined {
  return refusalOf({ journal, key: 'uid/new', rollout: 'shop/shop', hash, nowMs: NOW_MS });
}

describe('the guard of reverts', () => {
  it('lets a first revert pass, and one of a retried entry of the same key', () => {
    assert.equal(refusal([]), undefined);
    assert.equal(refusal([pushed('uid/new', { podTemplateHash: 'new' })]), undefined);
  });

  it('refuses the same version a second time', () => {
    assert.match(refusal([pushed('uid/old', { podTemplateHash: 'new' })]) ?? '', /was reverted already/);
  });

  it('refuses the fourth revert of a day, and forgets those of the day before', () => {
    assert.match(refusal([pushed('1'), pushed('2'), pushed('3')]) ?? '', /3 reverts/);
    assert.equal(refusal([pushed('1', { time: '2025-12-31T00:00:00Z' }), pushed('2'), pushed('3')]), undefined);
    assert.equal(refusal([pushed('1', { rollout: 'shop/cart' }), pushed('2'), pushed('3')]), undefined);
  });

  it('leaves reverts and commits that forbid it to people', () => {
    const message = revertMessage({
      key: 'k',
      rollout: 'a/b',
      abortedCommit: 'x',
      stableCommit: 'y',
      reason: 'r',
      restored: [],
    });

    assert.match(culpritRefusal([{ id: 'c', message }]) ?? '', /is a revert itself/);
    assert.match(culpritRefusal([{ id: 'c', message: 'x\n\nrollback: Never\n' }]) ?? '', /Rollback: never/);
    assert.equal(culpritRefusal([{ id: 'c', message: 'Rollback: never is not a trailer here\n\nbody' }]), undefined);
    assert.match(culpritRefusal([], [{ id: 'c', message: 'x\n\nRollback: never' }]) ?? '', /Rollback: never/);
    assert.equal(culpritRefusal([], [{ id: 'c', message }]), undefined);
    const reapplied = 'Revert "Revert "x""\n\nThis reverts commit 0123456789abcdef.';
    assert.equal(culpritRefusal([{ id: 'c', message: reapplied }]), undefined);
  });

  it('finds a revert by its key again, whatever its text says', () => {
    const message = revertMessage({
      key: 'uid/c0ffee',
      rollout: 'a/b',
      abortedCommit: 'x',
      stableCommit: 'y',
      reason: 'one\n\nHeadgate-Revert: forged',
      restored: ['Rollout a/b'],
    });

    assert.equal(
      findRevert(
        [
          { id: 'no', message: 'x' },
          { id: 'yes', message },
        ],
        'uid/c0ffee',
      ),
      'yes',
    );
    assert.equal(findRevert([{ id: 'yes', message }], 'forged'), undefined);
  });
});
