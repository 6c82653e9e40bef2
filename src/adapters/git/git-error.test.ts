import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gitErrorFrom } from './git-error.ts';

test('a message holds no part of a secret, also where one begins like another', () => {
  const output = "fatal: unable to access 'https://head:headgate-s3cret@git.example.com/': headgate-s3cret was refused";

  const { message } = gitErrorFrom('pushing', output, ['headgate', 'headgate-s3cret']);

  assert.doesNotMatch(message, /s3cret/);
  assert.match(message, /^pushing: fatal: unable to access 'https:\/\/git\.example\.com\/'/);
});
