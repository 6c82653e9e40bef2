import { KINDS } from '../../api/kinds.ts';
import type { GitSource } from '../../api/git-source.ts';
import type { ObjectRef } from '../../api/kube-object.ts';
import { INSTANCE_ID_LABEL, NOTIFIED_ANNOTATION, PENDING_NOTICE_ANNOTATION } from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Secret } from '../../api/workloads.ts';
import { GIT_ANNOTATIONS } from '../../core/gitops/names.ts';
import { abortIn, parseRecordedAbort, revertOf, type RecordedAbort } from '../../core/notification/abort-notice.ts';
import { turnOf } from '../../core/notification/claim.ts';
import {
  afterSearch,
  afterSend,
  failureEvent,
  NEW_DELIVERY,
  nextDeliveryStep,
  type DeliveryFailure,
  type DeliveryState,
  type SearchOutcome,
} from '../../core/notification/delivery.ts';
import type { AbortNotice } from '../../core/notification/notice.ts';
import { isNotified, withNotified } from '../../core/notification/notified.ts';
import { recipientsOf } from '../../core/notification/subscriptions.ts';
import type { Exchange } from '../../core/exchange.ts';
import type { NotificationTarget, Notifier } from '../../notifiers/contract.ts';
import { NOTIFIERS } from '../../notifiers/registry.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HttpClient } from '../../ports/http.ts';
import type { Kube, ObjectCache, QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { carryOut } from '../exchange.ts';
import { causeOf, isRetryable } from '../failure.ts';
import { OWNER, keyOf, type RolloutCaches } from '../rollout/caches.ts';
import { decodeBase64 } from '../secret-value.ts';

export interface NotificationControllerInput {
  readonly kube: Kube;
  readonly caches: RolloutCaches;
  readonly gitSources: ObjectCache<GitSource>;
  readonly http: HttpClient;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Tells this process from others that may act at the same time. */
  readonly identity: string;
  /** Only Rollouts that carry this instance id; without one, only those that carry none. */
  readonly instanceId?: string;
  readonly options: NotificationOptions;
}

export interface NotificationOptions {
  readonly slack: ServiceOptions;
}

export interface ServiceOptions {
  readonly apiUrl: string;
  /** For Rollouts that name no recipient themselves. */
  readonly defaultRecipient?: string;
  /** Where the credential is; nobody is told without one. */
  readonly credential?: { readonly namespace: string; readonly name: string; readonly key: string };
}

const TRIGGER = 'on-rollout-aborted';
/** Deliveries go one after the other: they are few, and services limit rates. */
const WORKERS = 2;
/** Pages of a channel's history that are looked through before a message counts as absent. */
const SEARCH_PAGES_MAX = 5;

/**
 * Tells of each abort once, whatever crashes in between: what is to be told is kept in an annotation of the Rollout
 * before anything is sent, and the message carries a key that is looked for before it is sent again.
 */
export class NotificationController {
  readonly #input: NotificationControllerInput;
  /** By Rollout, then by recipient and abort. */
  readonly #deliveries = new Map<string, Map<string, DeliveryState>>();
  readonly #waiting = new Set<string>();

  constructor(input: NotificationControllerInput) {
    this.#input = input;
    input.caches.rollouts.subscribe((change) => {
      // A pass under way goes on to remember; the one after it forgets.
      if (change.type === 'deleted') input.queue.add(keyOf(change.old));
      else if (concernsUs(change.object)) input.queue.add(keyOf(change.object));
    });
    input.gitSources.subscribe(() => {
      for (const key of this.#waiting) input.queue.add(key);
    });
  }

  start(): void {
    this.#input.queue.run(WORKERS, (key) => this.#pass(key));
  }

  /** Rollouts of which something is remembered. */
  get remembered(): number {
    return new Set([...this.#deliveries.keys(), ...this.#waiting]).size;
  }

  /** Forgets what is known of a Rollout that is gone, or another process's now. */
  letGo(key: string): void {
    this.#waiting.delete(key);
    this.#deliveries.delete(key);
  }

  async #pass(key: string): Promise<QueueAnswer> {
    const [namespace = '', name = ''] = key.split('/');
    const rollout = this.#input.caches.rollouts.get(namespace, name);
    const ref: ObjectRef = { kind: KINDS.rollout, namespace, name };
    if (rollout === undefined || rollout.metadata.labels?.[INSTANCE_ID_LABEL] !== this.#input.instanceId) {
      this.letGo(key);
      return {};
    }
    const { writer } = this.#input.kube;
    if (!writer.fresh(ref)) {
      writer.whenFresh([ref], () => this.#input.queue.add(key));
      return {};
    }
    try {
      return await this.#tell(key, rollout, ref);
    } catch (error) {
      if (!isRetryable(error))
        this.#input.telemetry.log.warn({ rollout: key, cause: causeOf(error) }, 'telling failed');
      return { retry: true };
    }
  }

  async #tell(key: string, rollout: Rollout, ref: ObjectRef): Promise<QueueAnswer> {
    const recorded = parseRecordedAbort(rollout.metadata.annotations?.[PENDING_NOTICE_ANNOTATION]);
    const { analysisRuns, replicaSets } = this.#input.caches;
    const uid = rollout.metadata.uid ?? '';
    const current = abortIn(rollout, {
      runs: analysisRuns.byIndex(OWNER, uid),
      replicaSets: replicaSets.byIndex(OWNER, uid),
    });
    const abort = current ?? recorded;
    if (abort === undefined) return this.#finish(key);
    const recipients = this.#untold(rollout, abort);
    if (recipients.length === 0) {
      if (recorded !== undefined) await this.#annotate(rollout, ref, { [PENDING_NOTICE_ANNOTATION]: null });
      return this.#finish(key);
    }
    this.#waiting.add(key);
    if (recorded?.key !== abort.key) return this.#claim({ rollout, ref, abort });
    return this.#deliver({ rollout, ref, abort: { ...abort, claim: recorded.claim }, recipients });
  }

  /** Records what is to be told and that this process tells it, before anything is sent. */
  async #claim({ rollout, ref, abort }: Pick<DeliverInput, 'rollout' | 'ref' | 'abort'>): Promise<QueueAnswer> {
    const { identity, clock } = this.#input;
    const claimed: RecordedAbort = { ...abort, claim: { by: identity, atMs: clock.nowMs() } };
    await this.#annotate(rollout, ref, { [PENDING_NOTICE_ANNOTATION]: JSON.stringify(claimed) });
    return { againAtMs: clock.nowMs() };
  }

  #finish(key: string): QueueAnswer {
    this.letGo(key);
    return {};
  }

  /** Recipients that the Rollout names, or else the operator's, that were not told of this abort yet. */
  #untold(rollout: Rollout, abort: RecordedAbort): readonly Recipient[] {
    const found: Recipient[] = [];
    for (const notifier of NOTIFIERS) {
      const options = this.#serviceOptions(notifier.id);
      if (options?.credential === undefined) continue;
      const named = recipientsOf(rollout.metadata.annotations, { trigger: TRIGGER, service: notifier.id });
      const otherwise = options.defaultRecipient === undefined ? [] : [options.defaultRecipient];
      for (const name of named.length > 0 ? named : otherwise) {
        const told = { key: abort.key, recipient: `${notifier.id}/${name}` };
        if (isNotified(rollout.metadata.annotations?.[NOTIFIED_ANNOTATION], told)) continue;
        found.push({ notifier, name, options, told });
      }
    }
    return found;
  }

  #serviceOptions(id: string): ServiceOptions | undefined {
    return id === 'slack' ? this.#input.options.slack : undefined;
  }

  async #deliver(input: DeliverInput): Promise<QueueAnswer> {
    const { clock } = this.#input;
    const { rollout, abort, recipients } = input;
    const notice: AbortNotice = { ...abort, revert: revertOf(abort, this.#sourceOf(rollout)) };
    const waits: number[] = [];
    const deliveries = this.#deliveriesOf(rollout);
    for (const recipient of recipients) {
      const key = `${recipient.told.recipient} ${abort.key}`;
      const state = deliveries.get(key) ?? { ...NEW_DELIVERY, notified: false };
      const step = nextDeliveryStep(notice, state, clock.nowMs());
      if (step.type === 'wait') {
        waits.push(step.untilMs);
        continue;
      }
      if (step.type === 'search' || step.type === 'send') {
        const turn = turnOf(abort.claim, { by: this.#input.identity, nowMs: clock.nowMs() });
        // Somebody else may have sent it since this process looked: what was found then counts no more.
        if (abort.claim?.by !== this.#input.identity) deliveries.delete(key);
        if (turn.type === 'free') return this.#claim(input);
        if (turn.type === 'theirs') {
          waits.push(turn.untilMs);
          continue;
        }
      }
      const after = await this.#step(step, { ...input, notice, recipient, state });
      // Remembered before it is recorded: recording may meet a conflict, and the pass that follows must not send again.
      deliveries.set(key, after);
      if (after.notified) {
        await this.#recordTold(input, recipient);
        deliveries.delete(key);
        return { againAtMs: clock.nowMs() };
      }
      waits.push(clock.nowMs());
    }
    return waits.length === 0 ? {} : { againAtMs: Math.min(...waits) };
  }

  #deliveriesOf(rollout: Rollout): Map<string, DeliveryState> {
    const key = keyOf(rollout);
    const deliveries = this.#deliveries.get(key) ?? new Map<string, DeliveryState>();
    this.#deliveries.set(key, deliveries);
    return deliveries;
  }

  async #step(step: ReturnType<typeof nextDeliveryStep>, input: StepInput): Promise<DeliveryState> {
    const { clock, telemetry } = this.#input;
    const { state, rollout, recipient, notice } = input;
    switch (step.type) {
      case 'wait':
        return state;
      case 'done':
        return { ...state, notified: true };
      case 'giveUp':
        this.#input.kube.events.record(rollout, {
          type: 'Warning',
          reason: 'NotificationFailed',
          message: step.message,
        });
        return { ...state, notified: true };
      case 'search': {
        const outcome = await this.#search(input);
        if (outcome.type === 'failed') this.#reportFailure(input, outcome);
        return afterSearch(state, outcome, clock.nowMs());
      }
      case 'send': {
        const startedMs = clock.nowMs();
        const outcome = await this.#send(input);
        const { namespace, rollout: name } = notice;
        const ok = outcome.type === 'delivered';
        const service = recipient.notifier.id;
        const seconds = (clock.nowMs() - startedMs) / 1_000;
        telemetry.metrics.notificationDone({ namespace, name, service, reason: TRIGGER, ok, seconds });
        if (outcome.type === 'failed') this.#reportFailure(input, outcome);
        return afterSend(state, outcome, clock.nowMs());
      }
    }
  }

  async #send(input: StepInput): Promise<ReturnType<Notifier['delivered']>> {
    const { notifier } = input.recipient;
    const target = await this.#target(input.recipient);
    if ('type' in target) return target;
    return notifier.delivered(await this.#exchange(notifier.render(input.notice, target)));
  }

  async #search(input: StepInput): Promise<SearchOutcome> {
    const { notifier } = input.recipient;
    const target = await this.#target(input.recipient);
    if ('type' in target) return target;
    let exchange = notifier.search(input.notice, target);
    for (let page = 0; page < SEARCH_PAGES_MAX; page += 1) {
      const found = notifier.found(exchange, await this.#exchange(exchange), input.notice);
      if (!isExchange(found)) return found;
      exchange = found;
    }
    return { type: 'absent' };
  }

  #exchange(exchange: Exchange): ReturnType<typeof carryOut> {
    if (exchange.type === 'wait') return Promise.resolve({ type: 'waited' });
    const { kube, http } = this.#input;
    return carryOut(exchange, { http, reader: kube.reader, writer: kube.writer });
  }

  /** The credential is read each time: it may have been rotated, and it stays nowhere. */
  async #target({ name, options }: Recipient): Promise<NotificationTarget | DeliveryFailure> {
    const { credential, apiUrl } = options;
    if (credential === undefined) return missing('no credential is configured');
    const { namespace, name: secretName, key } = credential;
    const found = await this.#input.kube.reader.get({ kind: KINDS.secret, namespace, name: secretName });
    const encoded = (found as Secret | undefined)?.data?.[key];
    if (encoded === undefined)
      return missing(`Secret ${namespace}/${secretName} has no key ${key}; put the token there`);
    return { recipient: name, credential: decodeBase64(encoded).trim(), apiUrl };
  }

  #reportFailure({ rollout, recipient }: StepInput, failure: DeliveryFailure): void {
    this.#input.kube.events.record(rollout, failureEvent(recipient.notifier.id, failure));
  }

  async #recordTold({ rollout, ref, recipients }: DeliverInput, { told }: Recipient): Promise<void> {
    const annotation = rollout.metadata.annotations?.[NOTIFIED_ANNOTATION];
    await this.#annotate(rollout, ref, {
      [NOTIFIED_ANNOTATION]: withNotified(annotation, told, this.#input.clock.nowMs()),
      ...(recipients.length === 1 ? { [PENDING_NOTICE_ANNOTATION]: null } : {}),
    });
  }

  async #annotate(
    rollout: Rollout,
    ref: ObjectRef,
    annotations: Readonly<Record<string, string | null>>,
  ): Promise<void> {
    const body = { metadata: { resourceVersion: rollout.metadata.resourceVersion, annotations } };
    await this.#input.kube.writer.write({ verb: 'patch', ref, patchType: 'merge', body });
  }

  #sourceOf(rollout: Rollout): GitSource | undefined {
    const [namespace = '', name = ''] = (rollout.metadata.annotations?.[GIT_ANNOTATIONS.source] ?? '').split('/');
    return this.#input.gitSources.get(namespace, name);
  }
}

interface Recipient {
  readonly notifier: Notifier;
  readonly name: string;
  readonly options: ServiceOptions;
  readonly told: { readonly key: string; readonly recipient: string };
}

interface DeliverInput {
  readonly rollout: Rollout;
  readonly ref: ObjectRef;
  readonly abort: RecordedAbort;
  readonly recipients: readonly Recipient[];
}

interface StepInput extends DeliverInput {
  readonly notice: AbortNotice;
  readonly recipient: Recipient;
  readonly state: DeliveryState;
}

function concernsUs(rollout: Rollout): boolean {
  return rollout.status?.abort === true || rollout.metadata.annotations?.[PENDING_NOTICE_ANNOTATION] !== undefined;
}

function missing(message: string): DeliveryFailure {
  return { type: 'failed', cause: 'userMustAct', maybeDelivered: false, message };
}

function isExchange(value: SearchOutcome | Exchange): value is Exchange {
  return value.type === 'http' || value.type === 'kubeObject' || value.type === 'wait';
}
