import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { hex, hmacSha256, sha256 } from './sha256.ts';

test('digests are those of the standard', () => {
  const digest = (text: string): string => hex(sha256(new TextEncoder().encode(text)));

  assert.equal(digest(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(digest('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('digests and codes are those of node, for every length around a block', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 150 }),
      fc.string(),
      (bytes, key, text) => {
        assert.equal(hex(sha256(bytes)), createHash('sha256').update(bytes).digest('hex'));
        assert.equal(hex(hmacSha256(key, text)), createHmac('sha256', key).update(text).digest('hex'));
      },
    ),
  );
});
