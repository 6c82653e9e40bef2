import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import type { AnalysisRun, AnalysisRunSpec, AnalysisRunStatus, Metric } from '../../api/analysis.ts';
import { decideRun } from './decide-run.ts';
import type { MeasurementOrder, RunDecision, RunObservation } from './decide-run.ts';
import type { ProviderOutcome } from './outcome.ts';
import { unprovenCause } from './run-verdict.ts';

const START_MS = Date.UTC(2026, 0, 1);
const METRIC: Metric = {
  name: 'errors',
  provider: { prometheus: { query: 'errors' } },
  successCondition: 'result < 0.05',
  interval: '30s',
  count: 3,
};

test('starts at once: records the start, then orders the first measurement', () => {
  const decision = decideRun(observe({ metrics: [METRIC] }));

  assert.equal(decision.status.phase, 'Running');
  assert.equal(decision.status.startedAt, '2026-01-01T00:00:00.000Z');
  assert.deepEqual(orderTypes(decision), ['start errors']);
  assert.deepEqual(decision.events, []);
});

test('wants nothing more while a measurement is under way, and nothing twice', () => {
  const first = decideRun(observe({ metrics: [METRIC] }));
  const second = decideRun(observe({ metrics: [METRIC] }, { status: first.status, inFlight: ['errors'] }));

  assert.deepEqual(second.status, first.status);
  assert.deepEqual(second.orders, []);
  assert.equal(second.wakeAtMs, undefined);
});

test('waits for the initial delay, counted from the start of the run', () => {
  const spec = { metrics: [{ ...METRIC, initialDelay: '1m' }] };
  const first = decideRun(observe(spec));
  const before = decideRun(observe(spec, { status: first.status, nowMs: START_MS + 59_999 }));
  const after = decideRun(observe(spec, { status: first.status, nowMs: START_MS + 60_000 }));

  assert.equal(first.wakeAtMs, START_MS + 60_000);
  assert.deepEqual(before.orders, []);
  assert.deepEqual(orderTypes(after), ['start errors']);
});

test('measures again one interval after the last one finished', () => {
  const story = play({ metrics: [METRIC] }, [0.01]);

  assert.equal(story.decision.wakeAtMs, story.nowMs + 30_000);
  assert.deepEqual(story.decision.orders, []);
});

test('ends Successful when the count is reached, with summary and events', () => {
  const { decision } = play({ metrics: [METRIC] }, [0.01, 0.02, 0.03]);

  assert.equal(decision.status.phase, 'Successful');
  assert.equal(decision.status.message, undefined);
  assert.deepEqual(decision.status.runSummary, { count: 1, successful: 1 });
  assert.deepEqual(decision.status.dryRunSummary, {});
  assert.ok(decision.status.completedAt !== undefined);
  assert.deepEqual(decision.events, [
    { type: 'Normal', reason: 'MetricSuccessful', message: "Metric 'errors' Completed. Result: Successful" },
    { type: 'Normal', reason: 'AnalysisRunSuccessful', message: 'Analysis Completed. Result: Successful' },
  ]);
});

const VERDICTS: readonly {
  readonly title: string;
  readonly metric: Partial<Metric>;
  readonly values: readonly (number | 'error')[];
  readonly phase: string;
  readonly message?: string;
}[] = [
  {
    title: 'one failure too many',
    metric: { failureLimit: 1 },
    values: [0.5, 0.5],
    phase: 'Failed',
    message: 'Metric "errors" assessed Failed due to failed (2) > failureLimit (1)',
  },
  { title: 'failures within the limit', metric: { failureLimit: 1 }, values: [0.5, 0.01, 0.01], phase: 'Successful' },
  {
    title: 'an inconclusive measurement',
    metric: { failureCondition: 'result > 0.1' },
    values: [0.07],
    phase: 'Inconclusive',
    message: 'Metric "errors" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)',
  },
  {
    title: 'too many errors in a row',
    metric: { consecutiveErrorLimit: 1 },
    values: ['error', 'error'],
    phase: 'Error',
    message:
      'Metric "errors" assessed Error due to consecutiveErrors (2) > consecutiveErrorLimit (1): "Error Message: prom is down"',
  },
  {
    title: 'errors that were followed by values',
    metric: { consecutiveErrorLimit: 1 },
    values: ['error', 0.01, 'error', 0.01, 0.01],
    phase: 'Successful',
  },
  {
    title: 'enough successes in a row',
    metric: { count: 0, consecutiveSuccessLimit: 2 },
    values: [0.01, 0.01],
    phase: 'Successful',
  },
  {
    title: 'too few successes in a row',
    metric: { count: 3, failureLimit: 1, consecutiveSuccessLimit: 2 },
    values: [0.01, 0.5, 0.01],
    phase: 'Inconclusive',
    message: 'Metric "errors" assessed Inconclusive due to consecutiveSuccesses (1) < consecutiveSuccessLimit (2)',
  },
  {
    title: 'too few successes in a row without a failure limit',
    metric: { count: 3, failureLimit: -1, consecutiveSuccessLimit: 2 },
    values: [0.01, 0.5, 0.01],
    phase: 'Failed',
    message: 'Metric "errors" assessed Failed due to consecutiveSuccesses (1) < consecutiveSuccessLimit (2)',
  },
  {
    title: 'limits written as texts',
    metric: { count: '2', failureLimit: '1' },
    values: [0.5, 0.01],
    phase: 'Successful',
  },
];

