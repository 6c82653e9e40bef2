import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fieldsOf } from './fields-of.ts';

test('JSON that is no object has no fields', () => {
  assert.deepEqual(fieldsOf({ status: 'ok' }), { status: 'ok' });
  for (const value of [undefined, null, 'ok', 7, [{ status: 'ok' }]]) assert.deepEqual(fieldsOf(value), {});
});
