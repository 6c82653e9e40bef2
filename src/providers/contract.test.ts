import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

import type { Metric } from '../api/analysis.ts';
import { assessResult } from '../core/analysis/assess-measurement.ts';
import { providerTypeName } from '../core/analysis/provider-type.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';
import { PROVIDERS, providerOf } from './registry.ts';

/** Settings that work, for every provider: adding one without an entry here fails. */
const SAMPLES: Readonly<Record<string, Metric['provider']>> = {
  prometheus: {
    prometheus: {
      address: 'http://prometheus.example:9090',
      query: 'vector(1)',
      headers: [{ key: 'X-Token', value: 's3cret' }],
      authentication: { basicAuth: { username: 'me', password: 's3cret' } },
    },
  },
  web: {
    web: {
      url: 'http://shop.example/errors',
      headers: [{ key: 'X-Token', value: 's3cret' }],
      jsonPath: '{$.data.value}',
    },
  },
  datadog: { datadog: { query: 'avg:errors{*}' } },
  newRelic: { newRelic: { query: 'SELECT count(*) FROM Transaction' } },
  wavefront: { wavefront: { address: 'shop.wavefront.com', query: 'ts(errors)' } },
  alertmanager: { alertmanager: { address: 'http://alerts.example', filter: ['app="shop"'] } },
  cloudWatch: { cloudWatch: { metricDataQueries: [{ id: 'm', expression: 'errors' }] } },
  graphite: { graphite: { address: 'http://graphite.example', query: 'target=errors' } },
  influxdb: { influxdb: { query: 'from(bucket: "shop")' } },
  skywalking: { skywalking: { address: 'http://skywalking.example', query: 'query q { errors }' } },
  kayenta: {
    kayenta: {
      address: 'http://kayenta.example',
      application: 'shop',
      canaryConfigName: 'errors',
      metricsAccountName: 'm',
      configurationAccountName: 'c',
      storageAccountName: 's',
      threshold: { pass: 90, marginal: 75 },
      scopes: [],
    },
  },
  job: { job: { spec: { template: { spec: { containers: [{ name: 'check', image: 'check:1' }] } } } } },
};

/** What the Secret holds that a provider asks for. */
const SECRETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  datadog: { address: 'https://dd.example', 'api-key': 's3cret', 'app-key': 's3cret' },
  newRelic: { 'personal-api-key': 's3cret', 'account-id': '17', region: 'eu' },
  wavefront: { 'shop.wavefront.com': 's3cret' },
  influxdb: { address: 'http://influx.example', authToken: 's3cret', org: 'shop' },
};

const AWS = { credentials: { accessKeyId: 'AKID', secretAccessKey: 's3cret' }, region: 'eu-west-1' };

const ANSWERS: readonly ExchangeResponse[] = [
  { type: 'failed', message: 'prometheus.example refused the connection' },
  { type: 'waited' },
  { type: 'kubeObject', object: null },
  { type: 'kubeObject', object: { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'foreign' } } },
  { type: 'kubeList', objects: [] },
  ...[200, 204, 301, 400, 401, 403, 404, 405, 429, 500, 503].flatMap((status) =>
    ['', 'null', '[]', '{}', '{"data":null}', '{"status":"success"}', '<html>', '{"data":{"resultType":"vector"}}'].map(
      (body): ExchangeResponse => ({ type: 'http', status, headers: {}, body }),
    ),
  ),
];