for (const { title, metric, values, phase, message } of VERDICTS) {
  test(`${phase} after ${title}`, () => {
    const { decision } = play({ metrics: [{ ...METRIC, ...metric }] }, values);

    assert.equal(decision.status.phase, phase);
    assert.equal(decision.status.message, message);
  });
}

test('retries ten seconds after an error, however long the interval is', () => {
  const { decision, nowMs } = play({ metrics: [{ ...METRIC, interval: '1h' }] }, ['error']);

  assert.equal(decision.wakeAtMs, nowMs + 10_000);
});

test('an error does not count as a measurement', () => {
  const { decision } = play({ metrics: [METRIC] }, ['error', 0.01]);
  const [result] = decision.status.metricResults ?? [];

  assert.equal(result?.count, 1);
  assert.equal(result?.error, 1);
  assert.equal(result?.consecutiveError, undefined);
});

test('a bad metric ends the run: nothing is measured any more, and what is under way is called off', () => {
  const spec = {
    metrics: [
      { ...METRIC, name: 'a' },
      { ...METRIC, name: 'b' },
    ],
  };
  const first = decideRun(observe(spec));
  const decision = decideRun(
    observe(spec, {
      status: first.status,
      inFlight: ['b'],
      reports: [report('a', 0.5, START_MS)],
      nowMs: START_MS + 10,
    }),
  );

  assert.equal(decision.status.phase, 'Failed');
  assert.deepEqual(orderTypes(decision), ['terminate b']);
  assert.deepEqual(decision.status.runSummary, { count: 2, failed: 1 });
});

test('a dry-run metric never decides, but tells what it would have', () => {
  const spec = { metrics: [{ ...METRIC, count: 1 }], dryRun: [{ metricName: 'err.*' }] };
  const { decision } = play(spec, [0.5]);
  const [result] = decision.status.metricResults ?? [];

  assert.equal(decision.status.phase, 'Successful');
  assert.equal(result?.dryRun, true);
  assert.equal(result?.phase, 'Failed');
  assert.equal(result?.message, 'Metric assessed Failed due to failed (1) > failureLimit (0)');
  assert.deepEqual(decision.status.dryRunSummary, { count: 1, failed: 1 });
  assert.deepEqual(decision.status.runSummary, {});
});

test('keeps ten measurements, or as many as a rule says', () => {
  const values = Array.from({ length: 15 }, () => 0.01);
  const kept = (spec: AnalysisRunSpec): number | undefined =>
    play(spec, values).decision.status.metricResults?.[0]?.measurements?.length;

  assert.equal(kept({ metrics: [{ ...METRIC, count: 20 }] }), 10);
  assert.equal(
    kept({ metrics: [{ ...METRIC, count: 20 }], measurementRetention: [{ metricName: 'errors', limit: 12 }] }),
    12,
  );
});

test('keeps the latest measurements', () => {
  const spec = { metrics: [METRIC], measurementRetention: [{ metricName: 'errors', limit: 1 }] };
  const { decision } = play(spec, [0.01, 0.02, 0.03]);

  assert.deepEqual(
    decision.status.metricResults?.[0]?.measurements?.map((measurement) => measurement.value),
    ['0.03'],
  );
});

