import { KINDS } from '../../api/kinds.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import { sleep } from '../../lib/clock.ts';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';
import type { Leadership } from '../../ports/kube.ts';
import type { Log } from '../../ports/telemetry.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './kube-error.ts';
import { microTime } from './micro-time.ts';

/** Defaults of the flags `--leader-election-lease-duration`, `-renew-deadline` and `-retry-period`. */
export const LEASE_DURATION_MS = 15_000;
export const RENEW_DEADLINE_MS = 10_000;
export const RETRY_PERIOD_MS = 2_000;
/** Each wait between attempts is this much longer at most, so that waiting processes do not ask in step. */
const JITTER = 0.2;

export interface LeadershipOptions {
  readonly client: KubeClient;
  /** Counts time that passes, whatever is done to the time of day. By it a Lease runs out, ours and another's. */
  readonly clock: Clock;
  /**
   * The time of day; `clock` if unset. It is written down for people, and what we hold is over by it too: `clock` may have
   * stood still while the machine slept.
   */
  readonly wallClock?: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly namespace: string;
  readonly name: string;
  /** Unlike any other process's; where several hold the Lease together, they all have the same. */
  readonly identity: string;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryPeriodMs?: number;
}

interface Moment {
  readonly passedMs: number;
  readonly wallMs: number;
}

/** What the Lease says, with the moment at which we first saw it say so. */
interface Seen {
  readonly version: string | undefined;
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  readonly renewTime: string;
  readonly observedMs: number;
}

/**
 * Holds a Lease as client-go does: another's Lease is taken over when its record has not changed for its duration by *our*
 * clock (the times written in it are never compared with ours, so clocks may differ); every write is guarded by
 * resourceVersion. A holder whose renewal has not succeeded within the deadline, counted from before the last one that did was
 * sent, stops holding by itself; that is before anyone else may take over.
 */
