import { KINDS } from '../../api/kinds.ts';
import type { AnalysisRun, Measurement } from '../../api/analysis.ts';
import type { ObjectRef } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { INSTANCE_ID_LABEL } from '../../api/labels.ts';
import { resolvedMetricsOf } from '../../core/analysis/arguments.ts';
import { decideRun, type MeasurementOrder, type RunDecision } from '../../core/analysis/decide-run.ts';
import type { MeasurementReport } from '../../core/analysis/measurement.ts';
import { isOver } from '../../core/analysis/metric-verdict.ts';
import { mergePatchBetween } from '../../lib/merge-patch.ts';
import type { AwsCredentialSource } from '../../ports/aws.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient } from '../../ports/http.ts';
import type { Kube, ObjectCache, QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { ProviderOptions } from '../../providers/contract.ts';
import { changedObject } from '../changed-object.ts';
import { causeOf, isRetryable } from '../failure.ts';
import { keyOf } from '../rollout/caches.ts';
import { measure, removeGarbage, terminateMeasurement, type MeasureInput } from './measure.ts';
import { runFacts } from './run-facts.ts';
import { RunSecrets } from './secrets.ts';

export interface RunControllerInput {
  readonly kube: Kube;
  readonly runs: ObjectCache<AnalysisRun>;
  readonly http: HttpClient;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly workers: number;
  readonly instanceId?: string;
  readonly providers: ProviderOptions;
  readonly aws?: AwsCredentialSource;
}

/** What this process has under way for one run. None of it is needed after a restart: status says what to measure. */
interface UnderWay {
  readonly measuring: Map<string, Measuring>;
  /** What came back and is not recorded yet. */
  reports: MeasurementReport[];
}

interface Measuring {
  readonly controller: AbortController;
  /** Settles when nothing more of it is carried out. */
  readonly ended: Promise<void>;
}

/** Works on AnalysisRuns. A measurement never holds a worker: its answer wakes the run. */
export class RunController {
  readonly #input: RunControllerInput;
  readonly #secrets: RunSecrets;
  readonly #underWay = new Map<string, UnderWay>();

  constructor(input: RunControllerInput) {
    this.#input = input;
    this.#secrets = new RunSecrets(input.kube.reader, input.clock);
    input.runs.subscribe((change) => input.queue.add(keyOf(changedObject(change))));
  }

  start(): void {
    this.#input.queue.run(this.#input.workers, (key) => this.#pass(key));
  }

  /** Ends measurements under way; they are taken again by whoever continues. */
  stop(): void {
    for (const key of this.#underWay.keys()) this.#drop(key);
  }

  /** Ends measurements of runs that leave, and settles when none goes on; whoever continues takes them again. */
  async giveUp(leaves: (key: string) => boolean): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const [key, { measuring }] of this.#underWay) {
      if (!leaves(key)) continue;
      for (const { ended } of measuring.values()) ending.push(ended);
      this.#drop(key);
    }
    await Promise.all(ending);
  }

  /** Forgets what is kept of a run that is gone, or is another process's now. */
  letGo(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    this.#drop(key);
    this.#input.telemetry.metrics.objectGone({ kind: 'analysis_run', namespace, name });
  }

  async #pass(key: string): Promise<QueueAnswer> {
    const [namespace = '', name = ''] = key.split('/');
    const run = this.#input.runs.get(namespace, name);
    if (run === undefined) {
      this.letGo(key);
      return {};
    }
    if (run.metadata.labels?.[INSTANCE_ID_LABEL] !== this.#input.instanceId) return {};
    const ref: ObjectRef = { kind: KINDS.analysisRun, namespace, name };
    const { writer } = this.#input.kube;
    if (!writer.fresh(ref)) {
      writer.whenFresh([ref], () => this.#input.queue.add(key));
      return {};
    }
    return this.#work(key, run, ref);
  }

  async #work(key: string, run: AnalysisRun, ref: ObjectRef): Promise<QueueAnswer> {
    const { clock, telemetry } = this.#input;
    const startedMs = clock.nowMs();
    let failed = false;
    try {
      const underWay = this.#underWayOf(key);
      const reports = [...underWay.reports];
      const secrets = await this.#secrets.valuesFor(run);
      const inFlight = [...underWay.measuring.keys()];
      const decision = decideRun({ nowMs: clock.nowMs(), run, secrets, inFlight, reports });
      await this.#record(run, ref, decision);
      underWay.reports = underWay.reports.filter((report) => !reports.includes(report));
      this.#carryOut(key, run, decision);
      return { againAtMs: decision.wakeAtMs, promised: true, resting: isOver(decision.status.phase) };
    } catch (error) {
      failed = !isRetryable(error);
      const facts = { run: key, cause: causeOf(error) };
      if (failed) telemetry.log.error(facts, 'pass over an AnalysisRun failed');
      else telemetry.log.debug(facts, 'pass over an AnalysisRun starts again');
      return { retry: true };
    } finally {
      const { namespace = '', name } = run.metadata;
      const seconds = (clock.nowMs() - startedMs) / 1_000;
      telemetry.metrics.reconciled({ kind: 'analysis_run', namespace, name, seconds, failed });
    }
  }

  /** AnalysisRuns have no status subresource: the difference goes to the main object. */
  async #record(run: AnalysisRun, ref: ObjectRef, decision: RunDecision): Promise<void> {
    const { writer } = this.#input.kube;
    const difference = mergePatchBetween(run.status ?? {}, decision.status);
    if (difference !== undefined) {
      const body = { metadata: { resourceVersion: run.metadata.resourceVersion }, status: difference };
      await writer.write({ verb: 'patch', ref, patchType: 'merge', body } satisfies KubeWrite);
    }
    if (decision.deleteRun) await writer.write({ verb: 'delete', ref, uid: run.metadata.uid });
  }

  #carryOut(key: string, run: AnalysisRun, decision: RunDecision): void {
    const recorded = { ...run, status: decision.status };
    for (const order of decision.orders) this.#follow(key, recorded, order);
    this.#removeGarbage(key, run, recorded);
    for (const notice of decision.events) this.#input.kube.events.record(run, notice);
    this.#input.telemetry.metrics.analysisRunObserved(runFacts(run, decision.status));
  }

  #follow(key: string, run: AnalysisRun, order: MeasurementOrder): void {
    const underWay = this.#underWayOf(key);
    const metricName = order.metric.name;
    if (order.type === 'terminate') {
      const measuring = underWay.measuring.get(metricName);
      measuring?.controller.abort();
      underWay.measuring.delete(metricName);
      void this.#terminate(key, run, order, measuring?.ended);
      return;
    }
    const controller = new AbortController();
    const ended = measure({ ...this.#tools(), run, order, signal: controller.signal }).then(
      (report) => this.#came(key, controller, report),
      (error: unknown) => {
        // A measurement reports failures as outcomes; what arrives here is a defect, and the run must not wait for it.
        this.#input.telemetry.log.error({ run: key, metric: metricName, cause: causeOf(error) }, 'measurement broke');
        const outcome = { type: 'verdict', phase: 'Error', message: causeOf(error) } as const;
        const finishedAtMs = this.#input.clock.nowMs();
        const progress = { type: 'finished', finishedAtMs, outcome } as const;
        this.#came(key, controller, { metricName, startedAtMs: finishedAtMs, progress });
      },
    );
    underWay.measuring.set(metricName, { controller, ended });
  }

  #tools(): Pick<MeasureInput, 'ports' | 'clock' | 'options' | 'aws'> {
    const { http, kube, clock, providers, aws } = this.#input;
    return { ports: { http, reader: kube.reader, writer: kube.writer }, clock, options: providers, aws };
  }

  /** After what was under way has ended, so that nothing is started behind our back. */
  async #terminate(
    key: string,
    run: AnalysisRun,
    order: Extract<MeasurementOrder, { readonly type: 'terminate' }>,
    ended: Promise<void> | undefined,
  ): Promise<void> {
    try {
      await ended;
      const problem = await terminateMeasurement({ ...this.#tools(), run, order });
      if (problem === undefined) return;
      this.#input.telemetry.log.warn({ run: key, metric: order.metric.name, cause: problem }, 'termination failed');
    } catch (error) {
      this.#input.telemetry.log.error({ run: key, cause: causeOf(error) }, 'termination broke');
    }
  }

  /** What measurements left behind goes when they fall out of status. */
  #removeGarbage(key: string, before: AnalysisRun, after: AnalysisRun): void {
    for (const metric of resolvedMetricsOf(before.spec)) {
      const kept = new Set(measurementsOf(after, metric.name).map(({ startedAt }) => startedAt));
      const dropped = measurementsOf(before, metric.name).filter(({ startedAt }) => !kept.has(startedAt));
      if (dropped.length === 0) continue;
      removeGarbage({ ...this.#tools(), run: after, order: { metric } }, dropped).then(
        (problems) => {
          for (const cause of problems) {
            this.#input.telemetry.log.warn({ run: key, metric: metric.name, cause }, 'clearing up failed');
          }
        },
        (error: unknown) => this.#input.telemetry.log.error({ run: key, cause: causeOf(error) }, 'clearing up broke'),
      );
    }
  }

  #came(key: string, controller: AbortController, report: MeasurementReport): void {
    if (controller.signal.aborted) return;
    const underWay = this.#underWay.get(key);
    if (underWay === undefined) return;
    underWay.measuring.delete(report.metricName);
    underWay.reports.push(report);
    this.#input.queue.add(key);
  }

  #underWayOf(key: string): UnderWay {
    const known = this.#underWay.get(key);
    if (known !== undefined) return known;
    const made: UnderWay = { measuring: new Map(), reports: [] };
    this.#underWay.set(key, made);
    return made;
  }

  #drop(key: string): void {
    for (const { controller } of this.#underWay.get(key)?.measuring.values() ?? []) controller.abort();
    this.#underWay.delete(key);
  }
}

function measurementsOf(run: AnalysisRun, metricName: string): readonly Measurement[] {
  return run.status?.metricResults?.find((result) => result.name === metricName)?.measurements ?? [];
}
