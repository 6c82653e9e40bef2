import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createYamlParser } from '../adapters/git/yaml-parser.ts';
import { planVerb, type PlanVerbOptions } from './plan.ts';

describe('headgate plan', () => {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-plan-'));
  const yaml = createYamlParser();
  after(() => rmSync(directory, { recursive: true }));

  function plan(text: string, options: Partial<PlanVerbOptions> = {}): ReturnType<typeof planVerb> {
    const file = join(directory, 'rollout.yaml');
    writeFileSync(file, text);
    const defaults = { podStartMs: 2_000, analysisMs: 60_000, resumeAfterMs: 0, install: false, json: false };
    return planVerb({ filename: [file], ...defaults, ...options }, yaml);
  }

  const rollout = (steps: string): string => `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: shop }
spec:
  replicas: 4
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec: { containers: [{ name: main, image: 'shop:2' }] }
  strategy: { canary: { maxUnavailable: 0, maxSurge: 1, steps: ${steps} } }
`;

  it('shows the steps in order, with sizes and waits', () => {
    const { text, exitCode } = plan(rollout('[{ setWeight: 25 }, { pause: { duration: 30 } }]'));

    assert.equal(exitCode, 0);
    const rows = text
      .split('\n')
      .slice(3)
      .map((line) => line.split(/ {3,}/).slice(0, 4));
    assert.deepEqual(rows[0], ['0s', '1/2 setWeight: 25', '4', '1']);
    assert.ok(rows.some(([at, step]) => at === '2s' && step === '2/2 pause: 30'));
    assert.match(text, /^shop: an update takes \d+s, when pods start in 2s/);
    assert.doesNotMatch(text, /1970/);
  });

  it('counts the waits for people', () => {
    const { text } = plan(rollout('[{ setWeight: 25 }, { pause: {} }]'));

    assert.match(text, /and 1 wait for somebody to promote it/);
  });

  it('says what is wrong with a spec, and fails', () => {
    const { text, exitCode } = plan(rollout('[{ setWeight: 120 }]'));

    assert.equal(exitCode, 1);
    assert.match(text, /The Rollout "shop" is invalid: spec\.strategy\.steps\[0\]\.setWeight: Invalid value: 120/);
  });

  it('names the line of malformed YAML', () => {
    const { text, exitCode } = plan('kind: Rollout\nmetadata: { name: shop\nspec: 1\n');

    assert.equal(exitCode, 1);
    assert.match(text, /rollout\.yaml:\d+: malformed YAML/);
  });
});
