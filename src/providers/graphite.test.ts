import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, judged, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { graphite } from './graphite.ts';

const QUERIES: readonly (readonly [query: string, asked: string])[] = [
  ['target=sumSeries(a.b, c)&from=-5min', 'target=sumSeries%28a.b%2Cc%29&from=-5min&format=json'],
  ["from=-1h&\n target=summarize(\n  a,\n  '5 min')\n", 'from=-1h&target=summarize%28a%2C%275min%27%29&format=json'],
  ["target=seriesByTag('app=a%20b')", 'target=seriesByTag%28%27app%3Da+b%27%29&format=json'],
  ['sumSeries(a)', 'target=sumSeries%28a%29&format=json'],
];

for (const [text, asked] of QUERIES) {
  test(`asks ${JSON.stringify(text)} of the render API`, () => {
    assert.equal(startHttp(graphite, queryOf(text)).url, `http://graphite:8080/g/render?${asked}`);
  });
}

test('the points of the first series that have a value are a list', () => {
  const answer = [
    {
      target: 'a',
      datapoints: [
        [0.5, 1],
        [null, 2],
        [3, 3],
      ],
    },
    { datapoints: [[9, 1]] },
  ];

  assert.deepEqual(judged(read(answer), 'all(result, # < 1)'), ['[0.5,3]', 'Failed']);
  assert.deepEqual(judged(read(answer), 'result[0] < 1'), ['[0.5,3]', 'Successful']);
});

test('points without values are no data, and no series is an error', () => {
  assert.deepEqual(judged(read([{ datapoints: [[null, 1]] }]), 'all(result, # < 1)'), ['[]', 'Error']);
  assert.match(errorOf(read([])), /without a series/);
  assert.match(errorOf(read([{ datapoints: [['x', 1]] }])), /no finite number/);
});

test('a value that overflowed is an error', () => {
  assert.match(errorOf(read('[{"datapoints":[[1e9999,1]]}]')), /no finite number/);
});

test('the last line of a traceback is the message of an error page', () => {
  const page =
    '<body>\n<pre>\nTraceback:\n  File &quot;x.py&quot;\nTypeError: scale() misses &#x27;factor&#x27;\n\n</pre>';

  assert.equal(errorOf(read(page, 500)), "Graphite answered with status 500: TypeError: scale() misses 'factor'");
  assert.equal(errorOf(read('no page', 500)), 'Graphite answered with status 500: no page');
});

function read(answer: unknown, status = 200): ProviderStep {
  const query = queryOf('target=a');
  return graphite.next(startHttp(graphite, query), httpAnswer(answer, status), query);
}

function queryOf(text: string): MetricQuery {
  return providerQuery({ graphite: { address: 'http://graphite:8080/g/', query: text } });
}
