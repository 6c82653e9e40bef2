import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

/** What each shell says to a line that is being typed, a candidate a line; `(files)` where it looks for them itself. */
interface Shell {
  readonly name: string;
  readonly flags: readonly string[];
  /** A program for the shell that reads the script of completion and asks for the candidates of `words`. */
  readonly question: (words: readonly string[]) => string;
}

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    flags: ['--norc', '--noprofile'],
    question: (words) => `
source <(headgate completion bash)
compopt() { echo '(files)'; }
COMP_WORDS=(headgate ${words.map(quoted).join(' ')}); COMP_CWORD=${words.length}
_headgate
printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  {
    name: 'zsh',
    flags: ['-f'],
    question: (words) => `
compdef() { true }; compset() { true }
_files() { print '(files)' }
compadd() { shift; print -l -- "$@" }
source <(headgate completion zsh)
words=(headgate ${words.map(quoted).join(' ')}); CURRENT=$#words
_headgate`,
  },
  {
    name: 'fish',
    flags: ['--no-config'],
    question: (words) => `
headgate completion fish | source
function __fish_complete_path; echo $argv[1]'(files)'; end
complete -C ${quoted(['headgate', ...words].join(' '))} | string replace -r '^.*\\(files' '(files'
true`,
  },
];

const CASES: readonly (readonly [string, readonly string[], string])[] = [
  ['the start of a verb', ['pro'], 'promote'],
  ['the second word of a verb', ['set', ''], 'image'],
  ['an option', ['list', '--all'], '--all-namespaces'],
  ['a value after its option', ['get', 'shop', '-o', ''], 'json text wide yaml'],
  ['a value beside files', ['plan', '-f', 'shop.yaml', '-o', 'j'], 'json'],
  ['a file', ['lint', '--filename', 'sho'], '(files)'],
  ['a file beside an option that takes no file', ['plan', '-o', 'json', '-f', 'sho'], '(files)'],
  ['another file', ['get', '--kubeconfig', 'con'], '(files)'],
];

describe('completion in the shells themselves', () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headgate-completion-'));
    await symlink(process.execPath, join(folder, 'node'));
    const program = resolve('bin/headgate.mjs');
    await writeFile(join(folder, 'headgate'), `#!/bin/sh\nexec node ${program} "$@"\n`, { mode: 0o755 });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const shell of SHELLS) {
    for (const [title, words, expected] of CASES) {
      it(`${shell.name} completes ${title}`, async (t) => {
        const env = { ...process.env, HOME: folder, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
        const said = await ask(shell, words, env);
        if (said === undefined) return t.skip(`${shell.name} is not installed`);
        assert.equal(said, expected);
      });
    }
  }

  it('bash completes a value that is joined to its option, which it takes for three words', async (t) => {
    const [bash] = SHELLS;
    assert.ok(bash !== undefined);
    const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
    const said = await ask(bash, ['get', '--output', '=', 'j'], env);
    if (said === undefined) return t.skip('bash is not installed');
    assert.equal(said, 'json');
  });
});

async function ask(shell: Shell, words: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(shell.name, [...shell.flags, '-c', shell.question(words)], { env });
    return stdout.split('\n').filter(Boolean).toSorted().join(' ');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function quoted(word: string): string {
  return `'${word}'`;
}
