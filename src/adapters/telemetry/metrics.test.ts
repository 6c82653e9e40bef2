import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { RolloutFacts } from '../../ports/telemetry.ts';
import { createMetrics } from './metrics.ts';
import type { MetricsRegistry } from './metrics.ts';

const build = { version: '1.2.3', commit: 'abc' };

function facts(phase: string, name = 'web'): RolloutFacts {
  return {
    namespace: 'ns',
    name,
    strategy: 'canary',
    trafficRouter: '',
    phase,
    replicas: { available: 1, unavailable: 2, desired: 3, updated: 4 },
  };
}

async function series(registry: MetricsRegistry, start: string): Promise<readonly string[]> {
  return (await registry.render()).split('\n').filter((line) => line.startsWith(start));
}

test('a Rollout has one phase at a time', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });

  registry.metrics.rolloutObserved(facts('Progressing'));
  registry.metrics.rolloutObserved(facts('Completed'));

  assert.deepEqual(await series(registry, 'rollout_info{'), [
    'rollout_info{namespace="ns",name="web",strategy="canary",traffic_router="",phase="Completed"} 1',
  ]);
  assert.deepEqual(await series(registry, 'rollout_info_replicas_unavailable{'), [
    'rollout_info_replicas_unavailable{namespace="ns",name="web"} 2',
  ]);
});

test('a change of phase changes two series and leaves the others where they are', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });
  for (const name of ['web', 'shop']) registry.metrics.rolloutObserved(facts('Progressing', name));
  const without = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replace(/ [01]$/, ''));
  const before = await series(registry, 'rollout_phase{');

  registry.metrics.rolloutObserved(facts('Completed'));

  const after = await series(registry, 'rollout_phase{');
  assert.deepEqual(without(after), without(before));
  assert.deepEqual(
    after.filter((line) => !before.includes(line)),
    ['Completed', 'Progressing'].map(
      (phase) =>
        `rollout_phase{namespace="ns",name="web",strategy="canary",phase="${phase}"} ${phase === 'Completed' ? 1 : 0}`,
    ),
  );

  registry.metrics.rolloutObserved(facts('Unheard'));
  registry.metrics.rolloutObserved(facts('Paused'));

  const shown = await series(registry, 'rollout_phase{namespace="ns",name="web"');
  assert.equal(shown.length, before.length / 2);
  assert.deepEqual(
    shown.filter((line) => line.endsWith(' 1')),
    ['rollout_phase{namespace="ns",name="web",strategy="canary",phase="Paused"} 1'],
  );
});

test('the series of a deleted Rollout go: its state at once, its counts after a last scrape', async () => {
  const clock = new VirtualClock();
  const registry = createMetrics({ clock, build });
  registry.metrics.rolloutObserved(facts('Completed'));
  registry.metrics.reconciled({ kind: 'rollout', namespace: 'ns', name: 'web', seconds: 0.1, failed: true });
  registry.metrics.eventRecorded({ namespace: 'ns', name: 'web', type: 'Normal', reason: 'RolloutUpdated' });

  registry.metrics.objectGone({ kind: 'rollout', namespace: 'ns', name: 'web' });
  const atOnce = await registry.render();
  clock.advance(65_000);
  const later = await registry.render();

  assert.doesNotMatch(atOnce, /rollout_info.*name="web"/);
  assert.match(atOnce, /rollout_reconcile_error\{namespace="ns",name="web"\} 1/);
  assert.match(atOnce, /rollout_events_total\{namespace="ns",name="web",type="Normal",reason="RolloutUpdated"\} 1/);
  assert.doesNotMatch(later, /name="web"/);
});

test('only a bounded number of objects have histograms of their own, and the sum stays whole', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });

  for (let index = 0; index < 300; index += 1) {
    registry.metrics.reconciled({
      kind: 'rollout',
      namespace: 'ns',
      name: `web-${index}`,
      seconds: 0.1,
      failed: false,
    });
  }

  const counts = await series(registry, 'rollout_reconcile_count{');
  assert.equal(counts.length, 201);
  assert.equal(counts.at(-1), 'rollout_reconcile_count{namespace="",name=""} 100');
});

test('calls to the API are counted by resource, verb and status, and never by object', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });

  registry.metrics.kubeCallDone({ resource: 'rollouts/status', namespace: 'ns', verb: 'patch', status: 200 });

  assert.deepEqual(await series(registry, 'controller_clientset'), [
    'controller_clientset_k8s_request_total{kind="rollouts/status",namespace="ns",name="N/A",verb="Patch",status_code="200"} 1',
  ]);
});

test('an AnalysisRun shows the phase of each metric, and which ones it is not in', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });
  const metric = { metric: 'errors', type: 'prometheus', dryRun: false };

  registry.metrics.analysisRunObserved({
    namespace: 'ns',
    name: 'run',
    phase: 'Running',
    metrics: [{ ...metric, phase: 'Running' }],
  });
  registry.metrics.analysisRunObserved({
    namespace: 'ns',
    name: 'run',
    phase: 'Failed',
    metrics: [{ ...metric, phase: 'Failed' }],
  });

  assert.deepEqual(await series(registry, 'analysis_run_info{'), [
    'analysis_run_info{namespace="ns",name="run",phase="Failed"} 1',
  ]);
  const phases = await series(registry, 'analysis_run_metric_phase{');
  assert.equal(phases.length, 6);
  assert.deepEqual(
    phases.filter((line) => !line.endsWith(' 0')),
    [
      'analysis_run_metric_phase{namespace="ns",name="run",metric="errors",type="prometheus",dry_run="false",phase="Failed"} 1',
    ],
  );
});

