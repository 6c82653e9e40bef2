import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../lib/random.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { SILENT_LOG, SILENT_METRICS } from '../telemetry/silent.ts';
import { createWorkQueue } from './work-queue.ts';

function setUp(): {
  clock: VirtualClock;
  queue: WorkQueue;
  worked: string[];
  answers: Map<string, () => Promise<QueueAnswer>>;
  server: { isSlow: boolean };
} {
  const clock = new VirtualClock(0);
  const server = { isSlow: false };
  const queue = createWorkQueue({
    clock,
    random: seededRandom(1),
    log: SILENT_LOG,
    metrics: SILENT_METRICS.queue('test'),
    server,
  });
  const worked: string[] = [];
  const answers = new Map<string, () => Promise<QueueAnswer>>();
  return { clock, queue, worked, answers, server };
}

function run({ queue, worked, answers }: ReturnType<typeof setUp>, workers = 1): void {
  queue.run(workers, (key) => {
    worked.push(key);
    return answers.get(key)?.() ?? Promise.resolve({});
  });
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test('a key that waits already is worked on once, and keys come in order of arrival', async () => {
  const world = setUp();
  for (const key of ['a', 'b', 'a', 'c', 'b']) world.queue.add(key);

  assert.equal(world.queue.length, 3);
  run(world);
  await settle();

  assert.deepEqual(world.worked, ['a', 'b', 'c']);
});

test('a key that is added while it is worked on is worked on again right after, never at the same time', async () => {
  const world = setUp();
  const first = Promise.withResolvers<QueueAnswer>();
  world.answers.set('a', () => first.promise);
  run(world, 4);

  world.queue.add('a');
  world.queue.add('a');
  world.queue.add('a');
  await settle();
  assert.deepEqual(world.worked, ['a']);
  world.answers.delete('a');
  first.resolve({});
  await settle();

  assert.deepEqual(world.worked, ['a', 'a']);
});

test('no more keys are in work than there are workers, and half as many more whose time has come', async () => {
  const world = setUp();
  const open = Promise.withResolvers<QueueAnswer>();
  run(world, 4);
  const times = ['t1', 't2', 't3'];
  for (const key of times) {
    world.answers.set(key, () => Promise.resolve({ againAtMs: 1_000, promised: true }));
    world.queue.add(key);
  }
  await settle();
  world.worked.length = 0;
  for (const key of [...times, 'a', 'b', 'c', 'd', 'e']) world.answers.set(key, () => open.promise);

  for (const key of ['a', 'b', 'c', 'd', 'e']) world.queue.add(key);
  assert.deepEqual(world.worked.splice(0), ['a', 'b', 'c', 'd']);
  world.clock.advance(1_000);
  await settle();

  assert.deepEqual(world.worked, ['t1', 't2']);
});

test('of several wishes for a time the earliest wins', async () => {
  const world = setUp();
  run(world);

  world.queue.addAt('a', 500);
  world.queue.addAt('a', 100);
  world.queue.addAt('a', 900);
  world.clock.advance(99);
  await settle();
  assert.deepEqual(world.worked, []);
  world.clock.advance(1);
  await settle();
  assert.deepEqual(world.worked, ['a']);
  world.clock.advance(10_000);
  await settle();

  assert.deepEqual(world.worked, ['a']);
});

test('what a pass answers replaces what the pass before answered, and leaves what others asked for', async () => {
  const world = setUp();
  run(world);
  world.answers.set('a', () => Promise.resolve({ againAtMs: 100 }));
  world.queue.add('a');
  await settle();
  world.answers.set('a', () => Promise.resolve({ againAtMs: 1_000 }));
  world.queue.addAt('a', 500);
  world.queue.add('a');
  await settle();
  assert.equal(world.worked.length, 2);

  world.answers.delete('a');
  world.clock.advance(499);
  await settle();
  assert.equal(world.worked.length, 2, 'the first answer of 100 counts no longer');
  world.clock.advance(1);
  await settle();
  assert.equal(world.worked.length, 3, 'what was asked for at 500 stays');
  world.clock.advance(10_000);
  await settle();
  assert.equal(world.worked.length, 3, 'the last pass wished for nothing');
});

test('a key whose promised time has come goes before those that heard of a change, and finds a worker free', async () => {
  const world = setUp();
  const held = Promise.withResolvers<QueueAnswer>();
  world.answers.set('pause', () => Promise.resolve({ againAtMs: 1_000, promised: true }));
  run(world, 2);
  world.queue.add('pause');
  await settle();
  world.answers.delete('pause');
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    world.answers.set(key, () => held.promise);
    world.queue.add(key);
  }
  await settle();
  assert.deepEqual(world.worked, ['pause', 'a', 'b'], 'as many as there are workers');

  world.queue.add('pause');
  world.clock.advance(1_000);
  await settle();
  assert.deepEqual(world.worked.slice(3), ['pause']);
  held.resolve({});
  await settle();

  assert.deepEqual(world.worked.slice(4), ['c', 'd', 'e']);
});

