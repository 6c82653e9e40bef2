import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import { shareQueue, type SharedQueue } from './shared-queue.ts';

/** A queue whose keys a test works on when it likes. */
function handQueue(): WorkQueue & { work(key: string): Promise<QueueAnswer> } {
  let handle: ((key: string) => Promise<QueueAnswer>) | undefined;
  return {
    add: () => undefined,
    addAt: () => undefined,
    run: (_workers, run) => (handle = run),
    stop: () => Promise.resolve(),
    length: 0,
    work: (key) => handle?.(key) ?? Promise.reject(new Error('not running')),
  };
}

interface Stage {
  readonly queue: ReturnType<typeof handQueue>;
  readonly shared: SharedQueue;
  readonly worked: string[];
  readonly forgotten: string[];
  readonly ours: Set<string>;
  mayAct: boolean;
}

function stage(handle: (key: string) => Promise<QueueAnswer> = () => Promise.resolve({ againAtMs: 7 })): Stage {
  const queue = handQueue();
  const made: Omit<Stage, 'shared'> = { queue, worked: [], forgotten: [], ours: new Set(['ns/a']), mayAct: true };
  const shared = shareQueue({
    queue,
    share: { owns: (key) => made.mayAct && made.ours.has(key), mayAct: () => made.mayAct },
    ownerKey: (key) => key.replace(/-run$/, ''),
    exists: () => true,
    forget: (key) => made.forgotten.push(key),
  });
  shared.run(1, (key) => {
    made.worked.push(key);
    return handle(key);
  });
  return Object.assign(made, { shared });
}

test('what is ours is worked on, and what belongs to it; the rest is left', async () => {
  const { queue, worked, forgotten } = stage();

  assert.deepEqual(await queue.work('ns/a'), { againAtMs: 7 });
  assert.deepEqual(await queue.work('ns/a-run'), { againAtMs: 7 });
  assert.deepEqual(await queue.work('ns/b'), {});

  assert.deepEqual(worked, ['ns/a', 'ns/a-run']);
  assert.deepEqual(forgotten, [], 'nothing was known of it');
});

test('what was ours and is not any more is forgotten, once', async () => {
  const { queue, ours, forgotten } = stage();
  await queue.work('ns/a');

  ours.clear();
  await queue.work('ns/a');
  await queue.work('ns/a');

  assert.deepEqual(forgotten, ['ns/a']);
});

test('while the Lease does not hold nothing is worked on, and nothing is dropped', async () => {
  const now = stage();

  now.mayAct = false;

  assert.deepEqual(await now.queue.work('ns/a'), { retry: true });
  assert.deepEqual([now.worked, now.forgotten], [[], []]);
});

test('giving up waits for the work on what leaves, and only for that', async () => {
  const ends = new Map<string, () => void>();
  const { queue, shared, ours } = stage((key) => new Promise((resolve) => ends.set(key, () => resolve({}))));
  ours.add('ns/b');
  const works = [queue.work('ns/a-run'), queue.work('ns/b')];
  let idle = false;

  const waiting = shared.whenIdle((key) => key === 'ns/a').then(() => (idle = true));
  ends.get('ns/b')?.();
  await works[1];
  assert.equal(idle, false);
  ends.get('ns/a-run')?.();
  await waiting;

  assert.equal(idle, true);
});
