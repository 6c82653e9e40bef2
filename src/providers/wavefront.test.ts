import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, judged, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { wavefront } from './wavefront.ts';

test('asks the host for the last 5 minutes, with the token that the Secret has for it', () => {
  const exchange = startHttp(wavefront, queryOf('b.test'));

  assert.equal(
    exchange.url,
    'https://b.test/api/v2/chart/api?q=ts%28errors%29&s=1767225300000&e=1767225600000&g=m&i=false&strict=true',
  );
  assert.equal(exchange.headers['authorization'], 'Bearer t2');
});

test('asks the only host of the Secret where the metric names none, and nobody without a token', () => {
  assert.ok(startHttp(wavefront, queryOf('')).url.startsWith('https://a.test/'));
  assert.match(errorOf(wavefront.start(queryOf('c.test'))), /API token not found: .* has no key c\.test/);
});

test('one series is a number, several are a list', () => {
  const one = {
    timeseries: [
      {
        data: [
          [1, 9],
          [2, 0.5],
        ],
      },
    ],
    warnings: 'slow',
  };
  const two = { timeseries: [{ data: [[1, 0.5]] }, { data: [[1, 2]] }] };

  assert.deepEqual(judged(read(one), 'result < 1'), ['0.5', 'Successful']);
  assert.deepEqual(judged(read(two), 'all(result, # < 1)'), ['[0.5,2]', 'Failed']);
  const step = read(one);
  assert.ok(step.type === 'outcome' && step.outcome.metadata?.['warnings'] === 'slow');
});

test('no series, a series without a point, and an error are errors', () => {
  assert.match(errorOf(read({ timeseries: [] })), /No TimeSeries found/);
  assert.match(errorOf(read({})), /No TimeSeries found/);
  assert.match(errorOf(read({ timeseries: [{ data: [] }] })), /without a point/);
  assert.match(errorOf(read({ errorType: 'QuerySyntaxError', errorMessage: 'bad ts' })), /Wavefront: bad ts/);
});

function read(answer: unknown): ProviderStep {
  const query = queryOf('a.test');
  return wavefront.next(startHttp(wavefront, query), httpAnswer(answer), query);
}

function queryOf(address: string): MetricQuery {
  return providerQuery({ wavefront: { address, query: 'ts(errors)' } }, { secret: { 'a.test': 't1', 'b.test': 't2' } });
}