test('a time that nobody was promised gives no precedence', async () => {
  const world = setUp();
  world.answers.set('look', () => Promise.resolve({ againAtMs: 1_000 }));
  world.answers.set('pause', () => Promise.resolve({ againAtMs: 1_000, promised: true }));
  const open = Promise.withResolvers<QueueAnswer>();
  run(world);
  for (const key of ['look', 'pause']) world.queue.add(key);
  await settle();
  world.answers.clear();
  world.answers.set('busy', () => open.promise);
  for (const key of ['busy', 'a']) world.queue.add(key);
  world.worked.length = 0;

  world.clock.advance(1_000);
  open.resolve({});
  await settle();

  assert.deepEqual(world.worked, ['pause', 'a', 'look']);
});

/** Keys that have been worked on, and rest. */
async function rest(world: ReturnType<typeof setUp>, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    world.answers.set(key, () => Promise.resolve({ resting: true }));
    world.queue.add(key);
  }
  await settle();
  world.worked.length = 0;
}

test('what was begun goes on before what rested begins', async () => {
  const world = setUp();
  run(world);
  await rest(world, 'a', 'b', 'begun');
  let passes = 0;
  world.answers.set('begun', () => Promise.resolve({ resting: (passes += 1) === 3 }));
  world.queue.add('begun');
  await settle();
  assert.deepEqual(world.worked.splice(0), ['begun']);

  world.answers.set('a', () => {
    for (const key of ['b', 'begun']) world.queue.add(key);
    return Promise.resolve({ resting: true });
  });
  world.queue.add('a');
  await settle();
  assert.deepEqual(world.worked.splice(0), ['a', 'begun', 'b']);

  world.queue.add('begun');
  await settle();
  world.queue.add('a');
  await settle();
  assert.deepEqual(world.worked, ['begun', 'a', 'b', 'begun'], 'the third answer ended what was under way');
});

test('what a new process does not know comes in order of arrival, however slow answers are', async () => {
  const world = setUp();
  const open = Promise.withResolvers<QueueAnswer>();
  for (const key of ['a', 'b']) world.answers.set(key, () => open.promise);
  world.server.isSlow = true;
  run(world, 4);

  for (const key of ['a', 'b']) world.queue.add(key);
  await settle();

  assert.deepEqual(world.worked, ['a', 'b']);
});

test('while answers are slow, keys that rested begin one at a time beside what is under way', async () => {
  const world = setUp();
  const open = Promise.withResolvers<QueueAnswer>();
  run(world, 8);
  await rest(world, 'a', 'b', 'c');
  for (const key of ['a', 'b', 'c']) world.answers.set(key, () => open.promise);

  world.server.isSlow = true;
  for (const key of ['a', 'b', 'c', 'begun']) world.queue.add(key);
  await settle();
  assert.deepEqual(world.worked.splice(0), ['a', 'begun']);

  world.server.isSlow = false;
  world.queue.add('begun');
  await settle();
  assert.deepEqual(world.worked.splice(0), ['begun', 'b', 'c']);
});

test('while answers are slow, half of the workers are enough for keys whose time has not come', async () => {
  const world = setUp();
  const open = Promise.withResolvers<QueueAnswer>();
  for (const key of ['a', 'b', 'c', 'd', 'e']) world.answers.set(key, () => open.promise);
  world.server.isSlow = true;
  run(world, 4);

  for (const key of ['a', 'b', 'c', 'd', 'e']) world.queue.add(key);
  assert.deepEqual(world.worked.splice(0), ['a', 'b']);
  world.server.isSlow = false;
  world.queue.add('a');
  world.queue.add('f');
  await settle();

  assert.deepEqual(world.worked, ['c', 'd']);
});