test('keeps no more measurements than an object can hold, and says so once', () => {
  const metric = { ...METRIC, successCondition: 'true', count: undefined };
  const spec: AnalysisRunSpec = {
    metrics: [metric],
    measurementRetention: [{ metricName: 'errors', limit: 1_000_000 }],
  };
  const measurements = Array.from({ length: 70 }, (_, index) => ({
    phase: 'Successful' as const,
    startedAt: new Date(START_MS + index).toISOString(),
    finishedAt: new Date(START_MS + index).toISOString(),
    value: 'ä'.repeat(4_000),
  }));
  const status: AnalysisRunStatus = {
    phase: 'Running',
    startedAt: new Date(START_MS).toISOString(),
    metricResults: [{ name: 'errors', phase: 'Running', count: 70, successful: 70, measurements }],
  };

  const first = decideRun(observe(spec, { status, reports: [report('errors', 0.5, START_MS + 99)] }));
  const second = decideRun(observe(spec, { status: first.status }));

  const [result] = first.status.metricResults ?? [];
  assert.equal(result?.count, 71);
  assert.equal(result?.measurements?.length, 65);
  assert.equal(result?.measurements?.at(-1)?.value, '0.5');
  assert.ok(Buffer.byteLength(JSON.stringify(first.status)) < 525_000);
  const message = "Metric 'errors': measurements older than these were left out: all of a run may take 512 KiB";
  assert.deepEqual(first.events, [{ type: 'Warning', reason: 'MeasurementsDropped', message }]);
  assert.deepEqual([second.status, second.events], [first.status, []]);
});

test('keeps the last measurement of every metric, and the newest of all', () => {
  const names = ['a', 'b'];
  const spec = {
    metrics: names.map((name) => ({ ...METRIC, name, successCondition: 'true', count: undefined })),
    measurementRetention: [{ metricName: '', limit: 1_000_000 }],
  };
  const at = (ms: number) => ({
    phase: 'Successful' as const,
    startedAt: new Date(START_MS + ms).toISOString(),
    finishedAt: new Date(START_MS + ms).toISOString(),
    value: 'x'.repeat(8_000),
  });
  const metricResults = [
    { name: 'a', phase: 'Running' as const, count: 2, measurements: [at(0), at(1)] },
    { name: 'b', phase: 'Running' as const, count: 80, measurements: Array.from({ length: 80 }, (_, n) => at(n + 2)) },
  ];
  const status: AnalysisRunStatus = { phase: 'Running', startedAt: new Date(START_MS).toISOString(), metricResults };

  const kept = decideRun(observe(spec, { status })).status.metricResults?.map(
    ({ measurements }) => measurements?.length,
  );

  assert.deepEqual(kept, [1, 63]);
});

test('a dry-run metric that is bad does not end the others', () => {
  const spec = { metrics: [{ ...METRIC, name: 'dry' }, METRIC], dryRun: [{ metricName: 'dry' }] };
  const first = decideRun(observe(spec));
  const reports = [report('dry', 0.5, START_MS), report('errors', 0.01, START_MS)];
  const decision = decideRun(observe(spec, { status: first.status, reports, nowMs: START_MS + 5 }));

  assert.equal(decision.status.phase, 'Running');
  assert.equal(decision.wakeAtMs, START_MS + 5 + 30_000);
});

const INVALID: readonly { readonly title: string; readonly spec: AnalysisRunSpec; readonly message: string }[] = [
  { title: 'no metrics', spec: { metrics: [] }, message: 'Analysis spec invalid: no metrics specified' },
  {
    title: 'a count without an interval',
    spec: { metrics: [{ ...METRIC, interval: undefined }] },
    message: 'Analysis spec invalid: metrics[0]: interval must be specified when count > 1',
  },
  {
    title: 'a dry-run rule for nothing',
    spec: { metrics: [METRIC], dryRun: [{ metricName: 'latency' }] },
    message: "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)",
  },
  {
    title: 'an argument that is not there',
    spec: { metrics: [{ ...METRIC, successCondition: 'result < {{args.limit}}' }] },
    message: 'Unable to resolve metric arguments: failed to resolve {{args.limit}}',
  },
  {
    title: 'an argument without a value',
    spec: { metrics: [METRIC], args: [{ name: 'limit' }] },
    message: 'Unable to resolve metric arguments: argument "limit" was not supplied',
  },
];

