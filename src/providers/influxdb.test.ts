import assert from 'node:assert/strict';
import { test } from 'node:test';

import { errorOf, httpAnswer, judged, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';
import { influxdb } from './influxdb.ts';

test('posts the Flux with the token and the organisation of the Secret', () => {
  const exchange = startHttp(influxdb, queryOf());

  assert.equal(exchange.url, 'http://influx:8086/api/v2/query?org=shop+team');
  assert.equal(exchange.headers['authorization'], 'Token t1');
  assert.equal(exchange.headers['accept'], 'application/csv');
  assert.deepEqual(JSON.parse(exchange.body ?? ''), {
    query: 'from(bucket: "b")',
    type: 'flux',
    dialect: { header: true, delimiter: ',', annotations: ['datatype', 'default'] },
  });
});

const TABLE = (type: string, ...values: readonly string[]): string =>
  [
    `#datatype,string,long,dateTime:RFC3339,${type},string`,
    '#default,_result,,,,',
    ',result,table,_time,_value,host',
    ...values.map((value) => `,,0,2026-01-01T00:00:00Z,${value},"a, b"`),
    '',
    '',
  ].join('\r\n');

const GOLDEN: readonly (readonly [title: string, csv: string, condition: string, value: string, phase: string])[] = [
  ['doubles', TABLE('double', '0.5', '2'), 'all(result, # < 1)', '[0.5,2]', 'Failed'],
  ['whole numbers', TABLE('long', '3'), 'result[0] == 3', '[3]', 'Successful'],
  [
    'texts and flags',
    TABLE('string', 'ok') + TABLE('boolean', 'true'),
    'result[0] == "ok" && result[1]',
    '[ok,true]',
    'Successful',
  ],
  ['a value that is missing, which is not 0', TABLE('double', '0.5', ''), 'all(result, # < 1)', '[0.5,<nil>]', 'Error'],
  ['an infinity', TABLE('double', '+Inf'), 'result[0] < 1', '[+Inf]', 'Failed'],
];

for (const [title, csv, condition, value, phase] of GOLDEN) {
  test(`reads ${title}`, () => assert.deepEqual(judged(read(csv), condition), [value, phase]));
}

const ERRORS: readonly (readonly [csv: string, message: RegExp])[] = [
  ['\r\n', /no data/],
  ['error\r\n"a ""quoted"" one"\r\n', /^InfluxDB: a "quoted" one$/],
  [TABLE('double'), /no data/],
  ['#datatype,string,string\r\n#default,,\r\n,error,reference\r\n,out of memory,897\r\n', /InfluxDB: out of memory/],
  [TABLE('double', 'many'), /"many", which is no double/],
  ['#datatype,string,long\r\n#default,,\r\n,result,table\r\n,,0\r\n', /without a column _value/],
  ['<html></html>\n<b>\n', /without a column _value/],
];

for (const [csv, message] of ERRORS) {
  test(`takes ${JSON.stringify(csv.slice(0, 60))} for an error`, () => assert.match(errorOf(read(csv)), message));
}

test('passes on why a query was refused', () => {
  assert.match(errorOf(read('{"code":"invalid","message":"error @1:1"}', 400)), /status 400: error @1:1/);
  assert.match(errorOf(read('error\r\n"undefined ""x"""\r\n', 500)), /status 500: undefined "x"$/);
  assert.match(errorOf(read('<html>', 502)), /status 502: <html>$/);
});

function read(csv: string, status = 200): ProviderStep {
  return influxdb.next(startHttp(influxdb, queryOf()), httpAnswer(csv, status), queryOf());
}

function queryOf(): MetricQuery {
  const secret = { address: 'http://influx:8086', authToken: 't1', org: 'shop team' };
  return providerQuery({ influxdb: { query: 'from(bucket: "b")' } }, { secret });
}
