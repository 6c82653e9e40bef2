import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOG } from '../../adapters/telemetry/silent.ts';
import type { MemberRecord } from '../../core/sharding/membership.ts';
import { seededRandom } from '../../lib/random.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { Clock, ScheduledCall } from '../../ports/clock.ts';
import type { KubeErrorReason } from '../../ports/kube.ts';
import type { MemberLeases } from '../../ports/share.ts';
import { ShareKeeper } from './share-keeper.ts';

const LEASE_MS = 15_000;
const RENEW_MS = 10_000;
const RETRY_MS = 2_000;
const KEYS = Array.from({ length: 60 }, (_, index) => `ns/app-${index}`);

/** What the API server keeps, with the faults of a network between it and each process. */
class LeaseServer {
  readonly records = new Map<string, MemberRecord>();
  writes = 0;
  #version = 0;

  list(): readonly MemberRecord[] {
    return [...this.records.values()];
  }

  write(identity: string, { view, released, version }: Parameters<MemberLeases['write']>[0]): MemberRecord {
    const before = this.records.get(identity);
    if (version === undefined && before !== undefined) throw kubeError('already-exists');
    if (version !== undefined && before === undefined) throw kubeError('not-found');
    if (version !== before?.version) throw kubeError('conflict');
    this.#version += 1;
    this.writes += 1;
    const record = { identity, view: [...view], durationMs: LEASE_MS, version: String(this.#version), released };
    this.records.set(identity, record);
    return record;
  }

  remove({ identity, version }: MemberRecord): void {
    if (this.records.get(identity)?.version !== version) throw kubeError('conflict');
    this.records.delete(identity);
  }
}

function kubeError(reason: KubeErrorReason): Error {
  return Object.assign(new Error(reason), { name: 'KubeError', reason });
}

interface Faults {
  /** Chance that a request, or its answer, is lost or late. */
  readonly network: number;
  readonly maxDelayMs: number;
}

/** A process: a clock that is neither set nor running right, and that stands still while the process does. */
class Process implements Clock {
  readonly keeper: ShareKeeper;
  readonly joined: Promise<string>;
  readonly working = new Map<string, PromiseWithResolvers<void>>();
  readonly #world: World;
  readonly #rate: number;
  readonly #offsetMs: number;
  #missed: (() => void)[] = [];
  dead = false;
  paused = false;
  lost = false;

  constructor(world: World, identity: string) {
    this.#world = world;
    this.#rate = 0.9 + world.random() * 0.2;
    this.#offsetMs = world.random() * 1e9;
    this.keeper = new ShareKeeper({
      leases: this.#leases(identity),
      clock: this,
      wallClock: this,
      random: world.random,
      log: SILENT_LOG,
      identity,
      renewDeadlineMs: RENEW_MS,
      retryPeriodMs: RETRY_MS,
      giveUp: async (leaves) => {
        await Promise.all([...this.working].filter(([key]) => leaves(key)).map(([, { promise }]) => promise));
      },
      changed: () => undefined,
    });
    this.keeper.onLost(() => (this.lost = true));
    this.joined = this.keeper.join().then(() => 'entered');
    this.schedule(0, () => this.#begin());
  }

  nowMs(): number {
    return this.#world.clock.nowMs() * this.#rate + this.#offsetMs;
  }

  schedule(delayMs: number, run: () => void): ScheduledCall {
    return this.#world.clock.schedule(delayMs / this.#rate, () => this.deliver(run));
  }

  /** What happens to a process that stands still happens when it goes on, and in no order that it could rely on. */
  deliver(run: () => void): void {
    if (this.dead) return;
    if (this.paused) this.#missed.push(run);
    else run();
  }

  resume(): void {
    this.paused = false;
    const missed = this.#missed;
    this.#missed = [];
    for (const run of missed.sort(() => this.#world.random() - 0.5)) run();
  }

  /** Is it at work on the object, as far as it knows? Standing still it does nothing. */
  worksOn(key: string): boolean {
    return !this.dead && !this.paused && (this.keeper.owns(key) || (this.working.has(key) && this.keeper.held));
  }

  #begin(): void {
    for (const key of KEYS) {
      if (!this.keeper.owns(key) || this.working.has(key) || this.#world.random() > 0.1) continue;
      const work = Promise.withResolvers<void>();
      this.working.set(key, work);
      this.schedule(this.#world.random() * 4_000, () => {
        this.working.delete(key);
        work.resolve();
      });
    }
    this.schedule(1_000, () => this.#begin());
  }

  #leases(identity: string): MemberLeases {
    const { server } = this.#world;
    return {
      list: () => this.#call(() => server.list()),
      write: (lease) => this.#call(() => server.write(identity, lease)),
      remove: (record) => this.#call(() => server.remove(record)),
    };
  }

  /** A call may never arrive, arrive late, or be carried out without an answer. */
  #call<T>(run: () => T): Promise<T> {
    const { clock, random, faults } = this.#world;
    const answer = Promise.withResolvers<T>();
    const isFaulty = random() < faults.network;
    const delay = (): number => random() * (isFaulty ? faults.maxDelayMs : 40);
    clock.schedule(delay(), () => {
      if (isFaulty && random() < 0.3) return;
      try {
        const result = run();
        if (isFaulty && random() < 0.3) return;
        clock.schedule(delay(), () => this.deliver(() => answer.resolve(result)));
      } catch (error) {
        clock.schedule(delay(), () => this.deliver(() => answer.reject(error as Error)));
      }
    });
    this.schedule(RENEW_MS / 2, () => answer.reject(kubeError('unavailable')));
    return answer.promise;
  }
}

class World {
  readonly clock = new VirtualClock();
  readonly server = new LeaseServer();
  readonly processes: Process[] = [];
  readonly random: () => number;
  faults: Faults;
  #made = 0;

  constructor(seed: number, faults: Faults = { network: 0, maxDelayMs: 0 }) {
    this.random = seededRandom(seed);
    this.faults = faults;
  }

  start(): Process {
    this.#made += 1;
    const process = new Process(this, `member-${this.#made}`);
    this.processes.push(process);
    return process;
  }

  /** Lets time pass, and looks after each thing that happens whether two are at work on one object. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      this.check();
      const nextMs = this.clock.nextAtMs();
      if (nextMs === undefined || nextMs > endMs) break;
      this.clock.step();
    }
    this.clock.advance(Math.max(0, endMs - this.clock.nowMs()));
    this.check();
  }

  check(): void {
    for (const key of KEYS) {
      const at = this.processes.filter((process) => process.worksOn(key)).map(({ keeper }) => keeper.members);
      assert.ok(at.length <= 1, `${key} is worked on by one member only: ${JSON.stringify(at)}`);
    }
  }

  owned(): readonly number[] {
    return this.processes.map(({ keeper }) => KEYS.filter((key) => keeper.owns(key)).length);
  }

  get living(): readonly Process[] {
    return this.processes.filter(({ dead, lost }) => !dead && !lost);
  }
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

test('a lone member has everything; a second one gets about half, and what it leaves goes back at once', async () => {
  const world = new World(1);
  world.start();
  await world.pass(1_000);
  assert.deepEqual(world.owned(), [KEYS.length]);

  const second = world.start();
  await world.pass(8_000);
  const [first = 0, other = 0] = world.owned();
  assert.equal(first + other, KEYS.length);
  assert.ok(other > KEYS.length / 4);

  await Promise.all([...second.working.values()].map(({ promise }) => world.pass(5_000).then(() => promise)));
  const left = second.keeper.leave();
  await world.pass(4_000);
  await left;
  await world.pass(1_000);
  assert.deepEqual(world.owned(), [KEYS.length, 0]);
});

test('what a killed member had is taken over within its lease duration and a few looks', async () => {
  const world = new World(2);
  for (let count = 0; count < 3; count += 1) world.start();
  await world.pass(15_000);
  assert.equal(total(world.owned()), KEYS.length);
  const victim = world.processes[1];
  assert.ok(victim !== undefined);

  victim.dead = true;
  await world.pass(LEASE_MS * 1.1 + 4 * RETRY_MS);

  const [first = 0, , third = 0] = world.owned();
  assert.equal(first + third, KEYS.length);
  assert.equal(world.server.records.size, 2, 'its Lease was cleared away');
});

test('a member that stood still works on nothing when it goes on, and ends', async () => {
  const world = new World(3);
  const first = world.start();
  world.start();
  await world.pass(15_000);

  first.paused = true;
  await world.pass(60_000);
  assert.equal(world.owned()[1], KEYS.length);
  first.resume();
  assert.equal(world.owned()[0], 0);
  await world.pass(10_000);

  assert.equal(first.lost, true);
  assert.deepEqual(world.owned(), [0, KEYS.length]);
});

test('a member whose Lease somebody deletes ends; nobody begins on its objects before it has', async () => {
  const world = new World(4);
  const first = world.start();
  world.start();
  await world.pass(15_000);

  world.server.records.delete('member-1');
  await world.pass(LEASE_MS + 4 * RETRY_MS);

  assert.equal(first.lost, true);
  assert.deepEqual(world.owned(), [0, KEYS.length]);
});

test('a Lease holds from when its renewal was sent, not from when the answer came', async () => {
  const clock = new VirtualClock();
  const written: { readonly sentMs: number; answer(): void }[] = [];
  const keeper = new ShareKeeper({
    leases: {
      list: () => Promise.resolve(written.length === 0 ? [] : [own]),
      write: () => new Promise((resolve) => written.push({ sentMs: clock.nowMs(), answer: () => resolve(own) })),
      remove: () => Promise.resolve(),
    },
    clock,
    wallClock: clock,
    random: () => 0,
    log: SILENT_LOG,
    identity: 'a',
    renewDeadlineMs: RENEW_MS,
    retryPeriodMs: RETRY_MS,
    giveUp: () => Promise.resolve(),
    changed: () => undefined,
  });
  const own: MemberRecord = { identity: 'a', view: ['a'], durationMs: LEASE_MS, version: '1', released: false };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const joined = keeper.join();
  await turn();
  clock.advance(6_000);
  written[0]?.answer();
  await joined;

  clock.advance(RENEW_MS - 6_000 - 1);
  assert.equal(keeper.owns('ns/app'), true);
  clock.advance(1);
  assert.equal(keeper.owns('ns/app'), false);
  void keeper.leave();
});

test('a member enters its group although the look after its claim failed', async () => {
  const world = new World(6);
  let lists = 0;
  const list = world.server.list.bind(world.server);
  world.server.list = () => {
    lists += 1;
    if (lists === 2) throw kubeError('unavailable');
    return list();
  };
  const { joined } = world.start();

  await world.pass(2 * RETRY_MS);

  assert.equal(lists > 2, true);
  assert.equal(await Promise.race([joined, Promise.resolve('not yet')]), 'entered');
});

test('members at rest write nothing but their own renewals', async () => {
  const world = new World(5);
  for (let count = 0; count < 3; count += 1) world.start();
  await world.pass(20_000);
  const before = world.server.writes;

  await world.pass(600_000);

  const perMember = (world.server.writes - before) / 3;
  assert.ok(perMember <= 600_000 / (RETRY_MS * 0.9), `${perMember} renewals each in ten minutes`);
});

const SEEDS = Array.from({ length: 8 }, (_, index) => 100 + index);

for (const seed of SEEDS) {
  test(`no object is worked on by two whatever comes, goes, stands still or gets lost (seed ${seed})`, async () => {
    const world = new World(seed, { network: 0.1, maxDelayMs: 9_000 });
    world.start();
    for (let round = 0; round < 40; round += 1) {
      const living = world.living;
      const one = living[Math.floor(world.random() * living.length)];
      const chance = world.random();
      if (chance < 0.35 || living.length === 0) {
        if (living.length < 5) world.start();
      } else if (chance < 0.5 && one !== undefined) one.dead = true;
      else if (chance < 0.8 && one !== undefined) {
        if (one.paused) one.resume();
        else one.paused = true;
      } else if (chance < 0.9 && one?.paused === false && one.working.size === 0) void one.keeper.leave();
      await world.pass(world.random() * 20_000);
    }

    world.faults = { network: 0, maxDelayMs: 0 };
    for (const process of world.processes) if (process.paused) process.resume();
    await world.pass(60_000);
    world.start();
    await world.pass(60_000);
    assert.equal(total(world.owned()), KEYS.length, 'in quiet times everything is worked on');
  });
}
