import assert from 'node:assert/strict';
import type { Metric } from '../../src/api/analysis.ts';
import { assessResult } from '../../src/core/analysis/assess-measurement.ts';
import type { ExchangeResponse, HttpExchange } from '../../src/core/exchange.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from '../../src/providers/contract.ts';

/** 2026-01-01T00:00:00Z. */
export const NOW_MS = 1_767_225_600_000;

/** A measurement of one metric, for tests of providers. */
export function providerQuery(provider: Metric['provider'], more: Partial<MetricQuery> = {}): MetricQuery {
  return {
    metric: { name: 'errors', provider },
    run: { namespace: 'shop', name: 'run', uid: '0b1e1e5c-1f6d-4d5f-9a55-0123456789ab' },
    measurementNumber: 1,
    nowMs: NOW_MS,
    secrets: [],
    options: {},
    ...more,
  };
}

export function startHttp(provider: MetricProvider, query: MetricQuery): HttpExchange {
  const step = provider.start(query);
  assert.ok(step.type === 'http', JSON.stringify(step));
  return step;
}

export function httpAnswer(body: unknown, status = 200): ExchangeResponse {
  return { type: 'http', status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** The recorded value, and the phase under a success condition. */
export function judged(step: ProviderStep, successCondition: string): readonly [value: string, phase: string] {
  assert.ok(step.type === 'outcome' && step.outcome.type === 'result', `no result but ${step.type}`);
  const { phase } = assessResult({ successCondition }, step.outcome.result, NOW_MS);
  return [step.outcome.value, phase];
}

export function errorOf(step: ProviderStep): string {
  assert.ok(step.type === 'outcome' && step.outcome.type === 'verdict', JSON.stringify(step));
  assert.equal(step.outcome.phase, 'Error');
  return step.outcome.message ?? '';
}
