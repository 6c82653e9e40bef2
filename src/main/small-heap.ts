import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Large enough that most of what a pass makes dies young, small beside what the controller keeps. */
const NURSERY_BYTES = 8 * 1_048_576;
/** The old generation is collected when it has grown by so much since the last time. */
const GROWTH_PERCENT = 40;
/** A nursery that does not grow in so many steps will not. */
const STEPS_MAX = 1_000;

/**
 * Left alone, V8 lets the nursery grow to 128 MB under load, and the old generation to several times what is alive in it: a
 * trade of memory for CPU that suits a machine of its own, not one of many pods. Call it once, early.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  growNursery();
  // From here on it keeps its size.
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** What starting left behind goes; V8 takes the size after a full collection as the measure for the next. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
}

/** It doubles when much of it survives; so much is kept alive here until it is as large as wanted. */
function growNursery(): void {
  const survivors: unknown[] = [];
  for (let step = 0; step < STEPS_MAX && nurseryBytes() < NURSERY_BYTES; step += 1) {
    for (let index = 0; index < 100; index += 1) survivors.push(Array.from({ length: 128 }, () => index));
  }
}

function nurseryBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? NURSERY_BYTES;
}
