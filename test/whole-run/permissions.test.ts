import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unusedRights } from '../../src/adapters/kube/permissions.ts';
import { sharedGuard } from '../support/shared-guard.ts';

// The guard throws on a call that the table does not allow: that proves the table complete in every scenario. The other
// half can be told only after all of them, so this folder sorts behind the scenarios.
const skip = process.env['HEADGATE_TEST_SELECTION'] === 'all' ? undefined : 'only after all scenarios of a whole run';

describe('the table of permissions', { skip }, () => {
  it('is used to the last right', () => {
    assert.deepEqual(unusedRights(sharedGuard.used()), []);
  });
});
