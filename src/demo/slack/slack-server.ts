import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../../lib/clock.ts';

export interface SlackMessage {
  readonly ts: string;
  readonly channel: string;
  readonly text: string;
  readonly metadata?: { readonly event_type: string; readonly event_payload: Readonly<Record<string, unknown>> };
  /** Everything that was sent. */
  readonly sent: Readonly<Record<string, unknown>>;
}

export interface SlackServer {
  readonly server: Server;
  readonly messages: () => readonly SlackMessage[];
}

/** More messages than this are not kept: something is sending in a loop. */
const MESSAGES_MAX = 1_000;

/**
 * The part of Slack's Web API that a notifier calls: `auth.test`, `chat.postMessage`, and `conversations.history` with
 * metadata, under `/api/`. As Slack does, it answers 200 with `ok: false` and an error code where something is wrong.
 */
export function createSlackServer(options: { readonly clock: Clock; readonly token: string }): SlackServer {
  const messages: SlackMessage[] = [];
  let sequence = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://slack');
    const method = url.pathname.replace(/^\/api\//, '');
    const parameters = { ...Object.fromEntries(url.searchParams), ...(await readParameters(request)) };
    const authorization = request.headers.authorization;
    if (authorization === undefined) return send(response, { ok: false, error: 'not_authed' });
    if (authorization !== `Bearer ${options.token}`) return send(response, { ok: false, error: 'invalid_auth' });
    switch (method) {
      case 'auth.test':
        return send(response, { ok: true, user: 'headgate', team: 'demo' });
      case 'chat.postMessage':
        return send(response, post(parameters));
      case 'conversations.history':
        return send(response, history(parameters));
      default:
        return send(response, { ok: false, error: 'unknown_method' });
    }
  }

  function post(parameters: Readonly<Record<string, unknown>>): unknown {
    const { channel, text, blocks, attachments } = parameters;
    if (typeof channel !== 'string' || channel === '') return { ok: false, error: 'channel_not_found' };
    if (text === undefined && blocks === undefined && attachments === undefined) return { ok: false, error: 'no_text' };
    if (messages.length >= MESSAGES_MAX) return { ok: false, error: 'message_limit_exceeded' };
    const ts = `${Math.floor(options.clock.nowMs() / 1_000)}.${String(++sequence).padStart(6, '0')}`;
    const metadata = parseMaybe(parameters['metadata']) as SlackMessage['metadata'];
    const message = { ts, channel, text: typeof text === 'string' ? text : '', metadata, sent: parameters };
    messages.push(message);
    return { ok: true, channel, ts, message: { type: 'message', ts, text: message.text, metadata } };
  }

  function history(parameters: Readonly<Record<string, unknown>>): unknown {
    const { channel, oldest = '0' } = parameters;
    if (typeof channel !== 'string' || channel === '') return { ok: false, error: 'channel_not_found' };
    const withMetadata =
      String(parameters['include_all_metadata']) === 'true' || String(parameters['include_all_metadata']) === '1';
    const limit = Math.min(999, Number(parameters['limit'] ?? 100) || 100);
    const found = messages
      .filter((message) => message.channel === channel && Number(message.ts) > Number(oldest))
      .reverse();
    return {
      ok: true,
      messages: found
        .slice(0, limit)
        .map(({ ts, text, metadata }) => ({ type: 'message', ts, text, ...(withMetadata ? { metadata } : {}) })),
      has_more: found.length > limit,
    };
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => send(response, { ok: false, error: 'invalid_json' }));
  });
  return { server, messages: () => [...messages] };
}

/** A larger body is refused. */
const BODY_BYTES_MAX = 262_144;

async function readParameters(request: IncomingMessage): Promise<Record<string, unknown>> {
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    body += chunk.toString('utf8');
    if (body.length > BODY_BYTES_MAX) throw new Error('body too large');
  }
  if (body === '') return {};
  if (request.headers['content-type']?.startsWith('application/json') === true)
    return JSON.parse(body) as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(body));
}

/** In form-encoded calls nested values are JSON texts. */
function parseMaybe(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
}

function send(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