for (const { title, spec, message } of INVALID) {
  test(`ends as Error with ${title}`, () => {
    const decision = decideRun(observe(spec));

    assert.equal(decision.status.phase, 'Error');
    assert.equal(decision.status.message, message);
    assert.deepEqual(decision.orders, []);
    assert.deepEqual(decision.events, [
      { type: 'Warning', reason: 'AnalysisRunError', message: 'Analysis Completed. Result: Error' },
    ]);
  });
}

test('fills arguments into every text of a metric, also those from Secrets, and hides them in messages', () => {
  const spec: AnalysisRunSpec = {
    metrics: [
      {
        ...METRIC,
        successCondition: 'result < {{ args.limit }}',
        provider: {
          prometheus: { query: 'errors{app="{{args.app}}"}', headers: [{ key: 'a', value: '{{args.token}}' }] },
        },
      },
    ],
    args: [
      { name: 'limit', value: '0.05' },
      { name: 'app', value: 'a"b' },
      { name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
    ],
  };
  const secrets = { token: { value: 'hush' } };
  const first = decideRun(observe(spec, { secrets }));
  const [order] = first.orders;
  assert.ok(order?.type === 'start');
  assert.equal(order.metric.successCondition, 'result < 0.05');
  assert.equal(order.metric.provider.prometheus?.query, 'errors{app="a"b"}');
  assert.equal(order.metric.provider.prometheus?.headers?.[0]?.value, 'hush');

  const outcome: ProviderOutcome = {
    type: 'verdict',
    phase: 'Error',
    message: 'token hush was refused',
    metadata: { q: 'x=hush' },
  };
  const reports = [
    { ...report('errors', 0, START_MS), progress: { type: 'finished', finishedAtMs: START_MS + 5, outcome } as const },
  ];
  const second = decideRun(observe(spec, { secrets, status: first.status, reports, nowMs: START_MS + 5 }));

  assert.ok(!JSON.stringify(second.status).includes('hush'));
  assert.equal(second.status.metricResults?.[0]?.measurements?.[0]?.message, 'token ***** was refused');
});

test('never records a value of a Secret, also where it is what was measured', () => {
  const spec: AnalysisRunSpec = {
    metrics: [{ ...METRIC, successCondition: 'result == "hush"' }],
    args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
  };
  const status = decideRun(observe(spec, { secrets: { token: { value: 'hush' } } })).status;
  const outcome: ProviderOutcome = { type: 'result', result: 'hush', value: 'hush' };
  const progress = { type: 'finished', finishedAtMs: START_MS + 5, outcome } as const;
  const reports = [{ ...report('errors', 0, START_MS), progress }];
  const second = decideRun(observe(spec, { secrets: { token: { value: 'hush' } }, status, reports }));

  const [measurement] = second.status.metricResults?.[0]?.measurements ?? [];
  assert.deepEqual([measurement?.phase, measurement?.value], ['Successful', '*****']);
  assert.ok(!JSON.stringify(second.status).includes('hush'));
});

test('records the beginning of what is too long for an object, and judges all of it', () => {
  const spec: AnalysisRunSpec = { metrics: [{ ...METRIC, successCondition: 'len(result) == 1000000' }] };
  const status = decideRun(observe(spec)).status;
  const long = 'x'.repeat(1_000_000);
  const outcome: ProviderOutcome = { type: 'result', result: long, value: long, metadata: { warnings: long } };
  const progress = { type: 'finished', finishedAtMs: START_MS + 5, outcome } as const;
  const second = decideRun(observe(spec, { status, reports: [{ ...report('errors', 0, START_MS), progress }] }));

  const [measurement] = second.status.metricResults?.[0]?.measurements ?? [];
  assert.equal(measurement?.phase, 'Successful');
  assert.match(measurement?.value ?? '', /^x{8192}… \(1000000 characters\)$/);
  assert.ok(JSON.stringify(measurement).length < 20_000);
});

test('ends as Error when a Secret is missing, but only if something is to be measured', () => {
  const spec: AnalysisRunSpec = {
    metrics: [METRIC],
    args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
  };
  const secrets = { token: { problem: "key 'k' does not exist in secret 's'" } };

  const measuring = decideRun(observe(spec, { secrets }));
  const terminated = decideRun(observe({ ...spec, terminate: true }, { secrets }));

  assert.equal(measuring.status.message, "Unable to resolve metric arguments: key 'k' does not exist in secret 's'");
  assert.equal(terminated.status.phase, 'Successful');
});

test('a run that is terminated reads Successful, says what was not measured, and proves nothing', () => {
  const spec = { metrics: [METRIC], terminate: true };
  const decision = decideRun(observe(spec));

  assert.equal(decision.status.phase, 'Successful');
  assert.equal(decision.status.message, 'Run Terminated (not measured: errors)');
  assert.deepEqual(decision.status.runSummary, { count: 1 });
  assert.equal(decision.events.at(-1)?.message, 'Analysis Completed. Result: Successful (not measured: errors)');
  assert.equal(unprovenCause({ spec, status: decision.status }), 'it ended before it had measured errors');
});

test('a run that is terminated after good measurements says just that, and still proves nothing', () => {
  const story = play({ metrics: [METRIC] }, [0.01]);
  const spec = { metrics: [METRIC], terminate: true };
  const decision = decideRun(observe(spec, { status: story.decision.status, nowMs: story.nowMs }));

  assert.equal(decision.status.phase, 'Successful');
  assert.equal(decision.status.message, 'Run Terminated');
  assert.equal(unprovenCause({ spec, status: decision.status }), 'it was ended while it measured errors');
});

test('a run with nothing but errors is Error when it is terminated', () => {
  const story = play({ metrics: [METRIC] }, ['error']);
  const decision = decideRun(
    observe({ metrics: [METRIC], terminate: true }, { status: story.decision.status, nowMs: story.nowMs }),
  );

  assert.equal(decision.status.phase, 'Error');
  assert.equal(
    decision.status.message,
    'Metric "errors" assessed Error due to errors (1) without any measured value: "Error Message: prom is down"',
  );
});

for (const phase of ['Running', 'Successful'] as const) {
  test(`a run that reads ${phase} and that somebody wrote into ends undecided, and says who it was`, () => {
    const spec = { metrics: [METRIC] };
    const { run } = observe(spec, { status: { phase } });
    const managedFields = [{ manager: 'kubectl-edit', fields: ['status.phase'] }];
    const touched = { ...run, metadata: { ...run.metadata, managedFields } };
    const decision = decideRun(observe(spec, { run: touched, inFlight: ['errors'] }));
    const again = decideRun(observe(spec, { run: { ...touched, status: decision.status } }));

    const message = 'Not trusted, because of what somebody else wrote: status.phase (by kubectl-edit)';
    assert.equal(decision.status.phase, 'Inconclusive');
    assert.equal(decision.status.message, message);
    assert.deepEqual(orderTypes(decision), ['terminate errors']);
    assert.deepEqual(decision.events[0], { type: 'Warning', reason: 'AnalysisRunNotTrusted', message });
    assert.deepEqual(again, { status: decision.status, orders: [], events: [], deleteRun: false });
  });
}

test('a finished run proves success', () => {
  const { decision } = play({ metrics: [METRIC] }, [0.01, 0.01, 0.01]);

  assert.equal(unprovenCause({ spec: { metrics: [METRIC] }, status: decision.status }), undefined);
});

test('an unfinished measurement of a provider that waits is resumed, and ended with the run', () => {
  const spec = { metrics: [METRIC] };
  const first = decideRun(observe(spec));
  const waiting = { type: 'waiting', resumeAtMs: START_MS + 5_000, state: { job: 'j1' } } as const;
  const reports = [{ metricName: 'errors', startedAtMs: START_MS, progress: waiting }];
  const second = decideRun(observe(spec, { status: first.status, reports, nowMs: START_MS + 10 }));
  const third = decideRun(observe(spec, { status: second.status, nowMs: START_MS + 5_000 }));
  const ended = decideRun(observe({ ...spec, terminate: true }, { status: second.status, nowMs: START_MS + 100 }));

  assert.equal(second.wakeAtMs, START_MS + 5_000);
  assert.deepEqual(second.orders, []);
  assert.deepEqual(orderTypes(third), ['resume errors']);
  assert.deepEqual(orderTypes(ended), ['terminate errors']);
  const [measurement] = ended.status.metricResults?.[0]?.measurements ?? [];
  assert.equal(measurement?.message, 'Metric Terminated');
  assert.equal(measurement?.phase, 'Successful');
  assert.equal(unprovenCause({ spec, status: ended.status }), 'it ended before it had measured errors');
});

test('a Job that is stopped with its run is inconclusive', () => {
  const metric: Metric = { name: 'smoke', provider: { job: { spec: {} } } };
  const waiting = { type: 'waiting', resumeAtMs: START_MS + 5_000, state: { 'job-name': 'j1' } } as const;
  const reports = [{ metricName: 'smoke', startedAtMs: START_MS, progress: waiting }];
  const spec = { metrics: [metric] };
  const { status } = decideRun(observe(spec, { status: decideRun(observe(spec)).status, reports }));
  const ended = decideRun(observe({ ...spec, terminate: true }, { status, nowMs: START_MS + 100 }));

  assert.equal(ended.status.phase, 'Inconclusive');
  assert.equal(
    ended.status.message,
    'Metric "smoke" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): "Error Message: Metric Terminated"',
  );
  assert.deepEqual(ended.status.runSummary, { count: 1, inconclusive: 1 });
});

test('a metric may have an argument in its name, and its limits', () => {
  const spec = {
    args: [
      { name: 'shop', value: 'eu' },
      { name: 'n', value: '2' },
    ],
    metrics: [{ ...METRIC, name: 'errors-{{args.shop}}', count: '{{ args.n }}' }],
  };
  const { decision } = play(spec, [0.01, 0.02]);
  const ended = { ...spec, terminate: true };

  assert.equal(decision.status.phase, 'Successful');
  assert.deepEqual(
    decision.status.metricResults?.map(({ name, count }) => [name, count]),
    [['errors-eu', 2]],
  );
  assert.equal(unprovenCause({ spec, status: decision.status }), undefined);
  assert.equal(unprovenCause({ spec: ended, status: decision.status }), undefined);
  assert.equal(unprovenCause({ spec, status: { metricResults: [] } }), 'it ended before it had measured errors-eu');
});

test('takes an argument from its Secret, also where a default stands beside', () => {
  const valueFrom = { secretKeyRef: { name: 's', key: 'k' } };
  const provider = { prometheus: { query: 'up{key="{{args.key}}"}' } };
  const spec = { args: [{ name: 'key', value: 'default', valueFrom }], metrics: [{ ...METRIC, provider }] };
  const { orders } = decideRun(observe(spec, { secrets: { key: { value: 'hush' } } }));
  const [order] = orders;

  assert.equal(order?.metric.provider.prometheus?.query, 'up{key="hush"}');
});

test('a count below zero is reached by the first value, and by no error', () => {
  const spec = { metrics: [{ ...METRIC, count: -1, interval: '1s' }] };

  assert.equal(play(spec, [0.01]).decision.status.phase, 'Successful');
  assert.equal(play(spec, ['error']).decision.status.phase, 'Running');
});

test('records a report once, also when it is handed over again', () => {
  const spec = { metrics: [METRIC] };
  const first = decideRun(observe(spec));
  const reports = [report('errors', 0.01, START_MS)];
  const second = decideRun(observe(spec, { status: first.status, reports, nowMs: START_MS + 10 }));
  const third = decideRun(observe(spec, { status: second.status, reports, nowMs: START_MS + 20 }));

  assert.equal(second.status.metricResults?.[0]?.count, 1);
  assert.deepEqual(third.status, second.status);
});

test('deletes a run when its time to live is over, by the way it ended', () => {
  const story = play({ metrics: [{ ...METRIC, count: 1 }] }, [0.01]);
  const spec = { metrics: [METRIC], ttlStrategy: { secondsAfterCompletion: 60, secondsAfterSuccess: 10 } };
  const status = story.decision.status;
  const before = decideRun(observe(spec, { status, nowMs: story.nowMs + 9_999 }));
  const after = decideRun(observe(spec, { status, nowMs: story.nowMs + 10_000 }));

  assert.equal(before.deleteRun, false);
  assert.equal(before.wakeAtMs, story.nowMs + 10_000);
  assert.equal(after.deleteRun, true);
});

test('changes nothing about a run that is over', () => {
  const { decision } = play({ metrics: [{ ...METRIC, count: 1 }] }, [0.5]);
  const again = decideRun(observe({ metrics: [METRIC] }, { status: decision.status, nowMs: START_MS + 86_400_000 }));

  assert.deepEqual(again, { status: decision.status, orders: [], events: [], deleteRun: false });
});

test('waits from the next full second after a time that another controller recorded', () => {
  const status: AnalysisRunStatus = {
    phase: 'Running',
    startedAt: '2026-01-01T00:00:00Z',
    metricResults: [
      {
        name: 'errors',
        phase: 'Running',
        count: 1,
        successful: 1,
        measurements: [{ phase: 'Successful', startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:00Z' }],
      },
    ],
  };

  assert.equal(decideRun(observe({ metrics: [METRIC] }, { status })).wakeAtMs, START_MS + 31_000);
});

test('any story of values: the counters add up, a second pass changes nothing, and good means measured', () => {
  const value = fc.oneof(fc.constant('error' as const), fc.constantFrom(0.01, 0.5, NaN));
  const limits = fc.record({
    count: fc.integer({ min: 1, max: 6 }),
    failureLimit: fc.integer({ min: 0, max: 1 }),
    consecutiveErrorLimit: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(limits, fc.array(value, { maxLength: 8 }), fc.boolean(), (limit, values, terminate) => {
      const metric = { ...METRIC, ...limit, failureLimit: Math.min(limit.failureLimit, limit.count) };
      const spec = { metrics: [metric], terminate };
      const { decision, nowMs } = play({ metrics: [metric] }, values);
      const last = decideRun(observe(spec, { status: decision.status, nowMs, inFlight: ['errors'] }));
      const again = decideRun(observe(spec, { status: last.status, nowMs, inFlight: ['errors'] }));
      const [result] = last.status.metricResults ?? [];
      const { successful = 0, failed = 0, inconclusive = 0, count = 0, error = 0 } = result ?? {};

      assert.deepEqual(again.status, last.status);
      assert.equal(successful + failed + inconclusive, count);
      if (last.status.phase === 'Successful' && count === 0) assert.ok(unprovenCause({ spec, status: last.status }));
      if (count === 0 && error > 0 && last.status.completedAt !== undefined) assert.equal(last.status.phase, 'Error');
    }),
  );
});

function observe(
  spec: AnalysisRunSpec,
  rest: Partial<RunObservation> & { readonly status?: AnalysisRunStatus } = {},
): RunObservation {
  const { status, ...observation } = rest;
  const run: AnalysisRun = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'shop' },
    spec,
    ...(status === undefined ? {} : { status }),
  };
  return { nowMs: START_MS, run, secrets: {}, inFlight: [], reports: [], ...observation };
}

function report(metricName: string, value: number | 'error', startedAtMs: number) {
  const outcome: ProviderOutcome =
    value === 'error'
      ? { type: 'verdict', phase: 'Error', message: 'prom is down' }
      : { type: 'result', result: value, value: String(value) };
  return { metricName, startedAtMs, progress: { type: 'finished', finishedAtMs: startedAtMs + 5, outcome } as const };
}

/** Plays a run whose first metric gives these values, waking whenever the decision says so, until it is over. */
function play(spec: AnalysisRunSpec, values: readonly (number | 'error')[]): { decision: RunDecision; nowMs: number } {
  let nowMs = START_MS;
  let decision = decideRun(observe(spec));
  for (const value of values) {
    if (decision.status.completedAt !== undefined) break;
    if (decision.orders.length === 0) {
      nowMs = decision.wakeAtMs ?? nowMs;
      decision = decideRun(observe(spec, { status: decision.status, nowMs }));
    }
    const name = decision.orders[0]?.metric.name ?? '';
    assert.deepEqual(orderTypes(decision), [`start ${name}`]);
    const reports = [report(name, value, nowMs)];
    nowMs += 5;
    decision = decideRun(observe(spec, { status: decision.status, reports, nowMs }));
  }
  return { decision, nowMs };
}

function orderTypes(decision: RunDecision): readonly string[] {
  return decision.orders.map((order: MeasurementOrder) => `${order.type} ${order.metric.name}`);
}
