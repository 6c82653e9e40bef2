import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createSlackServer } from './slack-server.ts';

test('takes messages with metadata and shows them in the channel’s history', async () => {
  const clock = new VirtualClock(1_700_000_000_000);
  const slack = createSlackServer({ clock, token: 'xoxb-demo' });
  slack.server.listen(0, '127.0.0.1');
  await once(slack.server, 'listening');
  const base = `http://127.0.0.1:${(slack.server.address() as AddressInfo).port}/api`;
  const call = async (method: string, body: unknown, token = 'xoxb-demo'): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' };
    const response = await fetch(`${base}/${method}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  };

  try {
    const metadata = { event_type: 'headgate_abort', event_payload: { key: 'uid/sha' } };
    const posted = await call('chat.postMessage', { channel: 'deliveries', text: 'aborted', metadata });
    await call('chat.postMessage', { channel: 'other', text: 'elsewhere' });
    assert.deepEqual([posted['ok'], posted['ts']], [true, '1700000000.000001']);

    const asForm = await fetch(`${base}/conversations.history?channel=deliveries&include_all_metadata=true`, {
      headers: { authorization: 'Bearer xoxb-demo' },
    });
    assert.deepEqual(await asForm.json(), {
      ok: true,
      messages: [{ type: 'message', ts: '1700000000.000001', text: 'aborted', metadata }],
      has_more: false,
    });
    assert.deepEqual(
      slack.messages().map(({ channel, text }) => [channel, text]),
      [
        ['deliveries', 'aborted'],
        ['other', 'elsewhere'],
      ],
    );

    assert.deepEqual(await call('chat.postMessage', { channel: 'x', text: 'y' }, 'wrong'), {
      ok: false,
      error: 'invalid_auth',
    });
    assert.deepEqual(await call('chat.postMessage', { text: 'y' }), { ok: false, error: 'channel_not_found' });
    assert.deepEqual(await call('chat.postMessage', { channel: 'x' }), { ok: false, error: 'no_text' });
    assert.deepEqual(await call('files.upload', {}), { ok: false, error: 'unknown_method' });
  } finally {
    slack.server.close();
    slack.server.closeAllConnections();
  }
});
