import type { ObjectRef } from '../../api/kube-object.ts';
import type { Rollout } from '../../api/rollout.ts';
import { holderOf, type NameSources } from './name-holder.ts';

/** Rollouts that collided, remembered at once: collisions of names are rare, and asking again costs one read. */
const REMEMBERED_MAX = 1_000;

/**
 * Names that what a Rollout makes cannot have, since an object of somebody else has them. Learnt when a create is refused.
 */
export class TakenNames {
  readonly #byUid = new Map<string, ReadonlySet<string>>();

  of(rollout: Rollout): readonly string[] {
    return [...(this.#byUid.get(rollout.metadata.uid ?? '') ?? [])];
  }

  /** Looks whose the object of that name is; our own, which the cache only does not show yet, takes nothing. */
  async ask(rollout: Rollout, ref: ObjectRef, sources: NameSources): Promise<void> {
    const uid = rollout.metadata.uid ?? '';
    const found = await holderOf(ref, sources);
    const isOurs = found?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
    if (found === undefined || isOurs) return;
    const names = new Set([...(this.#byUid.get(uid) ?? []), ref.name]);
    this.#byUid.delete(uid);
    this.#byUid.set(uid, names);
    const [oldest] = this.#byUid.keys();
    if (this.#byUid.size > REMEMBERED_MAX && oldest !== undefined) this.#byUid.delete(oldest);
  }
}
