import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  it('says how configuration is versioned where an annotation is not understood', () => {
    const versioned = (value: string): string =>
      rollout(20).replace(
        '{ name: shop }',
        `{ name: shop, annotations: { headgate.dev/versioned-config: '${value}' } }`,
      );
    writeFileSync(join(directory, 'good.yaml'), versioned('configmap/settings, secret/login'));
    writeFileSync(join(directory, 'bad.yaml'), versioned('settings'));

    const good = lintVerb({ filename: [join(directory, 'good.yaml')], format: 'text' }, yaml);
    const bad = lintVerb({ filename: [join(directory, 'bad.yaml')], format: 'text' }, yaml);

    assert.equal(good.exitCode, 0);
    assert.match(
      bad.text,
      /Rollout\/shop: metadata\.annotations\[headgate\.dev\/versioned-config\]: Invalid value: "settings": use true, or configmap\/NAME and secret\/NAME/,
    );
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

  const routed = (more: string): string =>
    rollout(20)
      .replace('strategy: {', 'strategy:\n    {')
      .replace(
        'canary: {',
        `canary: { stableService: stable, canaryService: canary, trafficRouting: { nginx: { stableIngress: shop } }, `,
      )
      .replace('name: shop }', `name: shop${more} }`);
  const serviceOf = (app: string, more = ''): string =>
    `---\napiVersion: v1\nkind: Service\nmetadata: { name: stable${more} }\nspec: { selector: { app: ${app} }, ports: [{ port: 80 }] }\n`;

  it('checks Services and Ingresses that the files hold', () => {
    const ingress = `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: shop }
spec: { defaultBackend: { service: { name: other, port: { number: 80 } } } }
`;
    writeFileSync(join(directory, 'bad.yaml'), routed('') + serviceOf('other') + ingress);

    const { text } = lintVerb({ filename: [join(directory, 'bad.yaml')], format: 'text' }, yaml);

    assert.match(text, /Service "stable" has unmatch label "app" in rollout/);
    assert.match(text, /ingress `shop` has no rules using service stable backend/);
  });

  it('looks at the objects that are nearest: the same file, folder, and no other namespace or group', () => {
    const folder = mkdtempSync(join(tmpdir(), 'headgate-lint-'));
    after(() => rmSync(folder, { recursive: true }));
    for (const env of ['dev', 'prod']) mkdirSync(join(folder, env));
    writeFileSync(join(folder, 'dev', 'all.yaml'), routed('') + serviceOf('shop'));
    writeFileSync(join(folder, 'dev', 'elsewhere.yaml'), serviceOf('other'));
    writeFileSync(join(folder, 'prod', 'rollout.yaml'), routed(', namespace: prod'));
    writeFileSync(join(folder, 'prod', 'service.yaml'), serviceOf('shop', ', namespace: prod'));
    writeFileSync(join(folder, 'prod', 'another.yaml'), serviceOf('other', ', namespace: staging'));
    const knative = serviceOf('other', ', namespace: prod').replace(
      'apiVersion: v1',
      'apiVersion: serving.knative.dev/v1',
    );
    writeFileSync(join(folder, 'prod', 'zz.yaml'), knative);

    assert.deepEqual(lintVerb({ filename: [folder], format: 'text' }, yaml), {
      text: '7 objects, 0 problems',
      exitCode: 0,
    });
  });

  it('says in the words of the API what is missing or of the wrong type', () => {
    const wrong = rollout(20)
      .replace('spec:', 'spec:\n  replicas: many')
      .replace(/strategy: .*/, 'strategy: []');
    writeFileSync(join(directory, 'bad.yaml'), `${wrong}---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\n`);

    const { text } = lintVerb({ filename: [join(directory, 'bad.yaml')], format: 'text' }, yaml);

    assert.match(text, /spec\.replicas: Invalid value: "many": expected number/);
    assert.match(text, /Rollout\/: spec: Required value$/m);
  });

  it('leaves kinds of others alone that have the same name', () => {
    writeFileSync(
      join(directory, 'bad.yaml'),
      rollout(120).replace('argoproj.io/v1alpha1', 'rollouts.kruise.io/v1beta1'),
    );

    assert.equal(lintVerb({ filename: [join(directory, 'bad.yaml')], format: 'text' }, yaml).exitCode, 0);
  });

  it('reads what the API server lists, from standard input too', () => {
    const list = { apiVersion: 'argoproj.io/v1alpha1', kind: 'RolloutList', items: [yaml.parse(rollout(120))] };
    const items = list.items.map((parsed) => ('value' in parsed ? parsed.value : undefined));
    const program = join(import.meta.dirname, '..', 'main', 'headgate.ts');

    const { stdout, status } = spawnSync(process.execPath, [program, 'lint', '-f', '-', '-o', 'json'], {
      input: JSON.stringify({ ...list, items }),
      encoding: 'utf8',
    });

    assert.equal(status, 1);
    assert.deepEqual(
      JSON.parse(stdout).findings.map(({ file, object }: { file: string; object: string }) => [file, object]),
      [['-', 'Rollout/shop']],
    );
  });

  it('writes SARIF that names each place', () => {
    writeFileSync(join(directory, 'bad.yaml'), rollout(120));

    const { text } = lintVerb({ filename: [join(directory, 'bad.yaml')], format: 'sarif' }, yaml);

    const { runs } = JSON.parse(text);
    assert.equal(runs[0].results.length, 1);
    assert.equal(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri, join(directory, 'bad.yaml'));
  });

  const templateOf = (metric: string, more = ''): string => `
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: errors }
spec:
  args: [{ name: count, value: '3' }]
  ${more}
  metrics: [{ name: a, ${metric} }]
`;
  const prometheus = "provider: { prometheus: { query: q, address: 'http://p' } }";
  const sky = (query: string): string =>
    `successCondition: 'true', provider: { skywalking: { address: 'http://s', query: '${query}' } }`;
  const NEVER = 'metric-never-fails';
  const NO_DATA = 'skywalking-no-data';
  const WARNINGS: readonly (readonly [what: string, template: string, rule?: string, message?: string])[] = [
    ['no condition', templateOf(prometheus), NEVER, 'spec.metrics[0]: any value is good; say with'],
    ['no condition, in a dry run', templateOf(prometheus, 'dryRun: [{ metricName: a }]')],
    ['a condition', templateOf(`successCondition: 'result[0] > 1', ${prometheus}`)],
    [
      'as many failures as there are',
      templateOf(`successCondition: 'true', count: 3, interval: 1m, failureLimit: 3, ${prometheus}`),
      NEVER,
      '.failureLimit: 3 allows all 3 measurements to fail; allow fewer than there are',
    ],
    [
      'a failure of one',
      templateOf(`successCondition: 'true', failureLimit: 1, ${prometheus}`),
      NEVER,
      '1 allows the only measurement to fail',
    ],
    ['fewer failures', templateOf(`successCondition: 'true', count: 3, interval: 1m, failureLimit: 2, ${prometheus}`)],
    ['failures of many', templateOf(`successCondition: 'true', interval: 1m, failureLimit: 3, ${prometheus}`)],
    [
      'a count that a run knows',
      templateOf(`successCondition: 'true', count: '{{args.count}}', interval: 1m, failureLimit: 3, ${prometheus}`),
    ],
    [
      'no limit',
      templateOf(
        `successCondition: 'true', count: 3, interval: 1m, failureLimit: -1, consecutiveSuccessLimit: 2, ${prometheus}`,
      ),
    ],
    [
      'a Job',
      templateOf(
        'provider: { job: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: c, image: i }] } } } } }',
      ),
    ],
    [
      'one number of SkyWalking',
      templateOf(sky('{ a: readMetricsValue(duration: $duration) }')),
      NO_DATA,
      'spec.metrics[0].provider.skywalking.query: readMetricsValue answers 0 where there is no data; ask for execExpression',
    ],
    [
      'numbers of SkyWalking',
      templateOf(sky('{ a: readMetricsValues { values { values { value } } } }')),
      NO_DATA,
      'readMetricsValues answers 0 where there is no data; ask for isEmptyValue, too',
    ],
    [
      'numbers of SkyWalking that tell',
      templateOf(sky('{ a: readMetricsValues { values { values { value isEmptyValue } } } }')),
    ],
    ['one number of SkyWalking that tells', templateOf(sky('{ a: readNullableMetricsValue { value isEmptyValue } }'))],
  ];
  for (const [what, template, rule, message = ''] of WARNINGS) {
    it(`${rule === undefined ? 'does not warn' : `warns (${rule})`}: ${what}`, () => {
      const file = join(directory, 'warn.yaml');
      writeFileSync(file, template);
      const lint = (format: 'text' | 'json' | 'sarif') => lintVerb({ filename: [file], format }, yaml);

      assert.equal(lint('text').exitCode, 0);
      if (rule === undefined) return assert.equal(lint('text').text, '1 object, 0 problems');
      assert.match(
        lint('text').text,
        /warn\.yaml:1: warning: AnalysisTemplate\/errors: .*\n1 object, 0 problems, 1 warning$/,
      );
      assert.ok(lint('text').text.includes(message), lint('text').text);
      const [finding] = JSON.parse(lint('json').text).findings;
      assert.deepEqual([finding.level, finding.rule], ['warning', rule]);
      const [run] = JSON.parse(lint('sarif').text).runs;
      assert.deepEqual([run.results[0].level, run.results[0].ruleId], ['warning', rule]);
      assert.deepEqual(run.tool.driver.rules, [{ id: rule }]);
    });
  }
});
