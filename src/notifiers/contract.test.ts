import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import type { ExchangeResponse } from '../core/exchange.ts';
import type { Notice } from '../core/notification/notice.ts';
import type { NotificationTarget } from './contract.ts';
import { NOTIFIERS, notifierOf } from './registry.ts';

const TARGET: NotificationTarget = { recipient: 'C123', credential: 's3cret' };
const NOTICE: Notice = {
  type: 'rolloutAborted',
  key: 'abort/u1/4/2026-01-01T00:00:00Z',
  namespace: 'prod',
  rollout: 'shop',
  revision: 4,
  reason: 'Step-based analysis phase error/failed',
  atMs: 1_767_225_600_000,
  revert: { type: 'off' },
};
const HOSTILE = '<!channel> & <http://evil|click> *b* _i_ `c` \n'.repeat(2_000);
const HOSTILE_NOTICE: Notice = {
  ...NOTICE,
  namespace: HOSTILE,
  rollout: HOSTILE,
  reason: HOSTILE,
  step: { index: 0, count: 1, title: HOSTILE },
  analysisRun: HOSTILE,
  badCommit: HOSTILE,
  metric: { name: HOSTILE, phase: 'Failed', value: HOSTILE, condition: HOSTILE, message: HOSTILE },
  revert: { type: 'refused', message: HOSTILE },
};
const UNCLEAR: readonly ExchangeResponse[] = [
  { type: 'failed', message: 'slack.com did not answer in 15 s' },
  { type: 'waited' },
  ...['', 'null', '[]', '{}', '{"ok":"true"}', '<html>', '{"ok":false}'].flatMap((body) =>
    [200, 302, 400, 401, 404, 429, 500, 503].map((status): ExchangeResponse => ({
      type: 'http',
      status,
      headers: {},
      body,
    })),
  ),
];

for (const notifier of NOTIFIERS) {
  test(`${notifier.id}: sends the key of the notice with the message`, () => {
    const exchange = notifier.render(NOTICE, TARGET);

    assert.ok(exchange.type === 'http');
    assert.ok(exchange.body?.includes(NOTICE.key));
  });

  test(`${notifier.id}: bounds its exchanges and marks the credential as secret`, () => {
    for (const exchange of [notifier.render(NOTICE, TARGET), notifier.search(NOTICE, TARGET)]) {
      assert.ok(exchange.type === 'http');
      assert.ok(exchange.timeoutMs > 0 && exchange.maxResponseBytes > 0);
      assert.deepEqual(exchange.secrets, ['s3cret']);
      assert.ok(!`${exchange.url}${exchange.body ?? ''}`.includes('s3cret'));
    }
  });

  test(`${notifier.id}: keeps texts of any length and content within limits and without links or mentions`, () => {
    const exchange = notifier.render(HOSTILE_NOTICE, TARGET);

    assert.ok(exchange.type === 'http');
    assert.ok((exchange.body?.length ?? 0) < 40_000);
    assert.ok(!exchange.body?.includes('<!channel>'));
  });

  test(`${notifier.id}: takes nothing but a clear yes for delivered`, () => {
    for (const response of UNCLEAR) {
      const outcome = notifier.delivered(response);
      assert.equal(outcome.type, 'failed', JSON.stringify(response));
      assert.ok(!JSON.stringify(outcome).includes('s3cret'));
    }
  });

  test(`${notifier.id}: never says that a message is absent when the answer does not show it`, () => {
    for (const response of UNCLEAR) {
      const outcome = notifier.found(notifier.search(NOTICE, TARGET), response, NOTICE);
      assert.ok(outcome.type === 'failed' || outcome.type === 'unreadable', JSON.stringify(response));
    }
  });
}

test('the registry and the folder agree', () => {
  const infrastructure = new Set(['contract.ts', 'registry.ts']);
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !infrastructure.has(name))
    .map((name) => name.replace('.ts', ''));

  assert.deepEqual(
    files,
    NOTIFIERS.map((notifier) => notifier.id),
  );
  assert.equal(notifierOf('slack'), NOTIFIERS[0]);
  assert.equal(notifierOf('fax'), undefined);
});
