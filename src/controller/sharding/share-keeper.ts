import { ownerOf } from '../../core/sharding/owner.ts';
import {
  afterClaim,
  afterLook,
  beforeClaim,
  isSettled,
  leftBehind,
  mayWorkOn,
  newMembership,
  viewIsOld,
  type Membership,
} from '../../core/sharding/membership.ts';
import { sleep } from '../../lib/clock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberLeases, Share } from '../../ports/share.ts';
import type { Log } from '../../ports/telemetry.ts';
import { causeOf, isKubeError } from '../failure.ts';

export interface ShareKeeperInput {
  readonly leases: MemberLeases;
  /** Counts time that passes; what time of day it is does not matter. */
  readonly clock: Clock;
  /** The time of day: `clock` may have stood still while the machine slept, so what is held is over by either. */
  readonly wallClock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Unlike any other process's. */
  readonly identity: string;
  /** After this long without a renewal nothing more is worked on. Shorter than what the Lease says to the others. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
  /** Ends the work on all objects that leave, and settles when none of it goes on. */
  readonly giveUp: (leaves: (key: string) => boolean) => Promise<void>;
  /** Called when other objects may be ours than before. */
  readonly changed: () => void;
}

/** Each wait is this much longer at most, so that members do not ask in step. */
const JITTER = 0.2;
/** While views differ, members look this many times as often: what moves is worked on by nobody until they agree. */
const HASTE = 4;

/** Keeps this process a member of its group, and knows which objects are its share. See core/sharding/membership.ts. */
export class ShareKeeper implements Share {
  readonly #input: ShareKeeperInput;
  readonly #stopping = new AbortController();
  readonly #lostListeners: (() => void)[] = [];
  #membership: Membership;
  #version: string | undefined;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #heldUntilWallMs = Number.NEGATIVE_INFINITY;
  #told = '';
  #logged = '';
  #ended: Promise<void> | undefined;

  constructor(input: ShareKeeperInput) {
    this.#input = input;
    this.#membership = newMembership(input.identity);
  }

