import type { QueueAnswer, WorkQueue } from '../../ports/kube.ts';
import type { Share } from '../../ports/share.ts';

export interface SharedQueueInput {
  readonly queue: WorkQueue;
  readonly share: Share;
  /** The key by which it is told whose this object is: its own, or that of the object that it belongs to. */
  readonly ownerKey: (key: string) => string;
  readonly exists: (key: string) => boolean;
  /** Forgets what is kept of an object that is somebody else's now. */
  readonly forget: (key: string) => void;
}

/** A queue whose keys are worked on only as long as they are this process's share. */
export interface SharedQueue extends WorkQueue {
  /** Settles when none of the objects that leave is being worked on. They must not be ours any more. */
  whenIdle(leaves: (key: string) => boolean): Promise<void>;
  /** How many objects were worked on and are still ours. */
  readonly owned: number;
}

export function shareQueue(input: SharedQueueInput): SharedQueue {
  const { queue, share, ownerKey, exists, forget } = input;
  const working = new Map<string, { readonly owner: string; readonly ended: Promise<void> }>();
  const known = new Set<string>();

  async function workIfOurs(key: string, handle: (key: string) => Promise<QueueAnswer>): Promise<QueueAnswer> {
    const owner = ownerKey(key);
    if (!share.owns(owner)) {
      // A renewal that is late may come yet: then nobody else will have looked at the object.
      if (!share.mayAct()) return { retry: true };
      if (known.delete(key)) forget(key);
      return {};
    }
    known.add(key);
    const ended = Promise.withResolvers<void>();
    working.set(key, { owner, ended: ended.promise });
    try {
      return await handle(key);
    } finally {
      working.delete(key);
      if (!exists(key)) known.delete(key);
      ended.resolve();
    }
  }

  return {
    add: (key) => queue.add(key),
    addAt: (key, atMs) => queue.addAt(key, atMs),
    run: (workers, handle) => queue.run(workers, (key) => workIfOurs(key, handle)),
    stop: () => queue.stop(),
    get length() {
      return queue.length;
    },
    get owned() {
      return known.size;
    },
    async whenIdle(leaves) {
      const leaving = [...working.values()].filter(({ owner }) => leaves(owner));
      await Promise.all(leaving.map(({ ended }) => ended));
    },
  };
}
