import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { createYamlParser } from '../../src/adapters/git/yaml-parser.ts';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import type { KubeObject } from '../../src/api/kube-object.ts';
import { validateManifest } from '../../src/api/validation/manifest.ts';
import { unknownFields } from '../../src/cli/unknown-fields.ts';
import { conditionProblem } from '../../src/core/analysis/expression/program.ts';
import { splitDocuments } from '../../src/core/gitops/yaml-documents.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'src/**/README.md'], { cwd: ROOT }).sort();

/** Every `$ npm run --silent headgate -- ...` in a console block, and what the page says it prints. */
function commandsIn(text: string): readonly { readonly args: readonly string[]; readonly printed: string }[] {
  const blocks = [...text.matchAll(/```console\n(.*?)```/gs)].map((match) => match[1] ?? '');
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .map((part) => part.split(/\n(.*)/s))
      .filter(([command]) => command?.startsWith('npm run --silent headgate -- '))
      .map(([command = '', printed = '']) => ({ args: command.split(' ').slice(5), printed: printed.trimEnd() })),
  );
}

describe('the pages', () => {
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), 'utf8');

    it(`${page} links to what is there`, () => {
      const dead = linksIn(text).filter((link) => !existsSync(join(ROOT, dirname(page), link)));

      assert.deepEqual(dead, []);
    });

    it(`${page} shows manifests without a fault`, () => {
      const blocks = [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1] ?? '');
      const problems = blocks
        .flatMap(splitDocuments)
        .map((document) => createYamlParser().parse(document.text))
        .flatMap((parsed) => ('value' in parsed ? problemsOf(parsed.value) : [parsed.error]));

      assert.deepEqual(problems, []);
    });

    for (const { args, printed } of commandsIn(text)) {
      it(`${page} shows what headgate ${args.join(' ')} prints`, () => {
        const real = execFileSync(process.execPath, ['src/main/headgate.ts', ...args], { cwd: ROOT, encoding: 'utf8' });

        assert.equal(real.trimEnd(), printed);
      });
    }
  }

  it('of the condition language shows conditions that can be evaluated', () => {
    const text = readFileSync(join(ROOT, 'docs/reference/condition-language.md'), 'utf8');
    const conditions = [...text.matchAll(/^\| `(.*(?:result).*?)` \| [a-z]/gm)].map((match) => match[1] ?? '');

    assert.ok(conditions.length > 4);
    for (const condition of conditions) assert.equal(conditionProblem(condition.replaceAll('\\|', '|')), undefined);
  });

  it('of rooms are at most ten lines long', () => {
    const rooms = PAGES.filter((page) => page.startsWith('src'));
    const long = rooms.filter((page) => readFileSync(join(ROOT, page), 'utf8').trimEnd().split('\n').length > 10);

    assert.deepEqual(long, []);
  });

  it('are all within reach of the index', () => {
    const reached = new Set(['docs/README.md']);
    for (const page of reached) {
      for (const link of linksIn(readFileSync(join(ROOT, page), 'utf8'))) {
        const target = join(dirname(page), link);
        if (PAGES.includes(target)) reached.add(target);
      }
    }

    assert.deepEqual(
      PAGES.filter((page) => page.startsWith('docs/') && !reached.has(page)),
      [],
    );
  });
});

/** A part of a manifest is no manifest: only YAML as such can be wrong in it. */
function problemsOf(value: unknown): readonly string[] {
  const object = value as KubeObject;
  if (typeof object.kind !== 'string' || 'spec' in object === false) return [];
  const unknown = unknownFields(object, customResourceDefinitions());
  return isWhole(object) ? [...unknown, ...validateManifest(object).map(({ message }) => message)] : unknown;
}

/** Pages leave out what does not matter to them: a Rollout without pods is a part, too. */
function isWhole(object: KubeObject): boolean {
  return object.kind !== 'Rollout' || 'template' in (object['spec'] as object);
}

/** Targets of links within the repository. */
function linksIn(text: string): readonly string[] {
  return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
}
