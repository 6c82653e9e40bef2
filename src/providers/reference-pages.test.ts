import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { load } from 'js-yaml';
import type { AnalysisTemplate } from '../api/analysis.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { validateAnalysisTemplate } from '../api/validation/analysis-template.ts';
import { assessResult } from '../core/analysis/assess-measurement.ts';
import type { ExchangeResponse } from '../core/exchange.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { PROVIDERS } from './registry.ts';

/*
 * The example of a page is run as it stands: its template is valid, and with its answers (```json answer or ```csv answer for HTTP,
 * ```yaml object for Kubernetes), in order, its metric is Successful.
 */
for (const provider of PROVIDERS) {
  test(`the page of ${provider.id} has an example that works`, () => {
    const page = readFileSync(
      new URL(`../../docs/reference/providers/${kebab(provider.id)}.md`, import.meta.url),
      'utf8',
    );
    const template = load(blocks(page, 'yaml template')[0] ?? '') as AnalysisTemplate;
    const metric = template.spec.metrics?.[0];
    assert.ok(metric !== undefined, 'a template with a metric');
    const secret = load(blocks(page, 'yaml secret')[0] ?? 'null') as { stringData: Record<string, string> } | null;
    let query: MetricQuery = {
      metric,
      run: { namespace: 'shop', name: 'run', uid: '0b1e1e5c-1f6d-4d5f-9a55-0123456789ab' },
      measurementNumber: 1,
      nowMs: 1_767_225_600_000,
      secrets: [],
      ...(secret === null ? {} : { secret: secret.stringData }),
      ...(provider.id === 'cloudWatch' ? { aws: AWS } : {}),
      options: {},
    };

    assert.deepEqual(validateAnalysisTemplate(template), []);
    assert.equal(
      provider.secretFor?.(metric) !== undefined,
      secret !== null,
      'a Secret on the page where one is needed',
    );
    let step = provider.start(query);
    for (const answer of answersOf(page)) {
      if (step.type === 'wait') {
        query = { ...query, measurement: measurementOf(step.state) };
        step = provider.resume?.(measurementOf(step.state), query) ?? step;
      }
      assert.ok(step.type === 'http' || step.type === 'kubeObject' || step.type === 'kubeList', JSON.stringify(step));
      step = provider.next(step, answer, query);
    }
    assert.equal(phaseOf(step, metric, query.nowMs), 'Successful', JSON.stringify(step));
  });
}

test('the list of providers names every page', () => {
  const list = readFileSync(new URL('../../docs/reference/providers/README.md', import.meta.url), 'utf8');

  for (const { id } of PROVIDERS) assert.ok(list.includes(`(${kebab(id)}.md)`), id);
});

const AWS = { credentials: { accessKeyId: 'AKID', secretAccessKey: 's' }, region: 'eu-west-1' };

function phaseOf(step: ProviderStep, metric: MetricQuery['metric'], nowMs: number): string {
  assert.ok(step.type === 'outcome', JSON.stringify(step));
  return step.outcome.type === 'verdict' ? step.outcome.phase : assessResult(metric, step.outcome.result, nowMs).phase;
}

function answersOf(page: string): readonly ExchangeResponse[] {
  const found = [...page.matchAll(/^```(json answer|csv answer|yaml object|yaml objects)\n([\s\S]*?)^```$/gm)];
  return found.map(([, kind, text = '']): ExchangeResponse => {
    if (kind === 'json answer' || kind === 'csv answer') return { type: 'http', status: 200, headers: {}, body: text };
    if (kind === 'yaml object') return { type: 'kubeObject', object: load(text) as KubeObject | null };
    return { type: 'kubeList', objects: load(text) as KubeObject[] };
  });
}

function blocks(page: string, info: string): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${info}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
}

function measurementOf(state: Readonly<Record<string, string>>) {
  return { phase: 'Running', startedAt: '2026-01-01T00:00:00Z', metadata: state } as const;
}

function kebab(id: string): string {
  return id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
