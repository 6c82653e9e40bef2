import type { Experiment } from '../../api/experiment.ts';
import { KINDS } from '../../api/kinds.ts';
import type { ObjectRef } from '../../api/kube-object.ts';
import { INSTANCE_ID_LABEL } from '../../api/labels.ts';
import { isOver } from '../../core/analysis/metric-verdict.ts';
import { decideExperiment, type ExperimentDecision } from '../../core/experiment/decide-experiment.ts';
import { RECONCILE_ERROR_REASON } from '../../core/rollout/failure-state.ts';
import { mergePatchBetween } from '../../lib/merge-patch.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Kube, QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { causeOf, isRetryable } from '../failure.ts';
import type { RolloutCaches } from '../rollout/caches.ts';
import { carryOutWrites, NameTaken, Unsettled, WriteRefused } from '../rollout/enact.ts';
import { gatherExperiment, rolloutOf } from './gather-experiment.ts';
import { Hindrances } from './hindrances.ts';
import { wakeExperiments } from './wake-experiments.ts';

export interface ExperimentControllerInput {
  readonly kube: Kube;
  readonly caches: RolloutCaches;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly workers: number;
  readonly instanceId?: string;
}

/** Works on Experiments: gather, decide, record, enact; one pass at a time for each. */
export class ExperimentController {
  readonly #input: ExperimentControllerInput;
  readonly #unsettled = new Unsettled();
  readonly #hindrances = new Hindrances();

  constructor(input: ExperimentControllerInput) {
    this.#input = input;
    wakeExperiments(input.caches, (key) => input.queue.add(key));
  }

  start(): void {
    this.#input.queue.run(this.#input.workers, (key) => this.#pass(key));
  }

  async #pass(key: string): Promise<QueueAnswer> {
    const { caches, kube, queue, instanceId } = this.#input;
    const [namespace = '', name = ''] = key.split('/');
    const experiment = caches.experiments.get(namespace, name);
    if (experiment === undefined) {
      this.letGo(key);
      return {};
    }
    if (experiment.metadata.labels?.[INSTANCE_ID_LABEL] !== instanceId) return {};
    const unsettled = this.#unsettled.of(key, kube.writer);
    if (unsettled.length > 0) {
      kube.writer.whenFresh(unsettled, () => queue.add(key));
      return {};
    }
    return this.#work(key, experiment);
  }

  async #work(key: string, experiment: Experiment): Promise<QueueAnswer> {
    const { caches, clock, telemetry } = this.#input;
    const startedMs = clock.nowMs();
    let failed = false;
    try {
      const hindrance = this.#hindrances.of(experiment);
      const decision = decideExperiment(gatherExperiment(caches, { experiment, nowMs: clock.nowMs(), ...hindrance }));
      await this.#record(key, experiment, decision);
      this.#hindrances.told(experiment);
      await this.#carryOut(key, experiment, decision);
      return { againAtMs: decision.wakeAtMs, promised: true, resting: isOver(decision.status.phase) };
    } catch (error) {
      failed = await this.#learnFrom(key, experiment, error);
      return { retry: true };
    } finally {
      const { namespace = '', name } = experiment.metadata;
      const seconds = (clock.nowMs() - startedMs) / 1_000;
      telemetry.metrics.reconciled({ kind: 'experiment', namespace, name, seconds, failed });
    }
  }

  /** Experiments have no status subresource: the difference goes to the main object. */
  async #record(key: string, experiment: Experiment, decision: ExperimentDecision): Promise<void> {
    const { namespace = '', name, resourceVersion } = experiment.metadata;
    const difference = mergePatchBetween(experiment.status ?? {}, decision.status);
    if (difference !== undefined) {
      const ref: ObjectRef = { kind: KINDS.experiment, namespace, name };
      const body = { metadata: { resourceVersion }, status: difference };
      await this.#input.kube.writer.write({ verb: 'patch', ref, patchType: 'merge', body });
      this.#unsettled.add(key, ref);
    }
    this.#tell(experiment, decision);
  }

  async #carryOut(key: string, experiment: Experiment, decision: ExperimentDecision): Promise<void> {
    const { writer } = this.#input.kube;
    const written = (ref: ObjectRef): void => this.#unsettled.add(key, ref);
    await carryOutWrites(writer, decision.writes, written);
    for (const notice of decision.deeds) this.#input.kube.events.record(experiment, notice);
  }

  #tell(experiment: Experiment, decision: ExperimentDecision): void {
    const { caches, kube, telemetry } = this.#input;
    const { namespace = '', name } = experiment.metadata;
    for (const notice of decision.events) kube.events.record(experiment, notice);
    const rollout = rolloutOf(caches, experiment);
    if (rollout !== undefined) {
      for (const notice of decision.rolloutEvents) kube.events.record(rollout, notice);
    }
    telemetry.metrics.experimentObserved({ namespace, name, phase: decision.status.phase ?? '' });
  }

  /** True when it is a failure, and not part of normal work. */
  async #learnFrom(key: string, experiment: Experiment, error: unknown): Promise<boolean> {
    const { caches, kube, telemetry } = this.#input;
    if (error instanceof NameTaken) {
      await this.#hindrances.learnTaken(experiment, error, { caches, reader: kube.reader });
      return false;
    }
    const cause = causeOf(error);
    if (isRetryable(error)) {
      telemetry.log.debug({ experiment: key, cause }, 'pass over an Experiment starts again');
      return false;
    }
    telemetry.log.error({ experiment: key, cause }, 'pass over an Experiment failed');
    if (error instanceof WriteRefused) this.#hindrances.learnRefused(experiment, error);
    kube.events.record(experiment, { type: 'Warning', reason: RECONCILE_ERROR_REASON, message: cause });
    return true;
  }

  /** Forgets what is kept of an Experiment that is gone, or is another process's now. */
  letGo(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    this.#unsettled.forget(key);
    this.#input.telemetry.metrics.objectGone({ kind: 'experiment', namespace, name });
  }
}