for (const provider of PROVIDERS) {
  const query = queryFor(provider);

  test(`${provider.id}: asks by an exchange that is bounded in time and size`, () => {
    const step = provider.start(query);

    assert.ok(step.type !== 'outcome', JSON.stringify(step));
    if (step.type !== 'http') return;
    assert.ok(step.timeoutMs > 0 && step.timeoutMs <= 3_600_000);
    assert.ok(step.maxResponseBytes > 0);
    assert.ok(URL.canParse(step.url));
  });

  test(`${provider.id}: gives equal steps for equal input`, () => {
    assert.deepEqual(provider.start(query), provider.start(query));
  });

  test(`${provider.id}: names every secret that an exchange carries`, () => {
    const step = provider.start(query);

    if (step.type !== 'http') return;
    assert.ok(step.secrets.includes('s3cret'));
    assert.ok(!step.url.includes('s3cret'));
  });

  test(`${provider.id}: never calls an answer good that is none`, () => {
    const first = provider.start(query);
    assert.ok(first.type !== 'outcome');

    for (const answer of ANSWERS) {
      const outcome = settle(provider, first, answer, query);
      assert.equal(phaseOf(outcome, query), 'Error', `${JSON.stringify(answer)} -> ${JSON.stringify(outcome)}`);
      assert.ok(!JSON.stringify(outcome).includes('s3cret'));
    }
  });

  test(`${provider.id}: says which Secret it misses, without throwing`, () => {
    if (provider.secretFor === undefined) return;
    const { secret: _secret, ...bare } = query;
    const step = provider.start(bare);

    assert.ok(step.type === 'outcome' && step.outcome.type === 'verdict' && step.outcome.phase === 'Error');
    assert.ok(step.outcome.message?.includes(provider.secretFor(query.metric)?.name ?? ''));
  });

  test(`${provider.id}: answers settings that make no sense with an error, without throwing`, () => {
    const empty = provider.start({ ...query, metric: { ...query.metric, provider: { [provider.id]: {} } } });

    assert.ok(empty.type === 'outcome' && empty.outcome.type === 'verdict' && empty.outcome.phase === 'Error');
  });
}

test('every provider has the name that dashboards know, which only for one is its key', () => {
  const unnamed = PROVIDERS.map(({ id }) => id).filter(
    (id) => providerTypeName({ name: 'errors', provider: { [id]: {} } }) === id,
  );

  assert.deepEqual(unnamed, ['skywalking']);
});

test('the registry and the folder agree', () => {
  const infrastructure = new Set(['contract.ts', 'registry.ts']);
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !infrastructure.has(name))
    .map((name) => name.replace('.ts', ''));

  assert.deepEqual(files.toSorted(), PROVIDERS.map((provider) => kebab(provider.id)).toSorted());
  assert.equal(new Set(PROVIDERS.map((provider) => provider.id)).size, PROVIDERS.length);
});

test('an unknown provider is refused with the list of known ones', () => {
  const choice = providerOf({ name: 'm', provider: { plugin: {} } });

  assert.ok(!choice.ok);
  const known = PROVIDERS.map((provider) => provider.id).join(', ');
  assert.equal(choice.message, `metric provider plugin is not supported; use one of: ${known}`);
});

function queryFor(provider: MetricProvider): MetricQuery {
  const sample = SAMPLES[provider.id];
  assert.ok(sample !== undefined, `a sample for ${provider.id}`);
  return {
    metric: { name: 'errors', provider: sample, successCondition: 'result[0] < 1' },
    run: { namespace: 'shop', name: 'run', uid: 'u1' },
    measurementNumber: 1,
    nowMs: 1_767_225_600_000,
    secrets: ['s3cret'],
    ...(SECRETS[provider.id] === undefined ? {} : { secret: SECRETS[provider.id] }),
    ...(provider.awsFor === undefined ? {} : { aws: AWS }),
    options: {},
  };
}

/** What is recorded in the end, judged by the metric's condition. */
function phaseOf(step: ProviderStep, { metric, nowMs }: MetricQuery): string {
  if (step.type !== 'outcome') return step.type;
  const { outcome } = step;
  return outcome.type === 'verdict' ? outcome.phase : assessResult(metric, outcome.result, nowMs).phase;
}

function settle(provider: MetricProvider, first: Exchange, answer: ExchangeResponse, query: MetricQuery): ProviderStep {
  let step: ProviderStep = first;
  for (let turn = 0; turn < 10 && step.type !== 'outcome'; turn += 1) step = provider.next(step, answer, query);
  return step;
}

function kebab(id: string): string {
  return id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
