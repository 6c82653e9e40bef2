import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { differs, droppedFields } from './drift.ts';

describe('drift', () => {
  const same: readonly (readonly [string, unknown, unknown])[] = [
    ['fields of others', { a: 1 }, { a: 1, b: 2 }],
    ['a quantity in another form', { cpu: '1000m', memory: '1Gi' }, { cpu: '1', memory: '1024Mi' }],
    ['a number where text was written', { cpu: 1 }, { cpu: '1' }],
    ['what the server leaves out when it is empty', { a: {}, b: [], c: null, d: '' }, {}],
    ['items that others added to a list by name', [{ name: 'a', v: 1 }], [{ name: 'x' }, { name: 'a', v: 1, w: 2 }]],
  ];
  for (const [what, desired, live] of same) {
    it(`does not see ${what}`, () => assert.equal(differs(desired, live), undefined));
  }

  const drifted: readonly (readonly [string, unknown, unknown, string])[] = [
    ['a changed leaf', { spec: { replicas: 2 } }, { spec: { replicas: 3 } }, 'spec.replicas'],
    ['a missing leaf', { spec: { image: 'a' } }, { spec: {} }, 'spec.image'],
    ['an item that went', [{ name: 'a' }], [], ''],
    ['a plain list that grew', { args: ['a'] }, { args: ['a', 'b'] }, 'args'],
    ['another quantity', { cpu: '1' }, { cpu: '2' }, 'cpu'],
  ];
  for (const [what, desired, live, path] of drifted) {
    it(`sees ${what}`, () => assert.equal(differs(desired, live), path));
  }

  it('names the fields that the server did not keep', () => {
    const desired = { spec: { good: 1, bad: 2, list: [{ worse: true }] } };

    assert.deepEqual(droppedFields(desired, { spec: { good: 1, list: [{}] } }), ['spec.bad', 'spec.list[0].worse']);
  });
});
