import type { EventNotice } from '../../api/kube-write.ts';
import { RECONCILE_ERROR_REASON, type PassFailure } from '../../core/rollout/failure-state.ts';
import { trafficRouters } from '../../routers/registry.ts';
import { causeOf, isKubeError } from '../failure.ts';
import { WriteRefused } from './enact.ts';

/** Failures that do not pass by themselves, by Rollout. Lost at a restart, and found again by the next pass. */
export class Failures {
  readonly #byKey = new Map<string, Omit<PassFailure, 'nowMs'>>();

  /** An API server that is away, or a race, is no news: the next pass settles it. */
  add(key: string, error: unknown): void {
    const cause = error instanceof WriteRefused ? error.cause : error;
    if (isKubeError(cause) && cause.reason !== 'forbidden' && cause.reason !== 'invalid') return;
    const replicaSet = error instanceof WriteRefused ? error.createdReplicaSet : undefined;
    const templateFault = templateFaultIn(key, error);
    this.#byKey.set(key, {
      message: causeOf(cause),
      ...(replicaSet === undefined ? {} : { replicaSet }),
      ...(templateFault === undefined ? {} : { templateFault }),
    });
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** The failure to show. */
  lasting(key: string, nowMs: number): PassFailure | undefined {
    const known = this.#byKey.get(key);
    return known === undefined ? undefined : { ...known, nowMs };
  }

  /** A pass has finished. True when there was a failure, which the next pass no longer shows. */
  end(key: string): boolean {
    return this.#byKey.delete(key);
  }
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
export function failureNotice(key: string, error: unknown): EventNotice {
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