export function startLeadership(options: LeadershipOptions): Leadership {
  const { clock, log, identity, random } = options;
  const leaseDurationMs = options.leaseDurationMs ?? LEASE_DURATION_MS;
  const renewDeadlineMs = options.renewDeadlineMs ?? RENEW_DEADLINE_MS;
  const retryPeriodMs = options.retryPeriodMs ?? RETRY_PERIOD_MS;
  const wallClock = options.wallClock ?? clock;
  const stopping = new AbortController();
  const lostListeners: (() => void)[] = [];
  const held = Promise.withResolvers<void>();
  let holding = false;
  let seen: Seen | undefined;
  let fence: ScheduledCall | undefined;
  let heldUntil: Moment | undefined;

  function now(): Moment {
    return { passedMs: clock.nowMs(), wallMs: wallClock.nowMs() };
  }

  function isOver(): boolean {
    const { passedMs, wallMs } = now();
    return heldUntil === undefined || passedMs >= heldUntil.passedMs || wallMs >= heldUntil.wallMs;
  }

  function gained(sent: Moment): void {
    fence?.cancel();
    heldUntil = { passedMs: sent.passedMs + renewDeadlineMs, wallMs: sent.wallMs + renewDeadlineMs };
    fence = clock.schedule(heldUntil.passedMs - clock.nowMs(), () => lost('it could not be renewed in time'));
    if (holding) return;
    holding = true;
    log.info({ lease: options.name, namespace: options.namespace, identity }, 'leading');
    held.resolve();
  }

  function lost(why: string): void {
    fence?.cancel();
    if (!holding) return;
    holding = false;
    stopping.abort();
    log.error({ lease: options.name, identity, why }, 'no longer leading');
    for (const run of lostListeners) run();
  }

  async function attempt(): Promise<void> {
    const sent = now();
    // Who stood still for too long has lost it, though the timer that says so may not have come yet.
    if (holding && isOver()) return lost('it could not be renewed in time');
    const won = (holding && seen !== undefined && (await renew(seen))) || (await contend());
    // Refused in the meantime (released, or lost by the deadline): what was won is not used.
    if (won && !stopping.signal.aborted) gained(sent);
  }

  /** Whether the Lease was ours or free, and is ours now. */
  async function contend(): Promise<boolean> {
    seen = await look(seen);
    if (stopping.signal.aborted) return false;
    if (seen === undefined) {
      seen = await write('create', newLease());
      return true;
    }
    const mine = seen.holder === identity;
    if (!mine && seen.holder !== '' && clock.nowMs() < seen.observedMs + seen.durationMs) {
      if (holding) lost(`${seen.holder} holds it`);
      return false;
    }
    seen = await write('patch', renewed(seen, mine));
    return true;
  }

  /** What we wrote last is still there unless the version says otherwise, so a holder need not read first. */
  async function renew(ours: Seen): Promise<boolean> {
    try {
      seen = await write('patch', renewed(ours, true));
      return true;
    } catch (error) {
      if (isKubeError(error) && (error.reason === 'conflict' || error.reason === 'not-found')) return false;
      throw error;
    }
  }

  async function look(before: Seen | undefined): Promise<Seen | undefined> {
    try {
      return seenOf(await call('get', undefined), clock.nowMs(), before);
    } catch (error) {
      if (isKubeError(error) && error.reason === 'not-found') return undefined;
      throw error;
    }
  }

  async function write(verb: 'create' | 'patch', body: unknown): Promise<Seen> {
    return seenOf(await call(verb, body), clock.nowMs(), undefined);
  }

  function call(verb: 'get' | 'create' | 'patch', body: unknown): Promise<unknown> {
    return options.client.request({
      verb,
      kind: KINDS.lease,
      namespace: options.namespace,
      name: verb === 'create' ? undefined : options.name,
      body,
      contentType: verb === 'patch' ? 'application/merge-patch+json' : undefined,
      priority: 'urgent',
      // A call that hangs must leave time for another within the deadline.
      timeoutMs: renewDeadlineMs / 2,
    });
  }

  function newLease(): unknown {
    const time = microTime(wallClock.nowMs());
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: options.name, namespace: options.namespace },
      spec: { ...heldSpec(time), acquireTime: time, leaseTransitions: 0 },
    };
  }

  function renewed(before: Seen, mine: boolean): unknown {
    const time = microTime(wallClock.nowMs());
    const taken = mine ? {} : { acquireTime: time, leaseTransitions: before.transitions + 1 };
    return { metadata: { resourceVersion: before.version }, spec: { ...heldSpec(time), ...taken } };
  }

  function heldSpec(time: string): Record<string, unknown> {
    return { holderIdentity: identity, leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000), renewTime: time };
  }

  async function keepTrying(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await attempt();
      } catch (cause) {
        const raced = isKubeError(cause) && (cause.reason === 'conflict' || cause.reason === 'already-exists');
        if (!raced) log.warn({ cause, lease: options.name }, 'the Lease could not be read or written, trying again');
      }
      await sleep(clock, retryPeriodMs * (1 + JITTER * random()), stopping.signal);
    }
  }

  const ended = keepTrying();

  return {
    // By the clock, not by the timer: a process that stood still may come to its work before it comes to its timers.
    get held() {
      return holding && !isOver();
    },
    whenHeld: () => held.promise,
    onLost(run) {
      lostListeners.push(run);
    },
    async release({ keep = false } = {}) {
      const wasHolding = holding && !keep;
      holding = false;
      fence?.cancel();
      stopping.abort();
      await ended;
      if (!wasHolding || seen?.holder !== identity) return;
      try {
        const time = microTime(wallClock.nowMs());
        await write('patch', {
          metadata: { resourceVersion: seen.version },
          spec: { holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time },
        });
      } catch (cause) {
        log.warn({ cause, lease: options.name }, 'the Lease could not be given back; it runs out by itself');
      }
    },
  };
}

/** `observedMs` stays while the record stays the same: that is what expiry counts from. */
function seenOf(lease: unknown, nowMs: number, before: Seen | undefined): Seen {
  const fields = fieldsOf(lease);
  const spec = fieldsOf(fields['spec']);
  const now: Seen = {
    version: text(fieldsOf(fields['metadata'])['resourceVersion']),
    holder: text(spec['holderIdentity']) ?? '',
    durationMs: number(spec['leaseDurationSeconds'], LEASE_DURATION_MS / 1_000) * 1_000,
    transitions: number(spec['leaseTransitions'], 0),
    renewTime: text(spec['renewTime']) ?? '',
    observedMs: nowMs,
  };
  const unchanged =
    before !== undefined &&
    before.holder === now.holder &&
    before.renewTime === now.renewTime &&
    before.transitions === now.transitions;
  return unchanged ? { ...now, observedMs: before.observedMs } : now;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
