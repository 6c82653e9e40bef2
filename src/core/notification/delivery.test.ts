import assert from 'node:assert/strict';
import { test } from 'node:test';

import { NEW_DELIVERY, afterSearch, afterSend, failureEvent, nextDeliveryStep } from './delivery.ts';
import type { DeliveryFailure, DeliveryState } from './delivery.ts';
import { abortKey } from './notice.ts';
import type { Notice } from './notice.ts';
import { isNotified, withNotified } from './notified.ts';
import { recipientsOf } from './subscriptions.ts';

const AT_MS = 1_767_225_600_000;
const NOTICE: Notice = {
  type: 'rolloutAborted',
  key: 'k',
  namespace: 'prod',
  rollout: 'shop',
  revision: 4,
  reason: 'r',
  atMs: AT_MS,
  revert: { type: 'off' },
};
const FRESH: DeliveryState = { ...NEW_DELIVERY, notified: false };
const LOST: DeliveryFailure = { type: 'failed', cause: 'transient', maybeDelivered: true, message: 'no answer' };
const LIMITED: DeliveryFailure = { ...LOST, maybeDelivered: false, retryAfterMs: 90_000 };
const REFUSED: DeliveryFailure = { type: 'failed', cause: 'userMustAct', maybeDelivered: false, message: 'bad token' };

test('looks before it sends for the first time, since another process may have sent and crashed', () => {
  assert.deepEqual(nextDeliveryStep(NOTICE, FRESH, AT_MS), { type: 'search' });
  assert.deepEqual(nextDeliveryStep(NOTICE, afterSearch(FRESH, { type: 'absent' }, AT_MS), AT_MS), { type: 'send' });
  assert.deepEqual(nextDeliveryStep(NOTICE, afterSearch(FRESH, { type: 'found' }, AT_MS), AT_MS), { type: 'done' });
});

test('sends when the history cannot be read: at least once is better than never', () => {
  const state = afterSearch(FRESH, { type: 'unreadable', message: 'no scope' }, AT_MS);

  assert.deepEqual(nextDeliveryStep(NOTICE, state, AT_MS), { type: 'send' });
});

test('is done once it was delivered', () => {
  const sent = afterSend(afterSearch(FRESH, { type: 'absent' }, AT_MS), { type: 'delivered' }, AT_MS);

  assert.deepEqual(nextDeliveryStep(NOTICE, sent, AT_MS), { type: 'done' });
});

test('looks again after an attempt that may have been delivered, and only then', () => {
  const ready = afterSearch(FRESH, { type: 'absent' }, AT_MS);

  assert.deepEqual(nextDeliveryStep(NOTICE, afterSend(ready, LOST, AT_MS), AT_MS + 1_000), { type: 'search' });
  assert.deepEqual(nextDeliveryStep(NOTICE, afterSend(ready, REFUSED, AT_MS), AT_MS + 30_000), { type: 'send' });
});

test('waits longer after each failure, and at least as long as the service asks for', () => {
  const wait = (state: DeliveryState): number => {
    const step = nextDeliveryStep(NOTICE, state, AT_MS);
    return step.type === 'wait' ? step.untilMs - AT_MS : 0;
  };
  let state = afterSend(FRESH, LOST, AT_MS);
  const waits = [wait(state)];
  for (let failure = 0; failure < 8; failure += 1) {
    state = afterSend(afterSearch(state, { type: 'absent' }, AT_MS), LOST, AT_MS);
    waits.push(wait(state));
  }

  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  assert.equal(wait(afterSend(FRESH, LIMITED, AT_MS)), 90_000);
  assert.equal(wait(afterSend(FRESH, REFUSED, AT_MS)), 30_000);
});

test('a failed search is retried like a failed send', () => {
  const state = afterSearch(FRESH, LOST, AT_MS);

  assert.deepEqual(nextDeliveryStep(NOTICE, state, AT_MS), {
    type: 'wait',
    untilMs: AT_MS + 1_000,
    reason: 'no answer',
  });
  assert.deepEqual(nextDeliveryStep(NOTICE, state, AT_MS + 1_000), { type: 'search' });
});

test('holds the one message back until the revert is settled, but not for ever', () => {
  const pending: Notice = { ...NOTICE, revert: { type: 'pending' } };

  assert.equal(nextDeliveryStep(pending, FRESH, AT_MS).type, 'wait');
  assert.equal(nextDeliveryStep(pending, FRESH, AT_MS + 60_000).type, 'search');
  assert.equal(nextDeliveryStep({ ...NOTICE, revert: { type: 'pushed', commit: 'c' } }, FRESH, AT_MS).type, 'search');
});

test('gives up after a day, with the reason', () => {
  const step = nextDeliveryStep(NOTICE, afterSend(FRESH, REFUSED, AT_MS), AT_MS + 24 * 3_600_000 + 1);

  assert.ok(step.type === 'giveUp');
  assert.match(step.message, /prod\/shop.*bad token/);
});

test('makes a failure visible as an event', () => {
  assert.deepEqual(failureEvent('slack', REFUSED), {
    type: 'Warning',
    reason: 'NotificationFailed',
    message: 'telling slack failed: bad token; it is tried again when that is put right',
  });
});

test('records what was told by key and recipient, beside the entries of others', () => {
  const told = { key: 'k', recipient: 'slack:C1' };
  const annotation = withNotified('{"on-rollout-aborted:x:slack:C1":1}', told, AT_MS);

  assert.equal(isNotified(annotation, told), true);
  assert.equal(isNotified(annotation, { ...told, recipient: 'slack:C2' }), false);
  assert.equal(isNotified('not json', told), false);
  assert.ok(annotation.includes('on-rollout-aborted:x:slack:C1'));
});

test('keeps a bounded number of own entries, the latest ones', () => {
  let annotation: string | undefined;
  for (let index = 0; index < 50; index += 1) {
    annotation = withNotified(annotation, { key: `k${index}`, recipient: 'r' }, AT_MS + index * 1_000);
  }

  assert.equal(Object.keys(JSON.parse(annotation ?? '')).length, 20);
  assert.ok(isNotified(annotation, { key: 'k49', recipient: 'r' }));
  assert.ok(!isNotified(annotation, { key: 'k0', recipient: 'r' }));
});

test('another abort of the same version has another key', () => {
  const abort = { uid: 'u', hash: 'abc', abortedAt: '2026-01-01T00:00:00Z' };

  assert.equal(abortKey(abort), abortKey({ ...abort }));
  assert.notEqual(abortKey(abort), abortKey({ ...abort, abortedAt: '2026-01-01T00:05:00Z' }));
});

test('reads subscriptions as the API writes them', () => {
  const annotations = {
    'notifications.argoproj.io/subscribe.on-rollout-aborted.slack': 'deliveries; oncall;deliveries;',
  };

  assert.deepEqual(recipientsOf(annotations, { trigger: 'on-rollout-aborted', service: 'slack' }), [
    'deliveries',
    'oncall',
  ]);
  assert.deepEqual(recipientsOf(undefined, { trigger: 'x', service: 'slack' }), []);
});
