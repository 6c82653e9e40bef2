/** Who sends a notice, so that two processes which act at once do not both send it. */
export interface Claim {
  /** Identity of the process. */
  readonly by: string;
  readonly atMs: number;
}

/** Others leave a notice alone for so long; after a crash this is what its successor waits. */
const HELD_MS = 20_000;
/** An exchange is begun only so long after the claim: it has to be over, at the latest by its time-out of 15 s, before others may begin. */
const USABLE_MS = 5_000;

export type Turn =
  /** This process may send. */
  | { readonly type: 'ours' }
  /** It may, once it has recorded a claim of its own. */
  | { readonly type: 'free' }
  | { readonly type: 'theirs'; readonly untilMs: number };

/** Whether the process `by` may begin an exchange about a notice. */
export function turnOf(claim: Claim | undefined, { by, nowMs }: { readonly by: string; readonly nowMs: number }): Turn {
  if (claim === undefined) return { type: 'free' };
  const heldUntilMs = claim.atMs + HELD_MS;
  if (claim.by !== by) return nowMs < heldUntilMs ? { type: 'theirs', untilMs: heldUntilMs } : { type: 'free' };
  // A clock that went back must not make a claim last longer.
  const isUsable = nowMs >= claim.atMs && nowMs < claim.atMs + USABLE_MS;
  return isUsable ? { type: 'ours' } : { type: 'free' };
}
