import type { EventNotice } from '../../api/kube-write.ts';
import { RECONCILE_ERROR_REASON, type PassFailure } from '../../core/rollout/failure-state.ts';
import { trafficRouters } from '../../routers/registry.ts';
import { causeOf, isKubeError } from '../failure.ts';
import { WriteRefused } from './enact.ts';

/** How long what should pass by itself may fail before it is a state: longer than an API server takes to come back. */
const PASSES_WITHIN_MS = 30_000;
/** How often the same failure is told again. */
const RETOLD_MS = 600_000;

interface Known {
  readonly facts: Omit<PassFailure, 'nowMs'>;
  /** It does not pass by itself. */
  readonly isFirm: boolean;
  readonly firstMs: number;
  readonly lastMs: number;
}

interface Told {
  readonly message: string;
  readonly atMs: number;
}

/**
 * Failures of passes by Rollout, as far as they are a state: those that do not pass by themselves, and effects that have
 * failed for a while though their status could be written. Lost at a restart, and found again by the next passes.
 */
export class Failures {
  readonly #byKey = new Map<string, Known>();
  readonly #told = new Map<string, Told>();

  /** A pass has failed, before its effects or with them. */
  add(
    key: string,
    error: unknown,
    { nowMs, isOfEffect }: { readonly nowMs: number; readonly isOfEffect: boolean },
  ): void {
    const known = this.#byKey.get(key);
    if (isFirm(error)) {
      this.#byKey.set(key, { facts: factsOf(key, error), isFirm: true, firstMs: nowMs, lastMs: nowMs });
    } else if (isOfEffect) {
      // The words of the first are kept: others would be told with each pass.
      this.#byKey.set(key, {
        facts: known?.facts ?? factsOf(key, error),
        isFirm: known?.isFirm ?? false,
        firstMs: known?.firstMs ?? nowMs,
        lastMs: nowMs,
      });
      // An API server that takes no status either is away: that is no news of this Rollout.
    } else if (known?.isFirm === false) this.#byKey.delete(key);
  }

  /** The failure to show. */
  lasting(key: string, nowMs: number): PassFailure | undefined {
    const known = this.#byKey.get(key);
    return known !== undefined && isLasting(known) ? { ...known.facts, nowMs } : undefined;
  }

  /** What is to be told of a failure that was just added; undefined while it may pass, and where it was told before. */
  news(key: string, error: unknown, nowMs: number): EventNotice | undefined {
    const notice = failureNotice(key, error);
    const told = this.#told.get(key);
    if (this.lasting(key, nowMs) === undefined) return undefined;
    if (told?.message === notice.message && nowMs < told.atMs + RETOLD_MS) return undefined;
    this.#told.set(key, { message: notice.message, atMs: nowMs });
    return notice;
  }

  /** A pass has finished. True when there was a failure, which the next pass no longer shows. */
  end(key: string): boolean {
    const known = this.#byKey.get(key);
    this.#byKey.delete(key);
    this.#told.delete(key);
    return known !== undefined && isLasting(known);
  }
}

function isLasting({ isFirm: firm, firstMs, lastMs }: Known): boolean {
  return firm || lastMs - firstMs >= PASSES_WITHIN_MS;
}

/** An API server that is away or busy, or a race, passes by itself: the next pass settles it, as a rule. */
function isFirm(error: unknown): boolean {
  const cause = error instanceof WriteRefused ? error.cause : error;
  return !isKubeError(cause) || cause.reason === 'forbidden' || cause.reason === 'invalid';
}

function factsOf(key: string, error: unknown): Known['facts'] {
  const cause = error instanceof WriteRefused ? error.cause : error;
  const replicaSet = error instanceof WriteRefused ? error.createdReplicaSet : undefined;
  const templateFault = templateFaultIn(key, error);
  return {
    message: causeOf(cause),
    ...(replicaSet === undefined ? {} : { replicaSet }),
    ...(templateFault === undefined ? {} : { templateFault }),
  };
}

/** What the API server refuses of a pod template, as the message of the condition InvalidSpec. */
function templateFaultIn(key: string, error: unknown): string | undefined {
  if (!(error instanceof WriteRefused) || error.createdReplicaSet === undefined) return undefined;
  const causes = isKubeError(error.cause) ? error.cause.causes : [];
  const fault = causes.find(
    ({ field, message }) => field?.startsWith('spec.template') === true && message !== undefined,
  );
  return fault === undefined
    ? undefined
    : `The Rollout "${key.split('/')[1]}" is invalid: ${fault.field}: ${fault.message}`;
}

/** What is told of a failure. */
function failureNotice(key: string, error: unknown): EventNotice {
  const refused = error instanceof WriteRefused ? error.createdReplicaSet : undefined;
  const message = causeOf(error);
  const templateFault = templateFaultIn(key, error);
  if (templateFault !== undefined) return { type: 'Warning', reason: 'InvalidSpec', message: templateFault };
  return refused === undefined
    ? { type: 'Warning', reason: failureReason(error), message }
    : {
        type: 'Warning',
        reason: 'ReplicaSetCreateError',
        message: `Failed to create new replica set "${refused}": ${message}`,
      };
}

/** The reason of the event: what could not be written is a route or Ingress, or anything else. */
function failureReason(error: unknown): string {
  if (!(error instanceof WriteRefused)) return RECONCILE_ERROR_REASON;
  const { write } = error;
  const { group, plural } = write.verb === 'create' ? write.kind : write.ref.kind;
  const steers = trafficRouters.some(({ kinds }) =>
    kinds.some((kind) => kind.group === group && kind.plural === plural),
  );
  return steers ? 'TrafficRoutingError' : RECONCILE_ERROR_REASON;
}