  /** Enters the group; settles when this process is a member and knows of the others. */
  async join(): Promise<void> {
    const entered = Promise.withResolvers<void>();
    this.#ended = this.#keep(() => entered.resolve());
    await Promise.race([entered.promise, this.#ended]);
  }

  owns(key: string): boolean {
    return this.held && mayWorkOn(key, this.#membership);
  }

  mayAct(): boolean {
    return this.held;
  }

  /** By the clock, not by a timer: a process that was stopped may come to its work before it comes to its timers. */
  get held(): boolean {
    const { clock, wallClock } = this.#input;
    const isOver = clock.nowMs() >= this.#heldUntilMs || wallClock.nowMs() >= this.#heldUntilWallMs;
    return !isOver && !this.#stopping.signal.aborted;
  }

  /** This process and the others that it counts. */
  get members(): readonly string[] {
    return this.#membership.next;
  }

  /** Called once when the Lease could not be renewed in time: nothing may be worked on any more. */
  onLost(run: () => void): void {
    this.#lostListeners.push(run);
  }

  /** Leaves the group. Call it when no work goes on any more: the others begin at once. */
  async leave(): Promise<void> {
    const wasHeld = this.held;
    this.#stopping.abort();
    await this.#ended;
    if (!wasHeld || this.#version === undefined) return;
    try {
      await this.#input.leases.write({ view: [], released: true, version: this.#version });
    } catch (error) {
      this.#input.log.warn({ cause: causeOf(error) }, 'the Lease could not be given back; it runs out by itself');
    }
  }

  async #keep(entered: () => void): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#turn(entered);
      } catch (error) {
        this.#input.log.warn(
          { cause: causeOf(error) },
          'the Leases of members could not be read or written, trying again',
        );
      }
      if (this.#stopping.signal.aborted) return;
      if (this.#version !== undefined && !this.held) return this.#lost('it could not be renewed in time');
      await this.#pause();
    }
  }

  /** Looks at the others, claims what falls to us, and looks again when that has changed. */
  async #turn(entered: () => void): Promise<void> {
    await this.#look();
    const isNew = viewIsOld(this.#membership);
    await this.#renew();
    if (viewIsOld(this.#membership)) return;
    // A look that fails is made up for by the first one of the next turn.
    if (isNew) await this.#look();
    entered();
  }

  async #look(): Promise<void> {
    const { leases, clock, identity } = this.#input;
    const sentMs = clock.nowMs();
    const records = await leases.list();
    if (this.#stopping.signal.aborted) return;
    const own = records.find((record) => record.identity === identity);
    if (this.#version !== undefined && own === undefined) return this.#lost('somebody deleted its Lease');
    this.#version = own?.version ?? this.#version;
    this.#membership = afterLook(this.#membership, { records, sentMs, receivedMs: clock.nowMs() });
    this.#tell();
    for (const record of leftBehind(this.#membership)) await this.#tidy(record);
  }

  async #tidy(record: Parameters<MemberLeases['remove']>[0]): Promise<void> {
    try {
      await this.#input.leases.remove(record);
    } catch (error) {
      // Somebody else was faster, or its holder is alive after all; the next look shows it.
      if (!isKubeError(error)) throw error;
    }
  }

  /** A changed view is written only when nothing that it gives away is worked on; until then the one that stands is renewed. */
  async #renew(): Promise<void> {
    const { next, claimed, self } = this.#membership;
    let view = claimed ?? next;
    if (viewIsOld(this.#membership)) {
      const isOver = await this.#givenUp((key) => ownerOf(key, next) !== self);
      if (this.#stopping.signal.aborted) return;
      if (isOver) view = next;
    }
    const { clock, wallClock, renewDeadlineMs } = this.#input;
    const sentMs = clock.nowMs();
    const sentWallMs = wallClock.nowMs();
    if (this.#version !== undefined && !this.held) return;
    this.#membership = beforeClaim(this.#membership, view);
    const written = await this.#input.leases.write({ view, released: false, version: this.#version });
    if (this.#stopping.signal.aborted) return;
    this.#version = written.version;
    this.#membership = afterClaim(this.#membership, view);
    this.#tell();
    // From when it was sent: a pause before the answer may have cost us the Lease already.
    this.#heldUntilMs = sentMs + renewDeadlineMs;
    this.#heldUntilWallMs = sentWallMs + renewDeadlineMs;
  }

  /** False when work still goes on after a while: renewing must not wait for it. */
  async #givenUp(leaves: (key: string) => boolean): Promise<boolean> {
    const { giveUp, clock, retryPeriodMs } = this.#input;
    const waiting = new AbortController();
    const over = giveUp(leaves).then(() => true);
    const late = sleep(clock, retryPeriodMs, waiting.signal).then(() => false);
    const isOver = await Promise.race([over, late]);
    waiting.abort();
    return isOver;
  }

  #tell(): void {
    const { next, others, claimed, sent, asked } = this.#membership;
    const now = JSON.stringify([
      next,
      claimed,
      sent,
      asked,
      [...others.values()].map(({ view, lapsed }) => [view, lapsed]),
    ]);
    if (now === this.#told) return;
    this.#told = now;
    const members = next.join(', ');
    if (members !== this.#logged) this.#input.log.info({ members }, 'members that share the objects');
    this.#logged = members;
    this.#input.changed();
  }

  #pause(): Promise<void> {
    const { clock, retryPeriodMs, random } = this.#input;
    const periodMs = isSettled(this.#membership) ? retryPeriodMs : retryPeriodMs / HASTE;
    return sleep(clock, periodMs * (1 + JITTER * random()), this.#stopping.signal);
  }

  #lost(why: string): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.#input.log.error({ identity: this.#input.identity, why }, 'no longer a member');
    for (const run of this.#lostListeners) run();
  }
}
