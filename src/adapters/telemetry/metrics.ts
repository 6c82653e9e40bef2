import { memoryUsage } from 'node:process';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';
import type {
  AnalysisRunFacts,
  Metrics,
  QueueMetrics,
  ReconciledKind,
  RolloutFacts,
  ShareFacts,
  TemplateFacts,
} from '../../ports/telemetry.ts';
import { createLimitedLabels } from './limited-labels.ts';

/** Series of a deleted object stay this long, for a last scrape at the usual interval of up to a minute. */
const GONE_KEPT_MS = 65_000;
/**
 * A histogram is eight series. A scrape with five thousand of them blocks for a third of a second, so only so many objects have
 * their own; those beyond are counted together under an empty name.
 */
const OWN_HISTOGRAM_MAX = 200;
/** Objects with counters of their own (errors, events); beyond it they are counted together under an empty name. */
const OWN_COUNTER_MAX = 5_000;
const NAMESPACES_MAX = 200;
/** The value that dashboards know for a label which is not told. */
const NOT_TOLD = 'N/A';
/** What dashboards call something that has no phase yet. */
const NOT_BEGUN = 'Pending';
const RECONCILE_BUCKETS = [0.01, 0.15, 0.25, 0.5, 1];
/** From half a minute to eight hours: some updates wait for people. */
const UPDATE_BUCKETS = [30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 28_800];
const QUEUE_BUCKETS = [0.000_1, 0.001, 0.01, 0.1, 1, 10, 100];
const OBJECT_LABELS = ['namespace', 'name'] as const;

export interface MetricsOptions {
  readonly clock: Clock;
  readonly build: BuildInfo;
  /** Memory, CPU and event loop of this process too; they keep a few handles open. */
  readonly processMetrics?: boolean;
}

export interface BuildInfo {
  readonly version: string;
  readonly commit: string;
}

/** The numbers by prom-client, under the names that existing dashboards and alerts use. */
export interface MetricsRegistry {
  readonly metrics: Metrics;
  /** The page that Prometheus reads. */
  render(): Promise<string>;
  readonly contentType: string;
  /** What there is to read, for the reference page. */
  series(): readonly Series[];
  close(): void;
}

