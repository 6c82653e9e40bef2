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
    this.#byKey.set(key, { message: causeOf(cause), ...(replicaSet === undefined ? {} : { replicaSet }) });
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

/** The reason of the event: what could not be written is a route or Ingress, or anything else. */
export function failureReason(error: unknown): string {
  if (!(error instanceof WriteRefused)) return RECONCILE_ERROR_REASON;
  const { write } = error;
  const { group, plural } = write.verb === 'create' ? write.kind : write.ref.kind;
  const steers = trafficRouters.some(({ kinds }) =>
    kinds.some((kind) => kind.group === group && kind.plural === plural),
  );
  return steers ? 'TrafficRoutingError' : RECONCILE_ERROR_REASON;
}
