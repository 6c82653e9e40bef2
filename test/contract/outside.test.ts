import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createHttpClient } from '../../src/adapters/http/exchange-client.ts';
import { assessResult } from '../../src/core/analysis/assess-measurement.ts';
import type { ProviderOutcome } from '../../src/core/analysis/outcome.ts';
import type { Exchange, ExchangeResponse } from '../../src/core/exchange.ts';
import type { Notice } from '../../src/core/notification/notice.ts';
import { createPrometheusServer } from '../../src/demo/prometheus/http-api.ts';
import { createSlackServer } from '../../src/demo/slack/slack-server.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { slack } from '../../src/notifiers/slack.ts';
import type { MetricQuery } from '../../src/providers/contract.ts';
import { prometheus } from '../../src/providers/prometheus.ts';

/*
 * What providers and notifiers ask and read, against servers that answer by HTTP.
 */

const NOW_MS = Date.UTC(2026, 0, 1);
const clock = new VirtualClock(NOW_MS);
const client = createHttpClient({ clock });
const servers: Server[] = [];

after(async () => {
  client.close();
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
});

test('Prometheus: a value, no data and a bad query arrive as what they are', async () => {
  const source = {
    select: () => [{ labels: { __name__: 'errors' }, samples: [{ atMs: NOW_MS - 1_000, value: 0.25 }] }],
  };
  const address = await listen(createPrometheusServer({ clock, source }));

  const value = await measure(address, 'errors');
  const noData = await measure(address, 'errors > 5');
  const bad = await measure(address, 'sum(');

  assert.ok(value.type === 'result');
  assert.equal(value.value, '[0.25]');
  assert.equal(assessResult({ failureCondition: 'result[0] > 0.5' }, value.result, NOW_MS).phase, 'Successful');
  assert.ok(noData.type === 'result');
  assert.equal(assessResult({ failureCondition: 'any(result, # > 0.5)' }, noData.result, NOW_MS).phase, 'Error');
  assert.ok(bad.type === 'verdict' && bad.phase === 'Error');
  assert.match(bad.message ?? '', /^bad_data: /);
});

test('Prometheus: a server that is not there is an error', async () => {
  const server = createPrometheusServer({ clock, source: { select: () => [] } });
  const address = await listen(server);
  servers.splice(servers.indexOf(server), 1);
  await new Promise((closed) => server.close(closed));

  const outcome = await measure(address, 'up');

  assert.ok(outcome.type === 'verdict' && outcome.phase === 'Error');
});

test('Slack: a message is sent, and then found by its key', async () => {
  const { server, messages } = createSlackServer({ clock, token: 'xoxb-1' });
  const target = { recipient: 'C1', credential: 'xoxb-1', apiUrl: `${await listen(server)}/api` };
  const notice: Notice = {
    type: 'rolloutAborted',
    key: 'abort/u1/2/t',
    namespace: 'prod',
    rollout: 'shop',
    revision: 2,
    reason: 'because',
    atMs: NOW_MS,
    revert: { type: 'pushed', commit: 'abc' },
  };
  const look = slack.search(notice, target);

  assert.deepEqual(slack.found(look, await send(look), notice), { type: 'absent' });
  assert.deepEqual(slack.delivered(await send(slack.render(notice, target))), { type: 'delivered' });
  assert.deepEqual(slack.found(look, await send(look), notice), { type: 'found' });
  assert.equal(messages().length, 1);

  const refused = slack.delivered(await send(slack.render(notice, { ...target, credential: 'wrong' })));
  assert.ok(refused.type === 'failed' && refused.cause === 'userMustAct');
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function measure(address: string, text: string): Promise<ProviderOutcome> {
  const query: MetricQuery = {
    metric: { name: 'm', provider: { prometheus: { address, query: text } } },
    run: { namespace: 'prod', name: 'run', uid: 'u' },
    measurementNumber: 1,
    nowMs: NOW_MS,
    secrets: [],
    options: {},
  };
  let step = prometheus.start(query);
  while (step.type !== 'outcome') step = prometheus.next(step, await send(step), query);
  return step.outcome;
}

async function send(exchange: Exchange): Promise<ExchangeResponse> {
  assert.ok(exchange.type === 'http');
  const { type: _type, secrets: _secrets, ...request } = exchange;
  try {
    return { type: 'http', ...(await client.send(request)) };
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}
