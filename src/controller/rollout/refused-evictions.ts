import type { RefusedEviction } from '../../core/observation.ts';
import { causeOf, isKubeError } from '../failure.ts';

/** How long a pod that may not be evicted is left alone, at first and at most: a budget changes with each pod that comes. */
const ALONE_MS = { min: 2_000, max: 30_000 } as const;

interface Known extends RefusedEviction {
  readonly times: number;
}

/** Pods that may not be evicted yet, by Rollout. Lost at a restart: then each is tried once more. */
export class RefusedEvictions {
  readonly #byKey = new Map<string, Map<string, Known>>();

  add(key: string, uid: string, { error, nowMs }: { readonly error: unknown; readonly nowMs: number }): void {
    const refused = this.#byKey.get(key) ?? new Map<string, Known>();
    const known = refused.get(uid);
    const times = (known?.times ?? 0) + 1;
    const aloneMs = Math.min(ALONE_MS.max, ALONE_MS.min * 2 ** (times - 1));
    const askedMs = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0;
    refused.set(uid, {
      uid,
      message: reasonOf(error),
      sinceMs: known?.sinceMs ?? nowMs,
      untilMs: nowMs + Math.max(aloneMs, askedMs),
      times,
    });
    this.#byKey.set(key, refused);
  }

  /** Those that are still there are told of; the others are forgotten. */
  of(key: string, uids: readonly (string | undefined)[]): readonly RefusedEviction[] {
    const refused = this.#byKey.get(key);
    if (refused === undefined) return [];
    for (const uid of refused.keys()) if (!uids.includes(uid)) refused.delete(uid);
    if (refused.size === 0) this.#byKey.delete(key);
    return [...refused.values()];
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

/** The cause names the budget. */
function reasonOf(error: unknown): string {
  const cause = isKubeError(error) ? error.causes.find(({ message }) => message !== undefined) : undefined;
  return cause?.message ?? causeOf(error);
}
