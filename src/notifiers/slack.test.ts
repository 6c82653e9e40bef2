import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import type { Notice } from '../core/notification/notice.ts';
import { slack } from './slack.ts';

const TARGET = { recipient: 'C123', credential: 'xoxb-1' };
const NOTICE: Notice = {
  type: 'rolloutAborted',
  key: 'abort/u1/4/2026-01-01T00:00:00Z',
  namespace: 'prod',
  rollout: 'shop',
  revision: 4,
  reason: 'Rollout aborted update to revision 4: Step-based analysis phase error/failed: metric "errors" <bad>',
  atMs: 1_767_225_600_000,
  step: { index: 2, count: 8, title: 'setWeight: 20' },
  analysisRun: 'shop-new1-4-2',
  metric: { name: 'errors', phase: 'Failed', value: '[0.31]', condition: 'result[0] < 0.05' },
  badCommit: 'bad1234',
  revert: { type: 'pushed', commit: 'fix5678', branch: 'main' },
};

test('posts one message with step, metric, value, condition and revert commit', () => {
  const exchange = slack.render(NOTICE, TARGET);

  assert.ok(exchange.type === 'http');
  assert.equal(exchange.method, 'POST');
  assert.equal(exchange.url, 'https://slack.com/api/chat.postMessage');
  assert.deepEqual(exchange.headers, {
    authorization: 'Bearer xoxb-1',
    accept: 'application/json',
    'content-type': 'application/json; charset=utf-8',
  });
  const field = (text: string) => ({ type: 'mrkdwn', text, verbatim: true });
  assert.deepEqual(JSON.parse(exchange.body ?? ''), {
    channel: 'C123',
    text: 'Rollout prod/shop aborted revision 4: metric errors was [0.31], judged by result[0] &lt; 0.05',
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: 'Aborted: prod/shop, revision 4', emoji: false } },
      {
        type: 'section',
        text: field(
          'Rollout aborted update to revision 4: Step-based analysis phase error/failed: metric "errors" &lt;bad&gt;',
        ),
      },
      {
        type: 'section',
        fields: [
          field('*Step*\n3/8 (setWeight: 20)'),
          field('*Metric*\nerrors'),
          field('*Value*\n[0.31]'),
          field('*Condition*\nresult[0] &lt; 0.05'),
          field('*Commit*\nbad1234'),
          field('*Git*\nreverted by fix5678 on main'),
        ],
      },
      { type: 'context', elements: [field('AnalysisRun shop-new1-4-2')] },
    ],
    metadata: { event_type: 'headgate_notice', event_payload: { key: 'abort/u1/4/2026-01-01T00:00:00Z' } },
    unfurl_links: false,
    unfurl_media: false,
  });
});

test('cuts long texts where Slack would refuse them, without tearing an escaped character', () => {
  const exchange = slack.render({ ...NOTICE, reason: '<'.repeat(5_000), rollout: 'r'.repeat(300) }, TARGET);

  assert.ok(exchange.type === 'http');
  const [header, section] = (JSON.parse(exchange.body ?? '') as { blocks: { text: { text: string } }[] }).blocks;
  assert.equal(header?.text.text.length, 150);
  assert.ok((section?.text.text.length ?? 9_999) <= 3_000);
  assert.match(section?.text.text ?? '', /^(&lt;)+…$/);
});

test('says plainly when nothing was reverted', () => {
  const text = (notice: Notice): string => {
    const exchange = slack.render(notice, TARGET);
    return exchange.type === 'http' ? (exchange.body ?? '') : '';
  };

  assert.ok(text({ ...NOTICE, revert: { type: 'off' } }).includes('no revert'));
  assert.ok(
    text({ ...NOTICE, revert: { type: 'refused', message: 'HEAD moved' } }).includes('not reverted: HEAD moved'),
  );
});

