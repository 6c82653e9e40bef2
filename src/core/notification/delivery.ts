import type { EventNotice } from '../../api/kube-write.ts';
import type { Notice } from './notice.ts';

/** What came of one attempt to send. */
export type DeliveryOutcome = { readonly type: 'delivered' } | DeliveryFailure;

export interface DeliveryFailure {
  readonly type: 'failed';
  /**
   * `transient` passes by itself; `userMustAct` needs a person (a wrong token, a channel that is not there) and is tried
   * again slowly, so that it recovers when the cause is gone.
   */
  readonly cause: 'transient' | 'userMustAct';
  /** The service may have taken the message all the same: look before sending again. */
  readonly maybeDelivered: boolean;
  /** What the service asks for. */
  readonly retryAfterMs?: number;
  /** What happened and what to do; holds no secret. */
  readonly message: string;
}

/** What came of looking for a message that another attempt may have sent. */
export type SearchOutcome =
  | { readonly type: 'found' }
  | { readonly type: 'absent' }
  /** This service or token cannot look: the message may then be sent twice after a crash. */
  | { readonly type: 'unreadable'; readonly message: string }
  | DeliveryFailure;

/** What the shell remembers of one notice to one recipient. */
export interface DeliveryState {
  /** The notice is recorded as told. */
  readonly notified: boolean;
  /** What the latest search found, if there was one after the latest attempt that may have been delivered. */
  readonly search?: 'absent' | 'unreadable';
  /** Failures in a row, searches and sends alike. */
  readonly failureCount: number;
  readonly lastFailure?: DeliveryFailure & { readonly atMs: number };
}

export const NEW_DELIVERY: Omit<DeliveryState, 'notified'> = { failureCount: 0 };

export type DeliveryStep =
  | { readonly type: 'done' }
  | { readonly type: 'search' }
  | { readonly type: 'send' }
  | { readonly type: 'wait'; readonly untilMs: number; readonly reason: string }
  | { readonly type: 'giveUp'; readonly message: string };

/** How long the one message about an abort waits for the outcome of the revert, which it is to carry. */
const REVERT_WAIT_MS = 60_000;
/** After a day nobody wants to be told any more. */
const GIVE_UP_MS = 24 * 3_600_000;
const TRANSIENT_BACKOFF = { firstMs: 1_000, maxMs: 60_000 };
const USER_BACKOFF = { firstMs: 30_000, maxMs: 600_000 };

/**
 * What to do about a notice now. It is looked for before the first attempt in this process (another one may have sent
 * it and crashed before recording that) and again after an attempt that may have been delivered.
 */
export function nextDeliveryStep(notice: Notice, state: DeliveryState, nowMs: number): DeliveryStep {
  if (state.notified) return { type: 'done' };
  if (nowMs - notice.atMs > GIVE_UP_MS) {
    const cause = state.lastFailure?.message ?? 'it was never tried';
    return {
      type: 'giveUp',
      message: `no message about ${notice.namespace}/${notice.rollout} was sent for a day: ${cause}`,
    };
  }
  const settledAtMs = notice.atMs + REVERT_WAIT_MS;
  if (notice.revert.type === 'pending' && nowMs < settledAtMs) {
    return { type: 'wait', untilMs: settledAtMs, reason: 'waiting for the outcome of the revert' };
  }
  const retryAtMs = retryTimeMs(state);
  if (retryAtMs !== undefined && nowMs < retryAtMs) {
    return { type: 'wait', untilMs: retryAtMs, reason: state.lastFailure?.message ?? '' };
  }
  return state.search === undefined ? { type: 'search' } : { type: 'send' };
}

/** The state after a search. `found` means that the notice can be recorded as told. */
export function afterSearch(state: DeliveryState, outcome: SearchOutcome, nowMs: number): DeliveryState {
  switch (outcome.type) {
    case 'found':
      return { notified: true, failureCount: 0 };
    case 'absent':
    case 'unreadable':
      // The count of failures stays: looking in between does not make the sending any better.
      return { ...state, search: outcome.type, lastFailure: undefined };
    case 'failed':
      return { ...state, failureCount: state.failureCount + 1, lastFailure: { ...outcome, atMs: nowMs } };
  }
}

/** The state after an attempt to send. */
export function afterSend(state: DeliveryState, outcome: DeliveryOutcome, nowMs: number): DeliveryState {
  if (outcome.type === 'delivered') return { notified: true, failureCount: 0 };
  const failed = { ...state, failureCount: state.failureCount + 1, lastFailure: { ...outcome, atMs: nowMs } };
  return outcome.maybeDelivered ? { ...failed, search: undefined } : failed;
}

/** The event that makes a failure visible on the Rollout. */
export function failureEvent(service: string, failure: DeliveryFailure): EventNotice {
  const rest = failure.cause === 'transient' ? 'it is tried again' : 'it is tried again when that is put right';
  return {
    type: 'Warning',
    reason: 'NotificationFailed',
    message: `telling ${service} failed: ${failure.message}; ${rest}`,
  };
}

function retryTimeMs(state: DeliveryState): number | undefined {
  const { lastFailure, failureCount } = state;
  if (lastFailure === undefined) return undefined;
  const { firstMs, maxMs } = lastFailure.cause === 'transient' ? TRANSIENT_BACKOFF : USER_BACKOFF;
  const backoffMs = Math.min(maxMs, firstMs * 2 ** Math.min(failureCount - 1, 20));
  return lastFailure.atMs + Math.max(backoffMs, lastFailure.retryAfterMs ?? 0);
}
