import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnalysisRun, Metric } from '../../api/analysis.ts';
import type { KubeObject, ObjectRef } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { measurementOf, type MeasurementReport } from '../../core/analysis/measurement.ts';
import type { AwsWanted } from '../../lib/aws-account.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { HttpRequest } from '../../ports/http.ts';
import { measure, removeGarbage, terminateMeasurement } from './measure.ts';

const UID = 'u-1';
const DATADOG: Metric = { name: 'errors', provider: { datadog: { query: 'avg:errors{*}' } } };
const JOB: Metric = { name: 'check', provider: { job: { spec: { template: { spec: {} } } } } };

/** What the shell is given, and what it did with it. */
class Outside {
  readonly requests: HttpRequest[] = [];
  readonly reads: string[] = [];
  readonly writes: string[] = [];
  secret: Readonly<Record<string, string>> | undefined;
  body = '';
  status = 200;
  headers: Readonly<Record<string, string>> = {};

  readonly ports = {
    http: {
      send: (request: HttpRequest) => {
        this.requests.push(request);
        return Promise.resolve({ status: this.status, headers: this.headers, body: this.body });
      },
      close: () => undefined,
    },
    reader: {
      get: (ref: ObjectRef) => {
        this.reads.push(`${ref.kind.kind} ${ref.namespace}/${ref.name}`);
        return Promise.resolve(ref.kind.kind === 'Secret' ? this.#secretObject(ref) : undefined);
      },
      list: () => Promise.resolve([]),
    },
    writer: {
      write: (write: KubeWrite) => {
        this.writes.push(`${write.verb} ${'ref' in write ? write.ref.name : ''}`);
        return Promise.resolve(undefined);
      },
      fresh: () => true,
      whenFresh: () => undefined,
    },
  };

  readonly common = {
    ports: this.ports,
    clock: new VirtualClock(0),
    options: { namespace: 'headgate' },
    run: {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: { name: 'run', namespace: 'shop', uid: UID },
      spec: { metrics: [] },
    } satisfies AnalysisRun,
  };

  start(metric: Metric, signal = new AbortController().signal): Promise<MeasurementReport> {
    return measure({ ...this.common, order: { type: 'start', metric, secrets: [] }, signal });
  }

  #secretObject({ name, namespace }: ObjectRef): KubeObject | undefined {
    if (this.secret === undefined) return undefined;
    const data = Object.fromEntries(Object.entries(this.secret).map(([key, value]) => [key, btoa(value)]));
    return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data };
  }
}

function messageOf(report: MeasurementReport): string {
  const { progress } = report;
  assert.ok(progress.type === 'finished' && progress.outcome.type === 'verdict', JSON.stringify(report));
  assert.equal(progress.outcome.phase, 'Error');
  return progress.outcome.message ?? '';
}

