import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createYamlParser } from './yaml-parser.ts';

describe('YAML with the scalar rules of Kubernetes', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['0644', 420],
    ['0o644', 420],
    ['0x10', 16],
    ['1_000', 1000],
    ['-7', -7],
    ['1.50', 1.5],
    ['yes', true],
    ['Off', false],
    ['"yes"', 'yes'],
    ['2001-12-14', '2001-12-14'],
    ['1:30', '1:30'],
    ['08', 8],
    ['1.2.3', '1.2.3'],
    ['~', null],
    ['', null],
    ['10e3', 10_000],
  ];
  for (const [text, value] of cases) {
    it(`reads ${JSON.stringify(text)} as ${JSON.stringify(value)}`, () => {
      assert.deepEqual(createYamlParser().parse(`v: ${text}`), { value: { v: value } });
    });
  }

  it('merges merge keys', () => {
    const text = 'a: &a {k: 1, m: 2}\nb:\n  <<: *a\n  m: 3\n';

    assert.deepEqual(createYamlParser().parse(text), { value: { a: { k: 1, m: 2 }, b: { k: 1, m: 3 } } });
  });

  it('names the line of an error', () => {
    const result = createYamlParser().parse('a: 1\nb:\n  - x\n c: 2\n');

    assert.ok('error' in result);
    assert.equal(result.line, 4);
  });

  it('refuses a few aliases that stand for very much', () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}, *l${level}]`,
    );

    assert.ok('error' in createYamlParser().parse(`l0: &l0 [x, x]\n${levels.join('\n')}\n`));
  });

  it('refuses a bomb of aliases and a well of brackets', () => {
    const bomb = `a: &a [x]\n${Array.from({ length: 1_200 }, () => '- *a')
      .join('\n')
      .replace(/^/, 'b:\n')}`;

    assert.ok('error' in createYamlParser().parse(bomb));
    assert.ok('error' in createYamlParser().parse('['.repeat(5_000)));
  });
});
