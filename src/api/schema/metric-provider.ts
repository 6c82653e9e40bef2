import {
  anyMap,
  anyObject,
  atMostOneOf,
  choice,
  flag,
  int64,
  intOrString,
  listOf,
  mapOf,
  object,
  text,
  withRules,
} from './fields.ts';
import { metricJobSchema } from './pod-template.ts';

const headers = listOf(
  object('A header.', {
    key: text('The name of the header.'),
    value: text('The value of the header.'),
  }),
  'Headers to send.',
);

const authentication = (description: string) =>
  object(description, {
    sigv4: object('Signs requests as AWS wants it.', {
      region: text('The AWS region.').optional(),
      profile: text('The AWS profile.').optional(),
      roleArn: text('The role to assume.').optional(),
    }).optional(),
    oauth2: object('Gets a token by the client credentials grant of OAuth 2.', {
      tokenUrl: text('The URL that gives tokens.').optional(),
      clientId: text('The client id.').optional(),
      clientSecret: text('The client secret.').optional(),
      scopes: listOf(text('A scope.'), 'The scopes to ask for.').optional(),
    }).optional(),
    basicAuth: object('Sends a user name and a password.', {
      username: text('The user name.').optional(),
      password: text('The password.').optional(),
    }).optional(),
  });

const prometheus = object('Asks Prometheus.', {
  address: text('The URL of the server.').optional(),
  query: text('The query in PromQL.').optional(),
  rangeQuery: object('Asks for values over a time instead of one value.', {
    start: text('An expression for the first time, such as now() - duration("10m").').optional(),
    end: text('An expression for the last time, such as now().').optional(),
    step: text('The time between two values, such as 1m.').optional(),
  }).optional(),
  timeout: int64('Seconds to wait for the answer; 30 if unset.').optional(),
  insecure: flag('Whether the certificate of the server is not checked.').optional(),
  headers: headers.optional(),
  authentication: authentication('How to prove who asks.').optional(),
});

const web = withRules(
  object('Asks any HTTP server.', {
    url: text('The URL to request.'),
    method: choice(['GET', 'POST', 'PUT'], 'The method; GET if unset.').optional(),
    headers: headers.optional(),
    body: text('The body to send; not together with jsonBody.').optional(),
    jsonBody: anyObject('The body to send, as JSON; not together with body.').optional(),
    timeoutSeconds: int64('Seconds to wait for the answer; 10 if unset.').optional(),
    jsonPath: text('The part of the answer to take; all of it if unset.').optional(),
    insecure: flag('Whether the certificate of the server is not checked.').optional(),
    authentication: authentication('How to prove who asks.').optional(),
  }),
  [{ rule: '!(has(self.body) && has(self.jsonBody))', message: 'set either body or jsonBody, not both' }],
);

const datadog = withRules(
  object('Asks Datadog.', {
    apiVersion: choice(['v1', 'v2'], 'The version of the API; v1 if unset.').optional(),
    query: text('The query.').optional(),
    queries: mapOf(text('A query.'), 'Several queries by name, for formula; only with v2.').optional(),
    formula: text('How the queries are put together; only with v2.').optional(),
    interval: text('The time to look back; 5m if unset.').optional(),
    requestTimeout: text('The time to wait for an answer, such as 30s; 10s if unset.').optional(),
    aggregator: choice(
      ['avg', 'min', 'max', 'sum', 'last', 'percentile', 'mean', 'l2norm', 'area'],
      'How values over time become one; only with v2.',
    ).optional(),
    secretRef: object('The Secret with address, api-key and app-key.', {
      name: text('The name of the Secret.').optional(),
      namespaced: flag('Whether it lies in the namespace of the AnalysisRun.').optional(),
    }).optional(),
  }),
  [{ rule: '!(has(self.query) && has(self.queries))', message: 'set either query, or queries with a formula' }],
);

const kayentaScope = (description: string) =>
  object(description, {
    scope: text('What is measured.'),
    region: text('Where it runs.'),
    step: int64('Seconds between two values.'),
    start: text('The first time; one interval before the measurement if unset.').optional(),
    end: text('The last time; that of the measurement if unset.').optional(),
  });