export interface Series {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

export function createMetrics(options: MetricsOptions): MetricsRegistry {
  const registry = new Registry();
  const removals = new Set<ScheduledCall>();
  describeBuild(registry, options.build);
  if (options.processMetrics === true) collectDefaultMetrics({ register: registry });
  const rollouts = rolloutSeries(registry);
  const runs = analysisRunSeries(registry);
  const experiments = experimentSeries(registry);
  const templates = templateSeries(registry);
  const passes = passSeries(registry);
  const notices = noticeSeries(registry);

  function later(run: () => void): void {
    const call = options.clock.schedule(GONE_KEPT_MS, () => {
      removals.delete(call);
      run();
    });
    removals.add(call);
  }

  return {
    metrics: {
      ...callSeries(registry),
      ...notices.metrics,
      reconciled: passes.reconciled,
      rolloutObserved: (rollout) => rollouts.observed(rollout),
      updateEnded: updateSeries(registry),
      analysisRunObserved: (run) => runs.observed(run),
      experimentObserved: (experiment) => experiments.observed(experiment),
      templateObserved: (template) => templates.observed(template),
      templateGone: ({ namespace, name }) => templates.gone(namespace, name),
      objectGone({ kind, namespace, name }) {
        // State that is no longer true goes at once; what only counts stays for a last scrape.
        if (kind === 'rollout') rollouts.gone(namespace, name);
        if (kind === 'analysis_run') runs.gone(namespace, name);
        if (kind === 'experiment') experiments.gone(namespace, name);
        later(() => {
          passes.gone(kind, namespace, name);
          if (kind === 'rollout') notices.gone(namespace, name);
        });
      },
      shareIs: shareSeries(registry),
      queue: queueSeries(registry),
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
    series: () => seriesIn(registry),
    close() {
      for (const call of removals) call.cancel();
      registry.clear();
    },
  };
}

function seriesIn(registry: Registry): readonly Series[] {
  // The library's types leave out two fields that every metric has.
  const all = registry.getMetricsAsArray() as unknown as readonly (Series & {
    readonly labelNames: readonly string[];
  })[];
  return all.map(({ name, type, help, labelNames }) => ({ name, type, help, labels: labelNames }));
}

function describeBuild(registry: Registry, { version, commit }: BuildInfo): void {
  new Gauge({
    name: 'argo_rollouts_controller_info',
    help: 'Running controller, for dashboards that ask by this name',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  new Gauge({
    name: 'go_memstats_heap_alloc_bytes',
    help: 'Bytes of the heap that are in use, for dashboards that ask by this name',
    registers: [registry],
    collect() {
      this.set(memoryUsage().heapUsed);
    },
  });
  // The platform's own version and processor stand in the labels that Go programs use for theirs.
  new Gauge({
    name: 'build_info',
    help: 'What this program was built from',
    labelNames: ['version', 'goversion', 'goarch', 'commit'],
    registers: [registry],
  }).set({ version, goversion: `node ${process.version}`, goarch: process.arch, commit }, 1);
}

const ROLLOUT_PHASES: readonly string[] = ['Completed', 'Progressing', 'Paused', 'Timeout', 'Error', 'Abort'];
/** Of AnalysisRuns, their metrics, and Experiments. */
const RUN_PHASES: readonly string[] = ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'];

function rolloutSeries(registry: Registry): {
  observed(rollout: RolloutFacts): void;
  gone(namespace: string, name: string): void;
} {
  const info = new Gauge({
    name: 'rollout_info',
    help: 'A Rollout and its phase',
    labelNames: [...OBJECT_LABELS, 'strategy', 'traffic_router', 'phase'],
    registers: [registry],
  });
  const phases = new Gauge({
    name: 'rollout_phase',
    help: 'Whether a Rollout is in this phase; rollout_info says the same in one series, with more labels',
    labelNames: [...OBJECT_LABELS, 'strategy', 'phase'],
    registers: [registry],
  });
  const replicas = (['available', 'unavailable', 'desired', 'updated'] as const).map((count) => ({
    count,
    gauge: new Gauge({
      name: `rollout_info_replicas_${count}`,
      help: `Number of ${count} replicas of a Rollout`,
      labelNames: OBJECT_LABELS,
      registers: [registry],
    }),
  }));
  const shown = new Map<string, RolloutFacts>();

  function showInfo({ namespace, name, strategy, trafficRouter, phase }: RolloutFacts, deed: 'set' | 'remove'): void {
    write(info, deed, { namespace, name, strategy, traffic_router: trafficRouter, phase });
  }

  function showPhases({ namespace, name, strategy, phase }: RolloutFacts, deed: 'set' | 'remove'): void {
    writePhases(phases, deed, { labels: { namespace, name, strategy }, phase, all: ROLLOUT_PHASES });
  }

  /** Of a change of phase two series tell; the others stay. */
  function movePhase(from: RolloutFacts, { namespace, name, strategy, phase }: RolloutFacts): void {
    if (from.phase === phase) return;
    const labels = { namespace, name, strategy };
    if (ROLLOUT_PHASES.includes(from.phase)) phases.set({ ...labels, phase: from.phase }, 0);
    else phases.remove({ ...labels, phase: from.phase });
    phases.set({ ...labels, phase }, 1);
  }

  return {
    observed(rollout) {
      const { namespace, name } = rollout;
      const key = `${namespace}/${name}`;
      const before = shown.get(key);
      shown.set(key, rollout);
      if (before === undefined || !sameInfo(before, rollout)) {
        if (before !== undefined) showInfo(before, 'remove');
        showInfo(rollout, 'set');
        if (before?.strategy === rollout.strategy) movePhase(before, rollout);
        else {
          if (before !== undefined) showPhases(before, 'remove');
          showPhases(rollout, 'set');
        }
      }
      for (const { count, gauge } of replicas) {
        if (before?.replicas[count] !== rollout.replicas[count])
          gauge.set({ namespace, name }, rollout.replicas[count]);
      }
    },
    gone(namespace, name) {
      const before = shown.get(`${namespace}/${name}`);
      if (before === undefined) return;
      shown.delete(`${namespace}/${name}`);
      showInfo(before, 'remove');
      showPhases(before, 'remove');
      for (const { gauge } of replicas) gauge.remove({ namespace, name });
    },
  };
}

function updateSeries(registry: Registry): Metrics['updateEnded'] {
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ name, help, labelNames: ['status'], buckets: UPDATE_BUCKETS, registers: [registry] });
  const total = histogram(
    'rollout_duration_seconds',
    'Seconds from the start of an update to its end, by how it ended',
  );
  const progression = histogram(
    'rollout_progression_duration_seconds',
    'The same without the time that it waited for people',
  );
  const paused = histogram('rollout_manual_pause_duration_seconds', 'Seconds of it in which people were waited for');
  return ({ status, totalSeconds, manualPauseSeconds }) => {
    total.observe({ status }, totalSeconds);
    progression.observe({ status }, totalSeconds - manualPauseSeconds);
    paused.observe({ status }, manualPauseSeconds);
  };
}

function sameInfo(left: RolloutFacts, right: RolloutFacts): boolean {
  return left.phase === right.phase && left.strategy === right.strategy && left.trafficRouter === right.trafficRouter;
}

function analysisRunSeries(registry: Registry): {
  observed(run: AnalysisRunFacts): void;
  gone(namespace: string, name: string): void;
} {
  const info = new Gauge({
    name: 'analysis_run_info',
    help: 'An AnalysisRun and its phase',
    labelNames: [...OBJECT_LABELS, 'phase'],
    registers: [registry],
  });
  const runPhases = new Gauge({
    name: 'analysis_run_phase',
    help: 'Whether an AnalysisRun is in this phase; analysis_run_info says the same in one series',
    labelNames: [...OBJECT_LABELS, 'phase'],
    registers: [registry],
  });
  const types = new Gauge({
    name: 'analysis_run_metric_type',
    help: 'The provider of a metric of an AnalysisRun',
    labelNames: [...OBJECT_LABELS, 'metric', 'type'],
    registers: [registry],
  });
  const phases = new Gauge({
    name: 'analysis_run_metric_phase',
    help: 'Whether a metric of an AnalysisRun is in this phase',
    labelNames: [...OBJECT_LABELS, 'metric', 'type', 'dry_run', 'phase'],
    registers: [registry],
  });
  const shown = new Map<string, AnalysisRunFacts>();

  function show(run: AnalysisRunFacts, deed: 'set' | 'remove'): void {
    const { namespace, name } = run;
    write(info, deed, { namespace, name, phase: run.phase });
    writePhases(runPhases, deed, { labels: { namespace, name }, phase: run.phase || NOT_BEGUN, all: RUN_PHASES });
    for (const { metric, type, phase, dryRun } of run.metrics) {
      write(types, deed, { namespace, name, metric, type });
      const labels = { namespace, name, metric, type, dry_run: String(dryRun) };
      writePhases(phases, deed, { labels, phase: phase || NOT_BEGUN, all: RUN_PHASES });
    }
  }

  function gone(namespace: string, name: string): void {
    const before = shown.get(`${namespace}/${name}`);
    if (before !== undefined) show(before, 'remove');
    shown.delete(`${namespace}/${name}`);
  }

  return {
    observed(run) {
      // Each measurement is a pass, and most change nothing of this.
      if (deepEqual(shown.get(`${run.namespace}/${run.name}`), run)) return;
      gone(run.namespace, run.name);
      shown.set(`${run.namespace}/${run.name}`, run);
      show(run, 'set');
    },
    gone,
  };
}

function templateSeries(registry: Registry): {
  observed(template: TemplateFacts): void;
  gone(namespace: string, name: string): void;
} {
  const info = new Gauge({
    name: 'analysis_template_info',
    help: 'An AnalysisTemplate, or one of the whole cluster, without a namespace',
    labelNames: OBJECT_LABELS,
    registers: [registry],
  });
  const types = new Gauge({
    name: 'analysis_template_metric_info',
    help: 'A metric of a template and its provider',
    labelNames: [...OBJECT_LABELS, 'type', 'metric'],
    registers: [registry],
  });
  const shown = new Map<string, TemplateFacts>();

  function show({ namespace, name, metrics }: TemplateFacts, deed: 'set' | 'remove'): void {
    write(info, deed, { namespace, name });
    for (const { metric, type } of metrics) write(types, deed, { namespace, name, type, metric });
  }

  function gone(namespace: string, name: string): void {
    const before = shown.get(`${namespace}/${name}`);
    if (before !== undefined) show(before, 'remove');
    shown.delete(`${namespace}/${name}`);
  }

  return {
    observed(template) {
      gone(template.namespace, template.name);
      shown.set(`${template.namespace}/${template.name}`, template);
      show(template, 'set');
    },
    gone,
  };
}

function experimentSeries(registry: Registry): {
  readonly observed: Metrics['experimentObserved'];
  gone(namespace: string, name: string): void;
} {
  const labelNames = [...OBJECT_LABELS, 'phase'];
  const registers = [registry];
  const info = new Gauge({ name: 'experiment_info', help: 'An Experiment and its phase', labelNames, registers });
  const phases = new Gauge({
    name: 'experiment_phase',
    help: 'Whether an Experiment is in this phase; experiment_info says the same in one series',
    labelNames,
    registers,
  });
  const shown = new Map<string, string>();

  function show(
    { namespace, name, phase }: Parameters<Metrics['experimentObserved']>[0],
    deed: 'set' | 'remove',
  ): void {
    write(info, deed, { namespace, name, phase });
    writePhases(phases, deed, { labels: { namespace, name }, phase: phase || NOT_BEGUN, all: RUN_PHASES });
  }

  function gone(namespace: string, name: string): void {
    const phase = shown.get(`${namespace}/${name}`);
    if (phase === undefined) return;
    show({ namespace, name, phase }, 'remove');
    shown.delete(`${namespace}/${name}`);
  }

  return {
    observed({ namespace, name, phase }) {
      if (shown.get(`${namespace}/${name}`) === phase) return;
      gone(namespace, name);
      shown.set(`${namespace}/${name}`, phase);
      show({ namespace, name, phase }, 'set');
    },
    gone,
  };
}

function write(gauge: Gauge, deed: 'set' | 'remove', labels: Record<string, string>): void {
  if (deed === 'set') gauge.set(labels, 1);
  else gauge.remove(labels);
}

interface PhaseLabels {
  readonly labels: Readonly<Record<string, string>>;
  readonly phase: string;
  readonly all: readonly string[];
}

/** A series for each phase, also those that it is not in: alerts ask for either. One that is not among them counts as well. */
function writePhases(gauge: Gauge, deed: 'set' | 'remove', { labels, phase, all }: PhaseLabels): void {
  for (const one of new Set([...all, phase])) {
    if (deed === 'set') gauge.set({ ...labels, phase: one }, one === phase ? 1 : 0);
    else gauge.remove({ ...labels, phase: one });
  }
}

interface PassSeries {
  readonly reconciled: Metrics['reconciled'];
  gone(kind: ReconciledKind, namespace: string, name: string): void;
}

function passSeries(registry: Registry): PassSeries {
  const kinds: readonly ReconciledKind[] = ['rollout', 'analysis_run', 'experiment', 'git_source'];
  const ownTimes = createLimitedLabels(OWN_HISTOGRAM_MAX);
  const ownErrors = createLimitedLabels(OWN_COUNTER_MAX);
  const times = new Map<ReconciledKind, Histogram>();
  const errors = new Map<ReconciledKind, Counter>();
  for (const kind of kinds) {
    const words = kind.replace('_', ' ');
    times.set(
      kind,
      new Histogram({
        name: `${kind}_reconcile`,
        help: `Seconds that a pass over one ${words} took`,
        labelNames: OBJECT_LABELS,
        buckets: RECONCILE_BUCKETS,
        registers: [registry],
      }),
    );
    errors.set(
      kind,
      new Counter({
        name: `${kind}_reconcile_error`,
        help: `Passes over one ${words} that failed`,
        labelNames: OBJECT_LABELS,
        registers: [registry],
      }),
    );
  }
  return {
    reconciled({ kind, namespace, name, seconds, failed }) {
      const key = `${kind}/${namespace}/${name}`;
      const own = ownTimes.admit(key) !== undefined;
      times.get(kind)?.observe(own ? { namespace, name } : { namespace: '', name: '' }, seconds);
      if (failed)
        errors.get(kind)?.inc(ownErrors.admit(key) === undefined ? { namespace: '', name: '' } : { namespace, name });
    },
    gone(kind, namespace, name) {
      const key = `${kind}/${namespace}/${name}`;
      ownTimes.forget(key);
      ownErrors.forget(key);
      times.get(kind)?.remove({ namespace, name });
      errors.get(kind)?.remove({ namespace, name });
    },
  };
}

interface NoticeSeries {
  readonly metrics: Pick<Metrics, 'eventRecorded' | 'notificationDone'>;
  gone(namespace: string, name: string): void;
}

function noticeSeries(registry: Registry): NoticeSeries {
  const labelNames = [...OBJECT_LABELS, 'type', 'reason'] as const;
  const events = new Counter({
    name: 'rollout_events_total',
    help: 'Events of a Rollout',
    labelNames,
    registers: [registry],
  });
  const sent = new Counter({
    name: 'notification_send_success',
    help: 'Notifications that were delivered',
    labelNames,
    registers: [registry],
  });
  const unsent = new Counter({
    name: 'notification_send_error',
    help: 'Attempts to deliver a notification that failed',
    labelNames,
    registers: [registry],
  });
  const times = new Histogram({
    name: 'notification_send',
    help: 'Seconds that an attempt to deliver a notification took',
    labelNames: OBJECT_LABELS,
    buckets: RECONCILE_BUCKETS,
    registers: [registry],
  });
  const ownTimes = createLimitedLabels(OWN_HISTOGRAM_MAX);
  const own = createLimitedLabels(OWN_COUNTER_MAX);
  /** Which label sets an object has used, so that they can go with it. */
  const used = new Map<string, Map<string, { readonly counter: Counter; readonly labels: Record<string, string> }>>();

  function count(
    counter: Counter,
    facts: { readonly namespace: string; readonly name: string; readonly type: string; readonly reason: string },
  ): void {
    const key = `${facts.namespace}/${facts.name}`;
    const { type, reason } = facts;
    if (own.admit(key) === undefined) {
      counter.inc({ namespace: '', name: '', type, reason });
      return;
    }
    const labels = { namespace: facts.namespace, name: facts.name, type, reason };
    counter.inc(labels);
    let known = used.get(key);
    if (known === undefined) used.set(key, (known = new Map()));
    known.set(`${counter === events ? 'event' : counter === sent ? 'sent' : 'unsent'}/${type}/${reason}`, {
      counter,
      labels,
    });
  }

  return {
    metrics: {
      eventRecorded: (event) => count(events, event),
      notificationDone({ namespace, name, service, reason, ok, seconds }) {
        count(ok ? sent : unsent, { namespace, name, type: service, reason });
        const isOwn = ownTimes.admit(`${namespace}/${name}`) !== undefined;
        times.observe(isOwn ? { namespace, name } : { namespace: '', name: '' }, seconds);
      },
    },
    gone(namespace, name) {
      const key = `${namespace}/${name}`;
      for (const { counter, labels } of used.get(key)?.values() ?? []) counter.remove(labels);
      used.delete(key);
      own.forget(key);
      times.remove({ namespace, name });
      ownTimes.forget(key);
    },
  };
}

function callSeries(registry: Registry): Pick<Metrics, 'kubeCallDone'> {
  const calls = new Counter({
    name: 'controller_clientset_k8s_request_total',
    help: 'Calls to the Kubernetes API',
    labelNames: ['kind', 'namespace', 'name', 'verb', 'status_code'],
    registers: [registry],
  });
  const namespaces = createLimitedLabels(NAMESPACES_MAX);
  return {
    kubeCallDone({ resource, namespace, verb, status }) {
      const told = namespace === '' ? NOT_TOLD : (namespaces.admit(namespace) ?? NOT_TOLD);
      calls.inc({
        kind: resource,
        namespace: told,
        name: NOT_TOLD,
        verb: capitalised(verb),
        status_code: String(status),
      });
    },
  };
}

/** Counted at a scrape, so that nothing has to be counted while nobody asks. */
function shareSeries(registry: Registry): Metrics['shareIs'] {
  const registers = [registry];
  let read: () => ShareFacts = () => ({ members: 0, owned: {}, contested: 0 });
  new Gauge({
    name: 'headgate_members',
    help: 'Processes that share the objects (1: this one acts alone); 0 while this one does not act',
    registers,
    collect() {
      this.set(read().members);
    },
  });
  new Gauge({
    name: 'headgate_owned_objects',
    help: 'Objects that this process works on',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(read().owned)) this.set({ kind }, count);
    },
  });
  new Gauge({
    name: 'headgate_contested_rollouts',
    help: 'Rollouts to which another controller has written in the last ten minutes, though this one looks after them',
    registers,
    collect() {
      this.set(read().contested);
    },
  });
  return (now) => (read = now);
}

