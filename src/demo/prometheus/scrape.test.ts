import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { parseExposition } from './exposition.ts';
import { createPrometheusServer } from './http-api.ts';
import { startScraper } from './scrape.ts';
import type { ScrapeTarget } from './scrape.ts';
import { Storage, valueAt } from './storage.ts';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('reads labels with escapes, special values and comments', () => {
  const text = '# TYPE a counter\na{b="x\\"y\\\\z\\n", c="}"} 1.5 1700000000000\n\nb +Inf\nc{} NaN\n';

  const elements = parseExposition(text);

  assert.deepEqual(elements, [
    { labels: { __name__: 'a', b: 'x"y\\z\n', c: '}' }, value: 1.5 },
    { labels: { __name__: 'b' }, value: Number.POSITIVE_INFINITY },
    { labels: { __name__: 'c' }, value: Number.NaN },
  ]);
});

test('names the line that is no sample', () => {
  assert.throws(() => parseExposition('a 1\nb{c=d} 2'), /line 2/);
  assert.throws(() => parseExposition('a one'), /line 1/);
});

test('marks what a target no longer shows, what failed and what vanished as ended', async () => {
  const clock = new VirtualClock();
  const storage = new Storage();
  let body = 'a{pod="own"} 1\nb 2\n';
  const server = createServer((_request, response) => response.writeHead(body === '' ? 500 : 200).end(body));
  const port = await listen(server);
  let targets: ScrapeTarget[] = [{ host: '127.0.0.1', port, path: '/metrics', labels: { pod: 'p' } }];
  const scraper = startScraper({ clock, storage, intervalMs: 1_000, targets: () => targets });
  const show = (name: string): (number | undefined)[] =>
    storage.select([{ label: '__name__', op: '=', value: name }]).map(({ samples }) => valueAt(samples, clock.nowMs()));

  try {
    await scraper.scrapeOnce();
    assert.deepEqual([show('a'), show('b'), show('up')], [[1], [2], [1]]);
    assert.deepEqual(storage.select([{ label: '__name__', op: '=', value: 'a' }])[0]?.labels, {
      __name__: 'a',
      pod: 'p',
      exported_pod: 'own',
    });

    clock.advance(500);
    body = 'a{pod="own"} 3\n';
    await scraper.scrapeOnce();
    assert.deepEqual([show('a'), show('b')], [[3], [undefined]]);

    clock.advance(500);
    body = '';
    await scraper.scrapeOnce();
    assert.deepEqual(
      [show('a'), show('up'), scraper.health()[0]?.error],
      [[undefined], [0], 'server returned HTTP status 500'],
    );

    clock.advance(500);
    targets = [];
    await scraper.scrapeOnce();
    assert.deepEqual(show('up'), [undefined]);
  } finally {
    scraper.close();
    server.close();
    server.closeAllConnections();
  }
});

test('speaks Prometheus’ HTTP API', async () => {
  const clock = new VirtualClock(1_700_000_000_000);
  const storage = new Storage();
  storage.append({ __name__: 'a', b: 'c' }, { atMs: clock.nowMs(), value: 0.5 });
  storage.append({ __name__: 'a', b: 'd' }, { atMs: clock.nowMs(), value: Number.POSITIVE_INFINITY });
  const server = createPrometheusServer({ clock, source: storage });
  const base = `http://127.0.0.1:${await listen(server)}`;
  const ask = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(`${base}${path}`, init);
    return [response.status, await response.json()];
  };

  try {
    assert.deepEqual(await ask('/api/v1/query?query=a'), [
      200,
      {
        status: 'success',
        data: {
          resultType: 'vector',
          result: [
            { metric: { __name__: 'a', b: 'c' }, value: [1_700_000_000, '0.5'] },
            { metric: { __name__: 'a', b: 'd' }, value: [1_700_000_000, '+Inf'] },
          ],
        },
      },
    ]);
    assert.deepEqual(
      await ask('/api/v1/query', {
        method: 'POST',
        body: new URLSearchParams({ query: 'scalar(a{b="c"})', time: '1700000001.5' }),
      }),
      [200, { status: 'success', data: { resultType: 'scalar', result: [1_700_000_001.5, '0.5'] } }],
    );
    assert.deepEqual(
      await ask('/api/v1/query_range?query=sum(a{b="c"})&start=1700000000&end=2023-11-14T22:13:30Z&step=10s'),
      [
        200,
        {
          status: 'success',
          data: {
            resultType: 'matrix',
            result: [
              {
                metric: {},
                values: [
                  [1_700_000_000, '0.5'],
                  [1_700_000_010, '0.5'],
                ],
              },
            ],
          },
        },
      ],
    );
    assert.deepEqual(await ask('/api/v1/label/b/values'), [200, { status: 'success', data: ['c', 'd'] }]);
    assert.deepEqual(await ask('/api/v1/labels'), [200, { status: 'success', data: ['__name__', 'b'] }]);
    assert.deepEqual(await ask('/api/v1/query?query=rate(a)'), [
      400,
      {
        status: 'error',
        errorType: 'bad_data',
        error: 'expected type range vector in call to function "rate", got instant vector',
      },
    ]);
    assert.deepEqual(await ask('/api/v1/query?query=a%2Bon()a'), [
      422,
      {
        status: 'error',
        errorType: 'execution',
        error:
          'found duplicate series for the match group {} on the right hand-side of the operation: [a{b="d"}, a{b="c"}];' +
          'many-to-many matching not allowed: matching labels must be unique on one side',
      },
    ]);
    assert.deepEqual(((await ask('/api/v1/query_range?query=a&start=0&end=100000&step=1')) as [number])[0], 400);
    assert.deepEqual(((await ask('/api/v1/rules')) as [number])[0], 404);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
