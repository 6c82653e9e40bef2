import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandArguments } from './connection-options.ts';

describe('the arguments of the program', () => {
  const CASES: readonly (readonly [string, string])[] = [
    ['get rollout shop -n web', 'get rollout shop -n web'],
    ['-n web get rollout shop', 'get rollout shop -n web'],
    ['--context=dev -n web abort shop', 'abort shop --context=dev -n web'],
    ['--no-color list', 'list --no-color'],
    ['status shop --watch=false', 'status shop --no-watch'],
    ['status shop -w=true', 'status shop -w'],
    ['controller --namespace web', 'controller --namespace web'],
    ['--help', '--help'],
    ['-n web', '-n web'],
  ];

  for (const [typed, parsed] of CASES) {
    it(`reads ${typed}`, () => {
      assert.equal(commandArguments(typed.split(' ')).join(' '), parsed);
    });
  }
});
