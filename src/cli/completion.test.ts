import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { KINDS } from '../api/kinds.ts';
import { candidatesFor, completionScript, completionText, type Grammar } from './completion.ts';

const NAMESPACE = { flags: ['-n', '--namespace'], takesValue: true, choices: [], takesFile: false };
const OUTPUT = { flags: ['-o', '--output'], takesValue: true, choices: ['json', 'yaml'], takesFile: false };
const FILE = { flags: ['-f', '--filename'], takesValue: true, choices: [], takesFile: true };
const verb = (name: string): Grammar['verbs'][number] => ({
  name,
  options: [NAMESPACE],
  kinds: [KINDS.rollout],
  kindWords: [],
});
const GRAMMAR: Grammar = {
  verbs: [
    { ...verb('get'), options: [NAMESPACE, OUTPUT], kindWords: ['rollout', 'experiment'] },
    verb('promote'),
    verb('set image'),
    { ...verb('lint'), options: [FILE], kinds: [] },
  ],
};

describe('completion', () => {
  const CASES: readonly (readonly [string, string, string | undefined])[] = [
    ['', 'get promote set lint', undefined],
    ['pro', 'promote', undefined],
    ['set ', 'image', undefined],
    ['promote ', '', 'Rollout'],
    ['promote -n web sh', '', 'Rollout'],
    ['promote -n ', '', undefined],
    ['get ', 'rollout experiment', 'Rollout'],
    ['get experiment ', '', 'Experiment'],
    ['get --o', '--output', undefined],
    ['get shop -o ', 'json yaml', undefined],
    ['get shop --output=j', '--output=json', undefined],
    ['get shop --output = j', 'json', undefined],
    ['get shop --output =', 'json yaml', undefined],
    ['set ""', 'image', undefined],
    ['set image ', '', 'Rollout'],
  ];

  for (const [line, words, names] of CASES) {
    it(`after "${line}" offers ${words || 'no words'}${names === undefined ? '' : ` and names of ${names}s`}`, () => {
      const found = candidatesFor(GRAMMAR, line.split(' '));

      assert.equal(found.words.join(' '), words);
      assert.equal(found.namesOf?.kind, names);
    });
  }

  it('leaves files to the shell', () => {
    const found = candidatesFor(GRAMMAR, ['lint', '-f', '']);

    assert.equal(completionText(found.words, found), ':0');
  });

  it('has a script that bash can read', () => {
    const checked = spawnSync('bash', ['-n'], { input: completionScript('bash'), encoding: 'utf8' });

    assert.equal(checked.status, 0, checked.stderr);
  });

  it('says which shells there are', () => {
    assert.throws(() => completionScript('csh'), /completion is for bash, zsh, fish, powershell/);
  });
});
