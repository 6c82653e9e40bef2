import type { Exchange, ExchangeResponse, HttpExchange } from '../core/exchange.ts';
import type { DeliveryFailure, DeliveryOutcome, SearchOutcome } from '../core/notification/delivery.ts';
import { headlineOf } from '../core/notification/notice.ts';
import type { Notice, RevertState } from '../core/notification/notice.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { RESPONSE_BYTES_MAX, TIMEOUT_MS } from './contract.ts';
import type { Notifier, NotificationTarget } from './contract.ts';

/** Slack, by its Web API with a bot token. For the search the token needs channels:history, and the recipient a channel's id. */
export const slack: Notifier = { id: 'slack', render, delivered, search, found };

const API_URL = 'https://slack.com/api';
/** Characters that Slack takes in a text, a header, a section and a field. */
const LIMITS = { text: 4_000, header: 150, section: 3_000, field: 2_000 };
const EVENT_TYPE = 'headgate_notice';

function render(notice: Notice, target: NotificationTarget): HttpExchange {
  const message = {
    channel: target.recipient,
    text: truncate(escape(headlineOf(notice)), LIMITS.text),
    blocks: blocksOf(notice),
    metadata: { event_type: EVENT_TYPE, event_payload: { key: notice.key } },
    unfurl_links: false,
    unfurl_media: false,
  };
  return {
    ...requestTo(target),
    method: 'POST',
    url: `${apiUrlOf(target)}/chat.postMessage`,
    headers: { ...headersFor(target), 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(message),
  };
}

function blocksOf(notice: Notice): readonly unknown[] {
  const { namespace, rollout, revision, step, metric } = notice;
  const title = truncate(escape(`Aborted: ${namespace}/${rollout}, revision ${revision}`), LIMITS.header);
  const fields = [
    step === undefined ? undefined : field('Step', stepText(step)),
    metric === undefined ? undefined : field('Metric', metric.name),
    metric?.value === undefined ? undefined : field('Value', metric.value),
    metric?.condition === undefined ? undefined : field('Condition', metric.condition),
    notice.badCommit === undefined ? undefined : field('Commit', notice.badCommit),
    field('Git', revertText(notice.revert)),
  ].filter((one) => one !== undefined);
  const context = [notice.analysisRun === undefined ? undefined : `AnalysisRun ${notice.analysisRun}`, metric?.message];
  const note = truncate(escape(context.filter((text) => text !== undefined).join(' · ')), LIMITS.field);
  return [
    { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
    {
      type: 'section',
      text: { type: 'mrkdwn', text: truncate(escape(notice.reason), LIMITS.section) || '-', verbatim: true },
    },
    { type: 'section', fields },
    ...(note === '' ? [] : [{ type: 'context', elements: [{ type: 'mrkdwn', text: note, verbatim: true }] }]),
  ];
}

function field(title: string, value: string): unknown {
  return { type: 'mrkdwn', text: truncate(`*${title}*\n${escape(value)}`, LIMITS.field), verbatim: true };
}

function stepText(step: NonNullable<Notice['step']>): string {
  const number = `${step.index + 1}/${step.count}`;
  return step.title === undefined ? number : `${number} (${step.title})`;
}

function revertText(revert: RevertState): string {
  switch (revert.type) {
    case 'off':
      return 'no revert';
    case 'pending':
      return 'revert not pushed yet';
    case 'pushed':
      return `reverted by ${revert.commit}${revert.branch === undefined ? '' : ` on ${revert.branch}`}`;
    case 'refused':
      return `not reverted: ${revert.message}`;
  }
}

/** The three characters that Slack's markup is made of; with them harmless, so are links and mentions. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Cut so that neither a character nor an escaped one is torn. */
function truncate(text: string, length: number): string {
  if (text.length <= length) return text;
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$|&[a-z]{0,3}$/, '')}…`;
}

function requestTo(
  target: NotificationTarget,
): Pick<HttpExchange, 'type' | 'timeoutMs' | 'maxResponseBytes' | 'secrets'> {
  return { type: 'http', timeoutMs: TIMEOUT_MS, maxResponseBytes: RESPONSE_BYTES_MAX, secrets: [target.credential] };
}

function headersFor(target: NotificationTarget): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${target.credential}`, accept: 'application/json' };
}

function apiUrlOf(target: NotificationTarget): string {
  return target.apiUrl ?? API_URL;
}

/** Errors that pass by themselves; all others need a person. */
const TRANSIENT_ERRORS = new Set([
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'internal_error',
  'fatal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
  'accesslimited',
  'external_channel_migrating',
]);
/** Of these, Slack may have taken the message. */
const UNCLEAR_ERRORS = new Set(['internal_error', 'fatal_error', 'request_timeout', 'service_unavailable']);

