import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { jsonAnswer } from '../core/web/answer.ts';
import { baseOf, jsonQuestion } from '../core/web/question.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

const TIMEOUT_MS = 10_000;
const STATUS_PATH = '/api/v2/status';
const ALERTS_PATH = '/api/v2/alerts';
/** Names of alerts in a message; more tell nobody more. */
const NAMES_MAX = 5;

/**
 * Asks Alertmanager whether an alert fires. No alert is good news only from a server that works, so its status is asked
 * for first.
 */
export const alertmanager: MetricProvider = { id: 'alertmanager', start, next };

function start(query: MetricQuery): ProviderStep {
  const { address = '', filter = [] } = query.metric.provider.alertmanager ?? {};
  if (baseOf(address) === undefined) return failed('alertmanager address is not a URL; use http://host:port');
  // Without a filter every alert of the cluster would decide about this workload.
  if (filter.length === 0)
    return failed('alertmanager filter is empty; name the alerts of this workload, such as app="checkout"');
  return ask(query, STATUS_PATH);
}

function ask(query: MetricQuery, path: string): ProviderStep {
  const base = baseOf(query.metric.provider.alertmanager?.address ?? '') ?? '';
  return jsonQuestion({ method: 'GET', url: `${base}${path}`, timeoutMs: TIMEOUT_MS, secrets: query.secrets });
}

function next(exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  const answer = jsonAnswer(response, 'Alertmanager');
  if (!answer.ok) return failed(answer.problem);
  const isStatus = exchange.type === 'http' && new URL(exchange.url).pathname.endsWith(STATUS_PATH);
  return isStatus ? readStatus(answer.json, query) : readAlerts(answer.json);
}

/** A single server has its cluster `disabled`; one that is `settling` may not know of all alerts yet. */
function readStatus(json: unknown, query: MetricQuery): ProviderStep {
  const { cluster, versionInfo } = fieldsOf(json);
  if (!isPlainObject(cluster) || !isPlainObject(versionInfo)) return failed('who answers is no Alertmanager');
  const { status } = cluster;
  if (status !== 'ready' && status !== 'disabled') {
    return failed(`Alertmanager is not ready: its cluster is ${typeof status === 'string' ? status : 'unknown'}`);
  }
  const form = new URLSearchParams({ active: 'true', silenced: 'false', inhibited: 'false', unprocessed: 'false' });
  for (const matcher of query.metric.provider.alertmanager?.filter ?? []) form.append('filter', matcher);
  return ask(query, `${ALERTS_PATH}?${form.toString()}`);
}

function readAlerts(json: unknown): ProviderStep {
  if (!Array.isArray(json) || !json.every(isPlainObject))
    return failed('the answer of Alertmanager is no list of alerts');
  const value = String(json.length);
  if (json.length === 0) return { type: 'outcome', outcome: { type: 'verdict', phase: 'Successful', value } };
  const names = [...new Set(json.map(nameOf))].toSorted();
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : '';
  const message = `firing: ${names.slice(0, NAMES_MAX).join(', ')}${more}`;
  return { type: 'outcome', outcome: { type: 'verdict', phase: 'Failed', value, message } };
}

function nameOf({ labels }: Readonly<Record<string, unknown>>): string {
  const name = isPlainObject(labels) ? labels['alertname'] : undefined;
  return typeof name === 'string' ? name : '(unnamed)';
}
