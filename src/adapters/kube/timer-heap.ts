/** What is due when: a binary heap by time, equal times in order of adding. */
export interface TimerHeap<T> {
  add(atMs: number, item: T): void;
  /** The time of the earliest item. */
  nextMs(): number | undefined;
  /** Takes out the earliest item if it is due. */
  takeDue(nowMs: number): T | undefined;
  readonly size: number;
}

interface Entry<T> {
  readonly atMs: number;
  readonly sequence: number;
  readonly item: T;
}

export function createTimerHeap<T>(): TimerHeap<T> {
  const heap: Entry<T>[] = [];
  let sequence = 0;

  function before(left: number, right: number): boolean {
    const [a, b] = [heap[left], heap[right]];
    if (a === undefined || b === undefined) return false;
    return a.atMs === b.atMs ? a.sequence < b.sequence : a.atMs < b.atMs;
  }

  function swap(left: number, right: number): void {
    const [a, b] = [heap[left], heap[right]];
    if (a === undefined || b === undefined) return;
    heap[left] = b;
    heap[right] = a;
  }

  function rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!before(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  }

  function sink(from: number): void {
    for (let at = from; ;) {
      const left = at * 2 + 1;
      const child = before(left + 1, left) ? left + 1 : left;
      if (!before(child, at)) return;
      swap(at, child);
      at = child;
    }
  }

  return {
    add(atMs, item) {
      heap.push({ atMs, sequence: sequence++, item });
      rise(heap.length - 1);
    },
    nextMs: () => heap[0]?.atMs,
    takeDue(nowMs) {
      const first = heap[0];
      if (first === undefined || first.atMs > nowMs) return undefined;
      swap(0, heap.length - 1);
      heap.pop();
      sink(0);
      return first.item;
    },
    get size() {
      return heap.length;
    },
  };
}
