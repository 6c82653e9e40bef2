import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Metric } from '../api/analysis.ts';
import { errorOf, httpAnswer, judged, providerQuery, startHttp } from '../../test/support/provider-query.ts';
import { cloudWatch } from './cloud-watch.ts';
import type { MetricQuery, ProviderStep } from './contract.ts';

type Settings = NonNullable<Metric['provider']['cloudWatch']>;

const AWS = { credentials: { accessKeyId: 'AKID', secretAccessKey: 's' }, region: 'eu-west-1' };
const SETTINGS: Settings = {
  interval: '10m',
  metricDataQueries: [
    { id: 'rate', expression: 'errors / requests' },
    {
      id: 'errors',
      metricStat: {
        metric: {
          namespace: 'app',
          metricName: 'errors',
          dimensions: [{ name: 'service', value: 'checkout' }],
        },
        period: '300',
        stat: 'Sum',
        unit: 'Count',
      },
      returnData: false,
    },
  ],
};

test('asks for the data of the queries, signed, in the region of the controller', () => {
  const exchange = startHttp(cloudWatch, queryOf(''));

  assert.equal(exchange.url, 'https://monitoring.eu-west-1.amazonaws.com/');
  assert.equal(exchange.headers['x-amz-target'], 'GraniteServiceVersion20100801.GetMetricData');
  assert.equal(exchange.headers['content-type'], 'application/x-amz-json-1.0');
  assert.match(
    exchange.headers['authorization'] ?? '',
    /Credential=AKID\/20260101\/eu-west-1\/monitoring\/aws4_request/,
  );
  assert.deepEqual(JSON.parse(exchange.body ?? ''), {
    StartTime: 1_767_225_000,
    EndTime: 1_767_225_600,
    MetricDataQueries: [
      { Id: 'rate', Expression: 'errors / requests' },
      {
        Id: 'errors',
        MetricStat: {
          Metric: {
            Namespace: 'app',
            MetricName: 'errors',
            Dimensions: [{ Name: 'service', Value: 'checkout' }],
          },
          Period: 300,
          Stat: 'Sum',
          Unit: 'Count',
        },
        ReturnData: false,
      },
    ],
  });
});

test('asks nobody without credentials or a region', () => {
  const { aws: _aws, ...bare } = queryOf('');

  assert.match(errorOf(cloudWatch.start(bare)), /region of AWS is not known/);
});

test('the results are a list of objects with their values', () => {
  const answer = { MetricDataResults: [{ Id: 'rate', StatusCode: 'Complete', Values: [0.5, 2] }] };

  assert.deepEqual(judged(read(answer), 'result[0].Values[0] < 1'), ['[[0.5,2]]', 'Successful']);
  assert.deepEqual(judged(read(answer), 'all(result[0].Values, # < 1)'), ['[[0.5,2]]', 'Failed']);
});

test('messages beside the results are recorded', () => {
  const Messages = [{ Code: 'MaxMetricsExceeded', Value: '500' }];
  const step = read({ MetricDataResults: [{ Id: 'rate', Values: [1] }], Messages });

  assert.ok(step.type === 'outcome');
  assert.deepEqual(step.outcome.metadata, { messages: JSON.stringify(Messages) });
});

test('results without a value are an error, unless the condition says what they mean', () => {
  const answer = { MetricDataResults: [{ Id: 'rate', Values: [] }] };
  const condition = 'len(result[0].Values) == 0 || result[0].Values[0] < 1';

  assert.match(errorOf(read(answer, 'all(result[0].Values, # < 1)')), /no data returned from CloudWatch/);
  assert.deepEqual(judged(read(answer, condition), condition), ['[[]]', 'Successful']);
});

test('what CloudWatch could not do is an error', () => {
  assert.match(
    errorOf(read({ MetricDataResults: [{ Id: 'a', StatusCode: 'InternalError', Values: [1] }] })),
    /measure a/,
  );
  assert.match(errorOf(read({ __type: 'AccessDenied', Message: 'not you' }, '', 400)), /status 400: not you/);
  assert.match(errorOf(read({})), /no results/);
});

function read(answer: unknown, successCondition = '', status = 200): ProviderStep {
  const query = queryOf(successCondition);
  return cloudWatch.next(startHttp(cloudWatch, query), httpAnswer(answer, status), query);
}

function queryOf(successCondition: string): MetricQuery {
  const query = providerQuery({ cloudWatch: SETTINGS }, { aws: AWS });
  return { ...query, metric: { ...query.metric, successCondition } };
}