const kayenta = object('Asks Kayenta for a judgement.', {
  address: text('The URL of the server.'),
  application: text('The name of the application.'),
  canaryConfigName: text('The name of the canary configuration.'),
  metricsAccountName: text('The account for metrics.'),
  configurationAccountName: text('The account for configurations.'),
  storageAccountName: text('The account for results.'),
  threshold: object('Which scores are good.', {
    pass: int64('From this score on the measurement is successful.'),
    marginal: int64('Below this score the measurement is failed.'),
  }),
  scopes: listOf(
    object('What is compared.', {
      name: text('The name of the scope.'),
      controlScope: kayentaScope('The stable version.'),
      experimentScope: kayentaScope('The new version.'),
    }),
    'What is compared.',
  ),
  lookback: flag('Whether scopes without a start begin where the AnalysisRun did.').optional(),
});

const cloudWatchMetric = object('The metric to read.', {
  namespace: text('The namespace of the metric.').optional(),
  metricName: text('The name of the metric.').optional(),
  dimensions: listOf(
    object('A dimension.', {
      name: text('The name of the dimension.').optional(),
      value: text('The value of the dimension.').optional(),
    }),
    'Which series to read.',
  ).optional(),
});

const cloudWatch = object('Asks AWS CloudWatch.', {
  interval: text('The time to look back; 5m if unset.').optional(),
  metricDataQueries: listOf(
    object('One query.', {
      id: text('The name of this query in expressions.').optional(),
      expression: text('An expression over other queries, instead of metricStat.').optional(),
      label: text('A label for the result.').optional(),
      metricStat: object('A statistic of one metric.', {
        metric: cloudWatchMetric.optional(),
        period: intOrString('Seconds that one value covers.').optional(),
        stat: text('The statistic, such as Average or p99.').optional(),
        unit: text('The unit.').optional(),
      }).optional(),
      period: intOrString('Seconds that one value covers.').optional(),
      returnData: flag('Whether the result is part of the answer.').optional(),
    }),
    'The queries to send.',
  ),
});

const PROVIDERS = [
  'prometheus',
  'web',
  'job',
  'datadog',
  'newRelic',
  'wavefront',
  'kayenta',
  'cloudWatch',
  'graphite',
  'influxdb',
  'skywalking',
  'alertmanager',
  'plugin',
] as const;

export const metricProviderSchema = withRules(
  object('Who measures; set exactly one field.', {
    prometheus: prometheus.optional(),
    web: web.optional(),
    job: metricJobSchema.optional(),
    datadog: datadog.optional(),
    newRelic: object('Asks New Relic.', {
      profile: text('Which Secret to use; newrelic if unset.').optional(),
      query: text('The query in NRQL.'),
      timeout: int64('Seconds to wait for the answer.').optional(),
    }).optional(),
    wavefront: object('Asks Wavefront.', {
      address: text('The host name of the server.').optional(),
      query: text('The query.').optional(),
    }).optional(),
    kayenta: kayenta.optional(),
    cloudWatch: cloudWatch.optional(),
    graphite: object('Asks Graphite.', {
      address: text('The URL of the server.').optional(),
      query: text('The query.').optional(),
    }).optional(),
    influxdb: object('Asks InfluxDB.', {
      profile: text('Which Secret to use; influxdb if unset.').optional(),
      query: text('The query in Flux.').optional(),
    }).optional(),
    skywalking: object('Asks Apache SkyWalking.', {
      address: text('The URL of the server.').optional(),
      query: text('The query in GraphQL.').optional(),
      interval: text('The time to look back; 5m if unset.').optional(),
    }).optional(),
    alertmanager: object('Asks Alertmanager; an alert that fires is a failure.', {
      address: text('The URL of the server.').optional(),
      filter: listOf(
        text('A matcher, such as app="checkout".'),
        'Which alerts count: those that match all.',
      ).optional(),
    }).optional(),
    plugin: anyMap('Further providers by name, with their settings.').optional(),
  }),
  [{ rule: atMostOneOf(PROVIDERS), message: 'set one provider; measure with another one in a metric of its own' }],
);