test('one that begins and hangs keeps the others waiting for a moment only', async () => {
  const world = setUp();
  const open = Promise.withResolvers<QueueAnswer>();
  world.server.isSlow = true;
  run(world, 8);
  await rest(world, 'hangs', 'waits');
  for (const key of ['hangs', 'waits']) world.answers.set(key, () => open.promise);

  for (const key of ['hangs', 'waits']) world.queue.add(key);
  await settle();
  assert.deepEqual(world.worked.splice(0), ['hangs']);
  world.clock.advance(249);
  await settle();
  assert.deepEqual(world.worked, []);
  world.clock.advance(1);
  await settle();

  assert.deepEqual(world.worked, ['waits']);
});

test('a key that fails is tried again after growing pauses; success makes them small again', async () => {
  const world = setUp();
  const triedAtMs: number[] = [];
  let failing = true;
  world.answers.set('a', () => {
    triedAtMs.push(world.clock.nowMs());
    return failing ? Promise.reject(new Error('no')) : Promise.resolve({});
  });
  run(world);
  world.queue.add('a');
  await settle();

  for (let tries = 1; tries < 20; tries += 1) {
    world.clock.step();
    await settle();
  }
  const pauses = triedAtMs.slice(1).map((atMs, index) => atMs - (triedAtMs[index] ?? 0));
  assert.ok((pauses[0] ?? 0) <= 5, 'the first pause is at most 5 ms');
  assert.ok((pauses.at(-1) ?? 0) >= 15_000 && (pauses.at(-1) ?? 0) <= 30_000, 'the last is at most 30 s');

  failing = false;
  world.clock.step();
  await settle();
  failing = true;
  world.queue.add('a');
  await settle();
  const beforeMs = world.clock.nowMs();
  world.clock.step();
  assert.ok(world.clock.nowMs() - beforeMs <= 5);
});

test('all times share one timer', async () => {
  const world = setUp();
  const clock = world.clock;
  let scheduled = 0;
  const counting = {
    nowMs: () => clock.nowMs(),
    schedule: (delayMs: number, run: () => void) => ((scheduled += 1), clock.schedule(delayMs, run)),
  };
  const queue = createWorkQueue({
    clock: counting,
    random: () => 0,
    log: SILENT_LOG,
    metrics: SILENT_METRICS.queue('test'),
    server: { isSlow: false },
  });

  for (let index = 0; index < 1_000; index += 1) queue.addAt(`k${index}`, 1_000 + index);

  assert.equal(scheduled, 1);
  await queue.stop();
});

test('stopping waits for the work in hand and takes nothing more', async () => {
  const world = setUp();
  const open = Promise.withResolvers<QueueAnswer>();
  world.answers.set('a', () => open.promise);
  world.queue.add('a');
  world.queue.add('b');
  run(world);
  let stopped = false;

  const stopping = world.queue.stop().then(() => {
    stopped = true;
  });
  world.queue.add('c');
  world.queue.addAt('d', 5);
  world.clock.advance(1_000);
  await settle();
  assert.equal(stopped, false);
  open.resolve({});
  await stopping;

  assert.deepEqual(world.worked, ['a']);
  assert.equal(world.clock.nextAtMs(), undefined);
});

test('a scrape shows for how long what is under way has been so, of each queue', async () => {
  const clock = new VirtualClock(0);
  const registry = createMetrics({ clock, build: { version: '', commit: '' } });
  const [busy, idle] = ['Rollouts', 'AnalysisRuns'].map((name) =>
    createWorkQueue({
      clock,
      random: seededRandom(1),
      log: SILENT_LOG,
      metrics: registry.metrics.queue(name),
      server: { isSlow: false },
    }),
  );
  const release = Promise.withResolvers<QueueAnswer>();
  const shown = async (): Promise<readonly string[]> =>
    (await registry.render()).split('\n').filter((line) => /^workqueue_(unfinished|longest)/.test(line));

  idle?.run(1, () => Promise.resolve({}));
  busy?.run(4, () => release.promise);
  busy?.add('a');
  clock.advance(2_000);
  busy?.add('b');
  clock.advance(1_000);

  assert.deepEqual(await shown(), [
    'workqueue_unfinished_work_seconds{name="Rollouts"} 4',
    'workqueue_unfinished_work_seconds{name="AnalysisRuns"} 0',
    'workqueue_longest_running_processor_seconds{name="Rollouts"} 3',
    'workqueue_longest_running_processor_seconds{name="AnalysisRuns"} 0',
  ]);

  release.resolve({});
  await settle();
  assert.ok((await shown()).every((line) => line.endsWith(' 0')));
  registry.close();
});