test('a Rollout shows each phase, 1 for the present one, until it is gone', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });
  const phases = async (): Promise<readonly string[]> =>
    (await series(registry, 'rollout_phase{')).map((line) => /phase="(\w+)"} \d/.exec(line)?.[0] ?? line);
  const observe = (phase: string): void =>
    registry.metrics.rolloutObserved({
      namespace: 'ns',
      name: 'web',
      strategy: 'Canary',
      trafficRouter: '',
      phase,
      replicas: { available: 1, unavailable: 0, desired: 1, updated: 1 },
    });

  observe('Progressing');
  observe('Abort');
  assert.deepEqual(await phases(), [
    'phase="Completed"} 0',
    'phase="Progressing"} 0',
    'phase="Paused"} 0',
    'phase="Timeout"} 0',
    'phase="Error"} 0',
    'phase="Abort"} 1',
  ]);

  observe('InvalidSpec');
  assert.equal((await phases()).at(-1), 'phase="InvalidSpec"} 1');
  observe('Completed');
  assert.equal((await phases()).length, 6);
  registry.metrics.objectGone({ kind: 'rollout', namespace: 'ns', name: 'web' });
  assert.deepEqual(await phases(), []);
});

test('a template shows what it measures with, until it is gone', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });
  const template = { namespace: 'ns', name: 'errors' };

  registry.metrics.templateObserved({ ...template, metrics: [{ metric: 'old', type: 'Web' }] });
  registry.metrics.templateObserved({ ...template, metrics: [{ metric: 'rate', type: 'Prometheus' }] });
  assert.deepEqual(await series(registry, 'analysis_template'), [
    'analysis_template_info{namespace="ns",name="errors"} 1',
    'analysis_template_metric_info{namespace="ns",name="errors",type="Prometheus",metric="rate"} 1',
  ]);

  registry.metrics.templateGone(template);
  assert.deepEqual(await series(registry, 'analysis_template'), []);
});

test('what this process has of the objects is counted when somebody asks', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });
  assert.deepEqual(await series(registry, 'headgate_members'), ['headgate_members 0']);
  let count = 2;
  registry.metrics.shareIs(() => ({ members: 3, owned: { rollouts: count }, contested: 1 }));

  count = 5;

  assert.deepEqual(await series(registry, 'headgate_members'), ['headgate_members 3']);
  assert.deepEqual(await series(registry, 'headgate_owned'), ['headgate_owned_objects{kind="rollouts"} 5']);
  assert.deepEqual(await series(registry, 'headgate_contested'), ['headgate_contested_rollouts 1']);
});

test('an update that ends is counted by how it ended, with and without the time that people were waited for', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });

  registry.metrics.updateEnded({ status: 'Promoted', totalSeconds: 100, manualPauseSeconds: 60 });
  registry.metrics.updateEnded({ status: 'Aborted', totalSeconds: 10, manualPauseSeconds: 0 });

  const sums = (await registry.render()).split('\n').filter((line) => /^rollout_.*duration_seconds_sum/.test(line));
  assert.deepEqual(sums, [
    'rollout_duration_seconds_sum{status="Promoted"} 100',
    'rollout_duration_seconds_sum{status="Aborted"} 10',
    'rollout_progression_duration_seconds_sum{status="Promoted"} 40',
    'rollout_progression_duration_seconds_sum{status="Aborted"} 10',
    'rollout_manual_pause_duration_seconds_sum{status="Promoted"} 60',
    'rollout_manual_pause_duration_seconds_sum{status="Aborted"} 0',
  ]);
});

test('the time of deliveries goes with the Rollout', async () => {
  const clock = new VirtualClock();
  const registry = createMetrics({ clock, build });
  const notice = {
    namespace: 'ns',
    name: 'web',
    service: 'slack',
    reason: 'on-rollout-aborted',
    ok: true,
    seconds: 0.2,
  };

  registry.metrics.notificationDone(notice);
  assert.deepEqual(await series(registry, 'notification_send_sum'), [
    'notification_send_sum{namespace="ns",name="web"} 0.2',
  ]);
  registry.metrics.objectGone({ kind: 'rollout', namespace: 'ns', name: 'web' });
  clock.advance(65_000);

  assert.deepEqual(await series(registry, 'notification_send_sum'), []);
});

test('the heap is measured when somebody asks, by the name that dashboards ask for', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });

  const [line = ''] = await series(registry, 'go_memstats_heap_alloc_bytes');
  assert.ok(Number(line.split(' ')[1]) > 1_000_000, line);
});

test('what has not begun is Pending', async () => {
  const registry = createMetrics({ clock: new VirtualClock(), build });
  const metrics = [{ metric: 'errors', type: 'Prometheus', phase: '', dryRun: false }];

  registry.metrics.analysisRunObserved({ namespace: 'ns', name: 'run', phase: '', metrics });

  const lines = [
    ...(await series(registry, 'analysis_run_metric_phase{')),
    ...(await series(registry, 'analysis_run_phase{')),
  ];
  assert.deepEqual(
    lines.filter((line) => line.endsWith(' 1')).map((line) => /phase="([^"]*)"\} (\d)/.exec(line)?.slice(1)),
    [
      ['Pending', '1'],
      ['Pending', '1'],
    ],
  );

  registry.metrics.objectGone({ kind: 'analysis_run', namespace: 'ns', name: 'run' });
  assert.doesNotMatch(await registry.render(), /name="run"/);
});
