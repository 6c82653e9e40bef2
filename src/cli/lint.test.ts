import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createYamlParser } from '../adapters/git/yaml-parser.ts';
import { lintVerb } from './lint.ts';

describe('headgate lint', () => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-lint-'));
  const yaml = createYamlParser();
  after(() => rmSync(directory, { recursive: true }));
  const rollout = (weight: number): string => `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: shop }
spec:
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec: { containers: [{ name: main, image: 'shop:2' }] }
  strategy: { canary: { steps: [{ setWeight: ${weight} }] } }
`;

  it('finds nothing in a good manifest', () => {
    writeFileSync(join(directory, 'good.yaml'), rollout(20));

    const result = lintVerb({ filename: [join(directory, 'good.yaml')], format: 'text' }, yaml);

    assert.deepEqual(result, { text: '1 object, 0 problems', exitCode: 0 });
  });

  it('names file, line, object and what to do, through whole folders', () => {
    writeFileSync(join(directory, 'bad.yaml'), `# first\n---${rollout(120)}---\nkind: [\n`);

    const { text, exitCode } = lintVerb({ filename: [directory], format: 'text' }, yaml);

    assert.equal(exitCode, 1);
    assert.match(text, /bad\.yaml:\d+: Rollout\/shop: spec\.strategy\.steps\[0\]\.setWeight: Invalid value: 120/);
    assert.match(text, /bad\.yaml:\d+: malformed YAML/);
  });

  it('finds fields that would be dropped, and conditions that can never be evaluated', () => {
    const template = `
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: errors }
spec:
  metrics:
    - { name: a, sucessCondition: 'true', failureCondition: 'result[0 >', provider: { prometheus: { query: q } } }
    - { name: b, successCondition: 'result[0] < {{args.max}}', provider: { prometheus: { query: q } } }
`;
    const labels = rollout(20).replace('labels: { app: shop }', 'labels: { app: shop }, anything: kept');
    writeFileSync(join(directory, 'bad.yaml'), `${template}---${labels.replace('spec:', 'spec:\n  replica: 3')}`);

    const { text } = lintVerb({ filename: [join(directory, 'bad.yaml')], format: 'text' }, yaml);

    assert.deepEqual(
      text.split('\n').map((line) => line.replace(/^.*bad\.yaml:\d+: /, '')),
      [
        'AnalysisTemplate/errors: spec.metrics[0].sucessCondition: there is no such field; it would be dropped',
        'AnalysisTemplate/errors: spec.metrics[0].failureCondition: unexpected token EOF',
        'Rollout/shop: spec.replica: there is no such field; it would be dropped',
        '2 objects, 3 problems',
      ],
    );
  });

  it('writes SARIF that names each place', () => {
    writeFileSync(join(directory, 'bad.yaml'), rollout(120));

    const { text } = lintVerb({ filename: [join(directory, 'bad.yaml')], format: 'sarif' }, yaml);

    const { runs } = JSON.parse(text);
    assert.equal(runs[0].results.length, 1);
    assert.equal(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, join(directory, 'bad.yaml'));
  });
});
