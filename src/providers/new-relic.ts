import type { Metric } from '../api/analysis.ts';
import { fromJson } from '../core/analysis/expression/value.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep, SecretRequest } from './contract.ts';

const SECRET_NAME = 'newrelic';
const DEFAULT_TIMEOUT_SECONDS = 10;
/** What NerdGraph gives a query at most. */
const TIMEOUT_SECONDS_MAX = 120;

const ADDRESSES: Readonly<Record<string, string>> = {
  us: 'https://api.newrelic.com/graphql',
  eu: 'https://api.eu.newrelic.com/graphql',
};

const QUESTION = `query($account: Int!, $nrql: Nrql!, $timeout: Seconds) {
  actor { account(id: $account) { nrql(query: $nrql, timeout: $timeout) { results } } }
}`;

/** Asks New Relic by NRQL, through NerdGraph. */
export const newRelic: MetricProvider = {
  id: 'newRelic',
  start,
  next,
  secretFor,
  metadata: (metric: Metric) => {
    const text = metric.provider.newRelic?.query ?? '';
    const metadata: Readonly<Record<string, string>> = text === '' ? {} : { ResolvedNewRelicQuery: text };
    return metadata;
  },
};

function secretFor(metric: Metric): SecretRequest {
  const profile = metric.provider.newRelic?.profile ?? '';
  return {
    place: 'controller',
    name: profile === '' ? SECRET_NAME : profile,
    openKeys: ['account-id', 'region', 'base-url-nerdgraph', 'base-url-rest'],
  };
}

function start(query: MetricQuery): ProviderStep {
  const { query: nrql = '', timeout = 0 } = query.metric.provider.newRelic ?? {};
  if (nrql === '') return failed('newRelic query is empty');
  if (timeout < 0 || timeout > TIMEOUT_SECONDS_MAX)
    return failed(`newRelic timeout is not within 0-${TIMEOUT_SECONDS_MAX}`);
  const { name } = secretFor(query.metric);
  const key = query.secret?.['personal-api-key'] ?? '';
  const account = query.secret?.['account-id'] ?? '';
  if (key === '' || account === '') return failed(`secret "${name}" with personal-api-key and account-id not found`);
  if (!/^\d{1,15}$/.test(account)) return failed(`account-id in secret "${name}" is not a number`);
  const region = query.secret?.['region'] || 'us';
  const url = query.secret?.['base-url-nerdgraph'] || ADDRESSES[region.toLowerCase()];
  if (url === undefined || baseOf(url) === undefined) {
    return failed(`region in secret "${name}" is not us or eu; for another place set base-url-nerdgraph`);
  }
  const seconds = timeout === 0 ? DEFAULT_TIMEOUT_SECONDS : timeout;
  return jsonQuestion({
    method: 'POST',
    url,
    headers: { 'api-key': key },
    json: { query: QUESTION, variables: { account: Number(account), nrql, timeout: seconds } },
    // Time for the way there and back, beside the query itself.
    timeoutMs: (seconds + 5) * 1_000,
    secrets: query.secrets,
  });
}

function next(_exchange: Exchange, response: ExchangeResponse): ProviderStep {
  const answer = jsonAnswer(response, 'New Relic');
  if (!answer.ok) return failed(answer.problem);
  const errors = isPlainObject(answer.json) ? answer.json['errors'] : undefined;
  if (Array.isArray(errors) && errors.length > 0) return failed(`New Relic: ${errors.map(messageOf).join('; ')}`);
  const results = below(answer.json, ['data', 'actor', 'account', 'nrql', 'results']);
  if (!Array.isArray(results) || !results.every(isPlainObject)) return failed('the answer of New Relic has no results');
  if (results.length === 0) return failed('no results returned from NRQL query');
  const value: unknown = results.length === 1 ? results[0] : results;
  return { type: 'outcome', outcome: { type: 'result', result: fromJson(value), value: JSON.stringify(value) } };
}

function messageOf(error: unknown): string {
  return isPlainObject(error) && typeof error['message'] === 'string' ? error['message'] : 'an error without a message';
}

function below(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const name of path) current = isPlainObject(current) ? current[name] : undefined;
  return current;
}