function queueSeries(registry: Registry): Metrics['queue'] {
  const labelNames = ['name'] as const;
  const registers = [registry];
  const depth = new Gauge({ name: 'workqueue_depth', help: 'Keys that wait in a work queue', labelNames, registers });
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Keys that were added to a work queue',
    labelNames,
    registers,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Keys that were queued again because a pass could not finish',
    labelNames,
    registers,
  });
  const waits = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'Seconds that keys waited in a work queue',
    labelNames,
    buckets: QUEUE_BUCKETS,
    registers,
  });
  const works = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'Seconds that working on a key took',
    labelNames,
    buckets: QUEUE_BUCKETS,
    registers,
  });
  const readers = new Map<string, () => readonly number[]>();
  new Gauge({
    name: 'workqueue_unfinished_work_seconds',
    help: 'Seconds that the keys which are being worked on have taken so far, together',
    labelNames,
    registers,
    collect() {
      for (const [name, read] of readers)
        this.set(
          { name },
          read().reduce((sum, seconds) => sum + seconds, 0),
        );
    },
  });
  new Gauge({
    name: 'workqueue_longest_running_processor_seconds',
    help: 'Seconds that the key which is being worked on for longest has taken so far',
    labelNames,
    registers,
    collect() {
      for (const [name, read] of readers) this.set({ name }, Math.max(0, ...read()));
    },
  });
  return (name): QueueMetrics => ({
    depth: (length) => depth.set({ name }, length),
    added: () => adds.inc({ name }),
    retried: () => retries.inc({ name }),
    waited: (seconds) => waits.observe({ name }, seconds),
    worked: (seconds) => works.observe({ name }, seconds),
    workingIs: (read) => readers.set(name, read),
  });
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
