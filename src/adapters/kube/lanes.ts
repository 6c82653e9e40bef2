import { assert } from '../../lib/assert.ts';

/**
 * One turn in so many goes to the last lane in which somebody waits, so that none waits for ever: fewer than the passes that one update
 * takes, so that beginnings never outrun endings.
 */
const TURNS_PER_LAST = 16;

/** Where a key waits, by precedence: its promised time has come; something of it is under way, or it is not known; it rested. */
const ORDER = ['due', 'underway', 'resting'] as const;
export type Lane = (typeof ORDER)[number];

export interface WaitingKey {
  readonly key: string;
  readonly lane: Lane;
  /** Since when it waits. */
  readonly sinceMs: number;
}

/**
 * Waiting keys, first come, first served within a lane. Where many begin at once, what was begun goes on before more is
 * begun: they come through one after the other, and their pauses do not all end together.
 */
export interface Lanes {
  /** False when the key waits already; it moves up if the lane goes before the one that it waits in. */
  join(key: string, lane: Lane, nowMs: number): boolean;
  /** The next key of a lane from the first to this one. */
  take(last: Lane): WaitingKey | undefined;
  clear(): void;
  readonly size: number;
}

export function createLanes(): Lanes {
  const lanes: Readonly<Record<Lane, Map<string, number>>> = {
    due: new Map(),
    underway: new Map(),
    resting: new Map(),
  };
  let turnsSinceLast = 0;

  function laneOf(key: string): Lane | undefined {
    return ORDER.find((lane) => lanes[lane].has(key));
  }

  function laneToServe(last: Lane): Lane | undefined {
    const open = ORDER.slice(0, ORDER.indexOf(last) + 1).filter((lane) => lanes[lane].size > 0);
    const served = turnsSinceLast >= TURNS_PER_LAST - 1 ? open.at(-1) : open[0];
    turnsSinceLast = served === open.at(-1) ? 0 : turnsSinceLast + 1;
    return served;
  }

  return {
    join(key, lane, nowMs) {
      const known = laneOf(key);
      if (known !== undefined && ORDER.indexOf(known) <= ORDER.indexOf(lane)) return false;
      const sinceMs = known === undefined ? nowMs : lanes[known].get(key);
      if (known !== undefined) lanes[known].delete(key);
      lanes[lane].set(key, sinceMs ?? nowMs);
      return known === undefined;
    },
    take(last) {
      const lane = laneToServe(last);
      if (lane === undefined) return undefined;
      const [next] = lanes[lane];
      assert(next !== undefined, 'a lane that is served has somebody waiting');
      const [key, sinceMs] = next;
      lanes[lane].delete(key);
      return { key, lane, sinceMs };
    },
    clear() {
      for (const lane of ORDER) lanes[lane].clear();
    },
    get size() {
      return lanes.due.size + lanes.underway.size + lanes.resting.size;
    },
  };
}