const ADVICE: Readonly<Record<string, string>> = {
  invalid_auth: 'the token is not valid; put a bot token (xoxb-…) into the Secret',
  not_authed: 'there is no token; put a bot token (xoxb-…) into the Secret',
  token_revoked: 'the token was revoked; put a new one into the Secret',
  token_expired: 'the token is over; put a new one into the Secret',
  account_inactive: 'the account of the token is gone; put a new token into the Secret',
  missing_scope: 'the token lacks a scope; it needs chat:write, and channels:history to send exactly once',
  channel_not_found: 'there is no such channel, or the app is not in it; use the channel id and invite the app',
  not_in_channel: 'the app is not in the channel; invite it',
  is_archived: 'the channel is archived; use another one',
};

/** Slack answers 200 with `ok: false` where something is wrong. */
function delivered(response: ExchangeResponse): DeliveryOutcome {
  const answer = answerOf(response);
  return answer.ok ? { type: 'delivered' } : answer.failure;
}

type Answer =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly failure: DeliveryFailure; readonly error?: string };

function answerOf(response: ExchangeResponse): Answer {
  if (response.type === 'failed') return { ok: false, failure: transient(response.message) };
  if (response.type !== 'http') return { ok: false, failure: transient('Slack was not asked') };
  if (response.status === 429) {
    const seconds = Number(response.headers['retry-after'] ?? '');
    const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 30_000;
    const failure = { ...transient('Slack limits the rate of messages'), maybeDelivered: false, retryAfterMs };
    return { ok: false, failure };
  }
  const body = parse(response.body);
  if (body === undefined || response.status >= 500) {
    return { ok: false, failure: transient(`Slack answered status ${response.status} without a readable answer`) };
  }
  if (body['ok'] === true) return { ok: true, body };
  const error = typeof body['error'] === 'string' ? body['error'] : `status ${response.status}`;
  return { ok: false, failure: failureOf(error), error };
}

function failureOf(error: string): DeliveryFailure {
  const advice = ADVICE[error];
  return {
    type: 'failed',
    cause: TRANSIENT_ERRORS.has(error) ? 'transient' : 'userMustAct',
    maybeDelivered: UNCLEAR_ERRORS.has(error),
    message: advice === undefined ? `Slack refused: ${error}` : `Slack refused (${error}): ${advice}`,
  };
}

/** No answer, or one that nobody can read: the message may have arrived. */
function transient(message: string): DeliveryFailure {
  return { type: 'failed', cause: 'transient', maybeDelivered: true, message };
}

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const PAGE_SIZE = 200;
/** Pages looked through: 2,000 messages since the abort are more than a channel for people has. */
const PAGES_MAX = 10;
/** The clock of Slack may be behind ours. */
const CLOCK_SKEW_MS = 300_000;

/** The channel's messages since the abort, with their metadata. */
function search(notice: Notice, target: NotificationTarget): HttpExchange {
  const query = new URLSearchParams({
    channel: target.recipient,
    oldest: String(Math.floor((notice.atMs - CLOCK_SKEW_MS) / 1_000)),
    limit: String(PAGE_SIZE),
    include_all_metadata: 'true',
  });
  const url = `${apiUrlOf(target)}/conversations.history?${query.toString()}`;
  return { ...requestTo(target), method: 'GET', url, headers: headersFor(target) };
}

/** Errors that say that this token can never read this channel; looking is then not possible, sending may be. */
const UNREADABLE_ERRORS = new Set([
  'missing_scope',
  'not_in_channel',
  'channel_not_found',
  'no_permission',
  'not_allowed_token_type',
  'access_denied',
  'enterprise_is_restricted',
  'method_not_supported_for_channel_type',
  'unknown_method',
]);

function found(exchange: Exchange, response: ExchangeResponse, notice: Notice): SearchOutcome | Exchange {
  const answer = answerOf(response);
  if (!answer.ok) {
    if (answer.error === undefined || !UNREADABLE_ERRORS.has(answer.error)) return answer.failure;
    return { type: 'unreadable', message: answer.failure.message };
  }
  const { messages } = answer.body;
  if (!Array.isArray(messages)) return { type: 'unreadable', message: 'Slack answered no messages' };
  if (messages.some((message) => keyOf(message) === notice.key)) return { type: 'found' };
  return nextPage(exchange, answer.body) ?? { type: 'absent' };
}

function keyOf(message: unknown): unknown {
  if (!isPlainObject(message) || !isPlainObject(message['metadata'])) return undefined;
  const payload = message['metadata']['event_payload'];
  return isPlainObject(payload) ? payload['key'] : undefined;
}

function nextPage(exchange: Exchange, body: Readonly<Record<string, unknown>>): HttpExchange | undefined {
  if (exchange.type !== 'http' || !isPlainObject(body['response_metadata'])) return undefined;
  const cursor = body['response_metadata']['next_cursor'];
  if (typeof cursor !== 'string' || cursor === '') return undefined;
  const url = new URL(exchange.url);
  const page = Number(url.searchParams.get('page') ?? '1') + 1;
  if (page > PAGES_MAX) return undefined;
  url.searchParams.set('cursor', cursor);
  // Slack ignores parameters that it does not know; this one only counts.
  url.searchParams.set('page', String(page));
  return { ...exchange, url: url.toString() };
}