test('a metric that names an AWS profile is asked for in its name, and its keys are hidden', async () => {
  const outside = new Outside();
  outside.body = '{"status":"success","data":{"resultType":"scalar","result":[0,"1"]}}';
  const authentication = { sigv4: { region: 'eu-west-1', profile: 'team' } };
  const metric: Metric = {
    name: 'up',
    provider: { prometheus: { address: 'http://prom', query: 'up', authentication } },
  };
  const aws = {
    account: async ({ profile = 'none' }: AwsWanted = {}) => {
      if (profile !== 'team') throw new Error(`no profile ${profile}`);
      return Promise.resolve({ credentials: { accessKeyId: 'TEAM', secretAccessKey: 's3cret' } });
    },
  };
  const signal = new AbortController().signal;
  const ask = (wanted: Metric): Promise<MeasurementReport> =>
    measure({ ...outside.common, aws, order: { type: 'start', metric: wanted, secrets: [] }, signal });

  await ask(metric);
  assert.match(outside.requests[0]?.headers?.['authorization'] ?? '', /Credential=TEAM\//);

  const own = {
    ...metric,
    provider: { prometheus: { address: 'http://prom', authentication: { sigv4: { region: 'r' } } } },
  };
  assert.equal(messageOf(await ask(own)), 'getting credentials for AWS: no profile none');
});

test('the Secret of a provider is read once for a measurement, from the namespace of the controller', async () => {
  const outside = new Outside();
  outside.secret = { 'api-key': 'k1\n', 'app-key': 'k2' };
  outside.body = '{"series":[{"pointlist":[[1,0.5]]}]}';

  const report = await outside.start(DATADOG);

  assert.deepEqual(outside.reads, ['Secret headgate/datadog']);
  assert.equal(outside.requests[0]?.headers?.['dd-api-key'], 'k1');
  assert.ok(report.progress.type === 'finished' && report.progress.outcome.value === '0.5');
});

test('a Secret that a metric names in its own namespace is read there', async () => {
  const outside = new Outside();
  const secretRef = { name: 'team', namespaced: true };

  const report = await outside.start({ name: 'm', provider: { datadog: { query: 'x', secretRef } } });

  assert.deepEqual(outside.reads, ['Secret shop/team']);
  assert.match(messageOf(report), /secret "team" with api-key and app-key not found/);
});

test('an answer that repeats a credential is recorded without it, and the address stays readable', async () => {
  const outside = new Outside();
  outside.secret = { 'api-key': 'k1-secret', 'app-key': 'k2-secret', address: 'http://dd.test' };
  outside.status = 500;
  outside.body = 'http://dd.test does not know k1-secret and k2-secret';

  const { message } = measurementOf(await outside.start(DATADOG), DATADOG, []);

  assert.match(message ?? '', /http:\/\/dd\.test does not know \*\*\*\*\* and \*\*\*\*\*/);
});

test('a value that is a credential is recorded without it, also when it cannot be judged', async () => {
  const outside = new Outside();
  outside.body = '{"headers":{"authorization":"Basic bWU6aHVzaA=="}}';
  const authentication = { basicAuth: { username: 'me', password: 'hush' } };
  const metric: Metric = {
    name: 'echo',
    successCondition: 'asFloat(result.headers.authorization) > 1',
    provider: { web: { url: 'http://echo.test/', authentication } },
  };

  const measurement = measurementOf(await outside.start(metric), metric, []);

  assert.equal(measurement.phase, 'Error');
  assert.ok(!JSON.stringify(measurement).includes('bWU6aHVzaA'), JSON.stringify(measurement));
  assert.equal(measurement.value, '{"headers":{"authorization":"*****"}}');
});

test('a server that sends a question round and round ends it, and what it was asked with is known once', async () => {
  const outside = new Outside();
  outside.status = 302;
  outside.headers = { location: '/again' };
  const authentication = { basicAuth: { username: 'me', password: 'hush' } };

  const report = await outside.start({ name: 'm', provider: { web: { url: 'http://echo.test/', authentication } } });

  assert.match(messageOf(report), /needed more than 20 requests/);
  assert.equal(new Set(report.secrets).size, report.secrets?.length);
});

test('nothing more is started for a measurement that was given up', async () => {
  const outside = new Outside();
  const controller = new AbortController();
  controller.abort();

  await outside.start(JOB, controller.signal);

  assert.deepEqual([outside.reads, outside.writes], [[], []]);
});

test('what a measurement may have started is undone, and what dropped ones left is removed', async () => {
  const outside = new Outside();
  const order = { type: 'terminate', metric: JOB } as const;

  assert.equal(await terminateMeasurement({ ...outside.common, order }), undefined);
  assert.deepEqual(
    await removeGarbage({ ...outside.common, order }, [
      { phase: 'Successful', metadata: { 'job-name': `${UID}.check.1` } },
    ]),
    [],
  );
  assert.deepEqual(outside.writes, [`delete ${UID}.check.1`, `delete ${UID}.check.1`]);
});
