import { ownerOf } from './owner.ts';

/**
 * How several processes share objects without a coordinator. Each keeps a Lease of its own, and in it its view: the members
 * that it counts. By that view it claims the objects that fall to it. It works on an object when its own view, as it
 * stands in its Lease, gives it the object, and no other living member's view, read after that was written, claims it too.
 *
 * So a claim is written before others' claims are read, on both sides: of two who claim the same object, at least one sees
 * the other and waits (Dekker's algorithm, in Dijkstra 1965). A member that counts one member more first ends its work on
 * what moves, then writes the new view, and only then is the other free to begin. When all views are equal, exactly one
 * member claims each object.
 */
export interface Membership {
  readonly self: string;
  /** The members by our Lease as it was last written; undefined before that. */
  readonly claimed: readonly string[] | undefined;
  /** A view whose write was sent and not answered: it may come to stand in our Lease. */
  readonly sent: readonly string[] | undefined;
  /** The view that stood in our Lease when the last list of the others was asked for: only by it was anybody asked. */
  readonly asked: readonly string[] | undefined;
  /** The members to claim by next. What falls to us by this view too is worked on, the rest is given up. */
  readonly next: readonly string[];
  readonly others: ReadonlyMap<string, OtherMember>;
}

/** What a member's Lease says. */
export interface MemberRecord {
  readonly identity: string;
  /** Undefined when it could not be read: then this member may claim everything. */
  readonly view: readonly string[] | undefined;
  readonly durationMs: number;
  /** Different after each write: the Lease's resourceVersion. */
  readonly version: string;
  /** It has given up everything and has ended. */
  readonly released: boolean;
}

/** With the moment, by our own clock, at which we first saw its Lease as it is. */
export interface OtherMember extends MemberRecord {
  readonly sinceMs: number;
  /** Its Lease has run out; it counts no more unless it is written again. */
  readonly lapsed: boolean;
}

/** A list of the Leases of all members. */
export interface Look {
  readonly records: readonly MemberRecord[];
  /** When the list was asked for, and when its answer came. */
  readonly sentMs: number;
  readonly receivedMs: number;
}

export function newMembership(self: string): Membership {
  return { self, claimed: undefined, sent: undefined, asked: undefined, next: [self], others: new Map() };
}

/**
 * Takes a list of the members' Leases. A member is gone when it has released, or when its Lease was still the same (or
 * missing) in a list that was asked for a whole duration after we first saw it so: whoever holds it has stopped before.
 * The times that stand in Leases are compared with no clock.
 */
export function afterLook(membership: Membership, look: Look): Membership {
  const { self, claimed } = membership;
  const found = new Map(look.records.map((record) => [record.identity, record]));
  const others = new Map<string, OtherMember>();
  for (const identity of new Set([...membership.others.keys(), ...found.keys()])) {
    if (identity === self) continue;
    const other = otherAfter(membership.others.get(identity), found.get(identity), look);
    if (other !== undefined) others.set(identity, other);
  }
  const living = [...others.values()].filter(({ lapsed }) => !lapsed).map(({ identity }) => identity);
  // A write of ours whose answer was lost may have come through: what was read counts.
  const written = claimed === undefined ? undefined : (found.get(self)?.view ?? claimed);
  return { ...membership, claimed: written, asked: written, next: [self, ...living].sort(), others };
}

/** A Lease that somebody deleted says nothing about its holder, who may be at work until it notices: it runs out like one that stays. */
function otherAfter(
  before: OtherMember | undefined,
  found: MemberRecord | undefined,
  { sentMs, receivedMs }: Look,
): OtherMember | undefined {
  if (found?.released === true) return { ...found, sinceMs: receivedMs, lapsed: true };
  if (found !== undefined && found.version !== before?.version) return { ...found, sinceMs: receivedMs, lapsed: false };
  if (before === undefined || (found === undefined && before.lapsed)) return undefined;
  return { ...before, lapsed: before.lapsed || sentMs >= before.sinceMs + before.durationMs };
}

/** This view is about to be written. Nothing of what it gives away may be worked on any more. */
export function beforeClaim(membership: Membership, view: readonly string[]): Membership {
  return { ...membership, sent: view };
}

/** It was written, guarded by version: no earlier write can come through any more. */
export function afterClaim(membership: Membership, view: readonly string[]): Membership {
  return { ...membership, claimed: view, sent: undefined };
}

/** True while the view in our Lease is not the one that we want. */
export function viewIsOld({ claimed, next }: Membership): boolean {
  return claimed === undefined || !sameView(claimed, next);
}

/** True when all living members have the same view: then nothing moves. */
export function isSettled({ claimed, asked, next, others }: Membership): boolean {
  const views = [claimed, asked, ...livingOf(others).map(({ view }) => view)];
  return views.every((view) => view !== undefined && sameView(view, next));
}

/** Whether this member may work on the object, as far as membership goes; that its own Lease holds is asked apart. */
export function mayWorkOn(key: string, { self, claimed, sent, asked, next, others }: Membership): boolean {
  if (claimed === undefined || asked === undefined) return false;
  if ([claimed, sent ?? claimed, asked, next].some((view) => ownerOf(key, view) !== self)) return false;
  return livingOf(others).every(({ identity, view }) => view !== undefined && ownerOf(key, view) !== identity);
}

/** Leases whose holders are gone. Anyone may delete them, each only as it was seen. */
export function leftBehind({ others }: Membership): readonly OtherMember[] {
  return [...others.values()].filter(({ lapsed }) => lapsed);
}

function livingOf(others: Membership['others']): readonly OtherMember[] {
  return [...others.values()].filter(({ lapsed }) => !lapsed);
}

function sameView(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((member, index) => member === right[index]);
}