test('takes ok for delivered', () => {
  assert.deepEqual(slack.delivered(answer({ ok: true, ts: '1.2' })), { type: 'delivered' });
});

const FAILURES = [
  { error: 'invalid_auth', cause: 'userMustAct', maybeDelivered: false, says: /token/ },
  { error: 'channel_not_found', cause: 'userMustAct', maybeDelivered: false, says: /channel id/ },
  { error: 'not_in_channel', cause: 'userMustAct', maybeDelivered: false, says: /invite/ },
  { error: 'missing_scope', cause: 'userMustAct', maybeDelivered: false, says: /chat:write/ },
  { error: 'ratelimited', cause: 'transient', maybeDelivered: false, says: /ratelimited/ },
  { error: 'internal_error', cause: 'transient', maybeDelivered: true, says: /internal_error/ },
] as const;

for (const { error, cause, maybeDelivered, says } of FAILURES) {
  test(`tells what to do about ${error}`, () => {
    const outcome = slack.delivered(answer({ ok: false, error }));

    assert.ok(outcome.type === 'failed');
    assert.equal(outcome.cause, cause);
    assert.equal(outcome.maybeDelivered, maybeDelivered);
    assert.match(outcome.message, says);
  });
}

test('waits as long as Slack asks for', () => {
  const outcome = slack.delivered({ type: 'http', status: 429, headers: { 'retry-after': '17' }, body: '' });

  assert.ok(outcome.type === 'failed');
  assert.equal(outcome.retryAfterMs, 17_000);
  assert.equal(outcome.maybeDelivered, false);
});

test('a lost connection may have delivered', () => {
  const outcome = slack.delivered({ type: 'failed', message: 'slack.com broke the connection' });

  assert.ok(outcome.type === 'failed' && outcome.maybeDelivered);
});

test('looks for the key among the messages since the abort, page by page', () => {
  const first = slack.search(NOTICE, TARGET);
  assert.ok(first.type === 'http');
  assert.equal(
    first.url,
    'https://slack.com/api/conversations.history?channel=C123&oldest=1767225300&limit=200&include_all_metadata=true',
  );
  const second = slack.found(
    first,
    answer({ ok: true, messages: [message('other')], response_metadata: { next_cursor: 'n1' } }),
    NOTICE,
  );
  assert.ok(second.type === 'http');
  assert.equal(new URL(second.url).searchParams.get('cursor'), 'n1');

  assert.deepEqual(slack.found(second, answer({ ok: true, messages: [message(NOTICE.key)] }), NOTICE), {
    type: 'found',
  });
  assert.deepEqual(slack.found(second, answer({ ok: true, messages: [] }), NOTICE), { type: 'absent' });
});

test('stops looking after a bounded number of pages', () => {
  let exchange: Exchange = slack.search(NOTICE, TARGET);
  let pages = 1;
  for (; pages < 100; pages += 1) {
    const next = slack.found(
      exchange,
      answer({ ok: true, messages: [], response_metadata: { next_cursor: 'x' } }),
      NOTICE,
    );
    if (next.type !== 'http') break;
    exchange = next;
  }

  assert.equal(pages, 10);
});

test('knows when a token cannot read the history', () => {
  const outcome = slack.found(slack.search(NOTICE, TARGET), answer({ ok: false, error: 'missing_scope' }), NOTICE);

  assert.equal(outcome.type, 'unreadable');
});

test('speaks to another server when told to', () => {
  const exchange = slack.render(NOTICE, { ...TARGET, apiUrl: 'http://127.0.0.1:8080/api' });

  assert.equal(exchange.type === 'http' && exchange.url, 'http://127.0.0.1:8080/api/chat.postMessage');
});

function answer(body: unknown): ExchangeResponse {
  return { type: 'http', status: 200, headers: {}, body: JSON.stringify(body) };
}

function message(key: string) {
  return { text: 'x', metadata: { event_type: 'headgate_notice', event_payload: { key } } };
}
