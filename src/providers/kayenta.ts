import type { Measurement, MetricProvider as Providers } from '../api/analysis.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { formatTimestamp } from '../lib/timestamp.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

type KayentaSettings = NonNullable<Providers['kayenta']>;

const TIMEOUT_MS = 15_000;
const POLL_MS = 15_000;
/** What is recorded of a judgement that is under way. */
const EXECUTION_KEY = 'canaryExecutionId';

/**
 * Lets Kayenta judge, and compares its score with two thresholds.
 *
 *     configurations -> id of the named one -> judgement started -> wait -> score
 */
export const kayenta: MetricProvider = { id: 'kayenta', start, resume, next };

function start(query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.kayenta;
  const base = baseOf(settings?.address ?? '');
  if (settings === undefined || base === undefined) return failed('kayenta address is not a URL; use http://host:port');
  if (!isPlainObject(settings.threshold) || !Array.isArray(settings.scopes)) {
    return failed('kayenta needs threshold and scopes');
  }
  const halfTimed = settings.scopes.find(({ controlScope, experimentScope }) =>
    (['start', 'end'] as const).some((time) => isUnset(controlScope[time]) !== isUnset(experimentScope[time])),
  );
  if (halfTimed !== undefined) {
    return failed(
      `kayenta scope ${halfTimed.name}: set start and end in both controlScope and experimentScope, or in neither`,
    );
  }
  const { application, configurationAccountName } = settings;
  const form = new URLSearchParams({ application, configurationAccountName });
  return ask(query, { method: 'GET', url: `${base}/canaryConfig?${form.toString()}` });
}

function resume(measurement: Measurement, query: MetricQuery): ProviderStep {
  const base = baseOf(query.metric.provider.kayenta?.address ?? '');
  const id = measurement.metadata?.[EXECUTION_KEY] ?? '';
  if (base === undefined || id === '') return failed(`kayenta has no ${EXECUTION_KEY} to ask for`);
  return ask(query, { method: 'GET', url: `${base}/canary/${encodeURIComponent(id)}` });
}

/** Which question was asked: `configurations`, `judge` or `score`. */
function next(exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.kayenta;
  if (settings === undefined || exchange.type !== 'http') return failed('kayenta settings are missing');
  const answer = jsonAnswer(response, 'Kayenta');
  if (!answer.ok) return failed(answer.problem);
  if (query.measurement !== undefined) return readScore(answer.json, settings, query);
  return exchange.method === 'GET' ? judge(answer.json, settings, query) : judging(answer.json, query);
}

function judge(configurations: unknown, settings: KayentaSettings, query: MetricQuery): ProviderStep {
  const known = Array.isArray(configurations) ? configurations.filter(isPlainObject) : [];
  const id = known.find((one) => one['name'] === settings.canaryConfigName)?.['id'];
  if (typeof id !== 'string' || id === '') {
    return failed(`Kayenta has no canary configuration named ${settings.canaryConfigName}`);
  }
  const { application, metricsAccountName, configurationAccountName, storageAccountName, threshold } = settings;
  const form = new URLSearchParams({ application, metricsAccountName, configurationAccountName, storageAccountName });
  const scopes = settings.scopes.map((scope) => [scope.name, scopeRequest(scope, settings, query)]);
  return ask(query, {
    method: 'POST',
    url: `${baseOf(settings.address) ?? ''}/canary/${encodeURIComponent(id)}?${form.toString()}`,
    json: {
      scopes: Object.fromEntries(scopes),
      thresholds: { pass: threshold.pass, marginal: threshold.marginal },
    },
  });
}

type Scope = KayentaSettings['scopes'][number];

/** A scope in Kayenta's own words. One without times covers the last interval, or with `lookback` the whole run. */
function scopeRequest(scope: Scope, settings: KayentaSettings, query: MetricQuery): unknown {
  const intervalMs = parseDurationMs(query.metric.interval ?? '') ?? 0;
  const sinceMs = settings.lookback === true ? query.run.startedAtMs : query.nowMs - intervalMs;
  const detail = ({ scope: name, region, step, start: first, end: last }: Scope['controlScope']): unknown => ({
    scope: name,
    location: region,
    step,
    start: isUnset(first) ? formatTimestamp(sinceMs ?? query.nowMs) : first,
    end: isUnset(last) ? formatTimestamp(query.nowMs) : last,
  });
  return { controlScope: detail(scope.controlScope), experimentScope: detail(scope.experimentScope) };
}

function isUnset(time: string | undefined): boolean {
  return (time ?? '') === '';
}

function judging(json: unknown, query: MetricQuery): ProviderStep {
  const id = isPlainObject(json) ? json[EXECUTION_KEY] : undefined;
  if (typeof id !== 'string' || id === '') return failed(`the answer of Kayenta has no ${EXECUTION_KEY}`);
  return { type: 'wait', resumeAtMs: query.nowMs + POLL_MS, state: { [EXECUTION_KEY]: id } };
}

/** From `pass` on it is Successful, below `marginal` Failed, between them Inconclusive. */
function readScore(json: unknown, settings: KayentaSettings, query: MetricQuery): ProviderStep {
  const { complete, status, result } = fieldsOf(json);
  const id = query.measurement?.metadata?.[EXECUTION_KEY] ?? '';
  if (typeof complete !== 'boolean') return failed('the answer of Kayenta does not say whether it is complete');
  if (!complete) return { type: 'wait', resumeAtMs: query.nowMs + POLL_MS, state: { [EXECUTION_KEY]: id } };
  const judged = fieldsOf(fieldsOf(result)['judgeResult']);
  const score = isPlainObject(judged['score']) ? judged['score']['score'] : undefined;
  if (typeof score !== 'number')
    return failed(`Kayenta ended without a score (status ${typeof status === 'string' ? status : 'unknown'})`);
  const { pass, marginal } = settings.threshold;
  const phase = score >= pass ? 'Successful' : score < marginal ? 'Failed' : 'Inconclusive';
  return {
    type: 'outcome',
    outcome: { type: 'verdict', phase, value: String(Number(score.toFixed(2))), metadata: { [EXECUTION_KEY]: id } },
  };
}

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly json?: unknown;
}

function ask(query: MetricQuery, asked: Asked): ProviderStep {
  return jsonQuestion({ ...asked, timeoutMs: TIMEOUT_MS, secrets: query.secrets });
}
