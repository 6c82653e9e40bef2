import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { OpenApiSchema } from '../resource.ts';
import { ruleProblem } from './cel.ts';

const schema: OpenApiSchema = {
  type: 'object',
  properties: {
    low: { type: 'integer' },
    parts: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
    byName: { type: 'object', additionalProperties: { type: 'object', properties: { size: { type: 'integer' } } } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

const cases = [
  { rule: 'self.low > 1', problem: undefined },
  { rule: 'self.nothing > 1', problem: /undefined field 'nothing'/ },
  { rule: '!has(self.low) || has(self.nothing)', problem: /undefined field 'nothing'/ },
  { rule: 'self.low == oldSelf.nothing', problem: /undefined field 'nothing'/ },
  { rule: 'self.parts.all(p, p.name != "")', problem: undefined },
  { rule: 'self.parts.exists(p, p.nme != "")', problem: /undefined field 'nme'/ },
  { rule: 'self.parts[0].nme == "a"', problem: /undefined field 'nme'/ },
  { rule: 'self.byName["a"].size > 1', problem: undefined },
  { rule: 'self.byName["a"].sze > 1', problem: /undefined field 'sze'/ },
  { rule: 'self.byName.all(key, self.byName[key].size > 1)', problem: undefined },
  { rule: 'self.free.anything == 1', problem: undefined },
  { rule: 'self.low >', problem: /compilation failed/ },
];
for (const { rule, problem } of cases) {
  it(`${rule} ${problem === undefined ? 'compiles' : 'is refused'}`, () => {
    const found = ruleProblem({ rule }, schema);
    if (problem === undefined) assert.equal(found, undefined);
    else assert.match(found ?? '', problem);
  });
}
