import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileJsonPath, simplePath } from './json-path.ts';

const OBJECT = {
  spec: { replicas: 3, steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 40 }], 'a.b/c': 'odd' },
  status: {
    conditions: [
      { type: 'Ready', status: 'True', age: 5 },
      { type: 'Paused', status: 'False', age: 9 },
    ],
  },
};

describe("Kubernetes' JSONPath", () => {
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['.spec.replicas', [3]],
    ['{.spec.replicas}', [3]],
    ['$.spec.replicas', [3]],
    ['.spec.missing', []],
    ['.spec.steps[0].setWeight', [20]],
    ['.spec.steps[-1].setWeight', [40]],
    ['.spec.steps[*].setWeight', [20, 40]],
    ['.spec.steps[1:].setWeight', [40]],
    ['.spec.steps[0,2].setWeight', [20, 40]],
    ['.spec.steps[::2].setWeight', [20, 40]],
    [".spec['replicas','a.b/c']", [3, 'odd']],
    ["['spec']['a.b/c']", ['odd']],
    ['.spec.a\\.b/c', ['odd']],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    ["{.status.conditions[?(@.type == 'Paused')].status}", ['False']],
    ['.status.conditions[?(@.type!="Ready")].type', ['Paused']],
    ['.status.conditions[?(@.age>6)].type', ['Paused']],
    ['.status.conditions[?(@.type == "a==b")].type', []],
    ['.status.conditions[?("Ready" == @.type)].age', [5]],
    ['.status.conditions[?( @.age <= 5 )].type', ['Ready']],
    ['.status[?(@[?(@.age>6)])][0].age', [5]],
    ['.spec.steps[?(@.pause)].pause', [{}]],
    ['..setWeight', [20, 40]],
  ];
  for (const [path, expected] of cases) {
    it(`reads ${path}`, () => assert.deepEqual(compileJsonPath(path)(OBJECT), expected));
  }

  it('refuses what does not parse', () => {
    assert.throws(() => compileJsonPath('.a[0'), /unterminated/);
    assert.throws(() => compileJsonPath('.a[b]'), /invalid array index/);
  });

  it('refuses to go on where a path multiplies what it finds', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 60; depth += 1) nested = [nested, nested];
    assert.throws(() => compileJsonPath('........x')(nested), /finds more than/);
  });

  it('refuses to go on where a filter reads on and on', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 3_000; depth += 1) nested = [nested];
    assert.throws(() => compileJsonPath('..[?(@..a==1)]')(nested), /finds more than/);
  });

  it('refuses a filter of blanks at once', () => {
    const path = `[?(${' '.repeat(100_000)}a==${' '.repeat(100_000)}b]`;
    assert.throws(() => compileJsonPath(path), /unrecognized value/);
  });

  it('gives the field names of a simple path', () => {
    assert.deepEqual(simplePath('.spec.replicas'), ['spec', 'replicas']);
  });
});
