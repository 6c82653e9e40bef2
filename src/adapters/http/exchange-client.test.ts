import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { HttpClient, HttpRequest } from '../../ports/http.ts';
import { createSystemClock } from '../clock/system-clock.ts';
import { createHttpClient } from './exchange-client.ts';
import { isHttpFailure } from './http-failure.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(t: TestContext): HttpClient {
  const made = createHttpClient({ clock: createSystemClock() });
  t.after(() => made.close());
  return made;
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, ...more };
}

test('any status is an answer, with headers in lower case and the body as text', async (t) => {
  const url = await serve(t, (_request, response) => response.writeHead(503, { 'X-Reason': 'a' }).end('{"a": 1}'));

  const response = await client(t).send(get(url));

  assert.equal(response.status, 503);
  assert.equal(response.headers['x-reason'], 'a');
  assert.equal(response.body, '{"a": 1}');
});

test('method, headers and body arrive as they were given', async (t) => {
  const seen: unknown[] = [];
  const url = await serve(t, (request, response) => {
    request
      .setEncoding('utf8')
      .on('data', (chunk) => seen.push(request.method, request.headers['content-type'], chunk));
    request.on('end', () => response.end());
  });

  await client(t).send({
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'query=up',
  });

  assert.deepEqual(seen, ['POST', 'application/x-www-form-urlencoded', 'query=up']);
});

test('a body without a type arrives without one, and nothing is asked of the answer', async (t) => {
  const seen: unknown[] = [];
  const url = await serve(t, (request, response) => {
    seen.push(request.headers['content-type'], request.headers.accept);
    request.resume().on('end', () => response.end());
  });

  await client(t).send({ method: 'POST', url, body: 'a=1' });
  await client(t).send({ method: 'POST', url, headers: { accept: 'text/csv', 'content-type': 'a/b' }, body: 'a=1' });

  assert.deepEqual(seen, [undefined, undefined, 'a/b', 'text/csv']);
});

test('a redirect is an answer and is not followed', async (t) => {
  const url = await serve(t, (_request, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  );

  const response = await client(t).send(get(url));

  assert.equal(response.status, 302);
});

test('an answer that is too large is a failure, never cut off', async (t) => {
  const url = await serve(t, (_request, response) => response.end('x'.repeat(2_000)));

  await assert.rejects(client(t).send(get(url, { maxResponseBytes: 1_000 })), {
    reason: 'too-large',
    message: /larger than 1000 bytes/,
  });
});

test('no answer in time is a time-out that names the host and not the query', async (t) => {
  const clock = new VirtualClock();
  const url = await serve(t, () => clock.advance(5_000));
  const timed = createHttpClient({ clock });
  t.after(() => timed.close());

  const failure = await timed.send(get(`${url}/?token=secret`, { timeoutMs: 5_000 })).catch((error: unknown) => error);

  assert.ok(isHttpFailure(failure));
  assert.equal(failure.reason, 'timeout');
  assert.match(failure.message, /^127\.0\.0\.1:\d+: no answer within 5 s$/);
});

test('a host where nothing listens, a broken connection and an unusable address are told apart', async (t) => {
  const url = await serve(t, (request) => request.socket.destroy());
  const http = client(t);

  await assert.rejects(http.send(get('http://127.0.0.1:1/')), { name: 'HttpFailure', reason: 'refused' });
  await assert.rejects(http.send(get(url)), { reason: 'reset' });
  await assert.rejects(http.send(get('prometheus:9090/api')), { reason: 'bad-request' });
  await assert.rejects(http.send(get('nonsense')), { reason: 'bad-request' });
  await assert.rejects(http.send(get('http://does-not-exist.invalid/')), { reason: 'unknown-host' });
});

test('a failure carries neither headers nor body of the request', async (t) => {
  const failure: unknown = await client(t)
    .send(get('http://127.0.0.1:1/', { headers: { authorization: 'Bearer hush' } }))
    .catch((error: unknown) => error);

  assert.doesNotMatch(JSON.stringify([failure, String(failure), (failure as Error).cause]), /hush/);
});

test('a request that is cancelled says so', async (t) => {
  const url = await serve(t, () => {});
  const cancelling = new AbortController();

  const sent = client(t).send(get(url), { signal: cancelling.signal });
  cancelling.abort();

  await assert.rejects(sent, { reason: 'cancelled' });
});

test('connections are kept for the next request', async (t) => {
  const ports = new Set<number | undefined>();
  const url = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end();
  });
  const http = client(t);

  for (let count = 0; count < 5; count += 1) await http.send(get(url));

  assert.equal(ports.size, 1);
});
