import type { Rollout } from '../../src/api/rollout.ts';
import type { ObjectCache } from '../../src/ports/kube.ts';
import { PAUSE_MS } from './fleet.ts';

/** Follows Rollouts by a watch, as a user would, and notes when what became visible. */
export interface FleetObserver {
  /** Settles, with the moment, when every Rollout is Healthy with its present spec. */
  whenAllHealthy(): Promise<number>;
  /** How much later than asked each pause was seen to end; forgets them. Milliseconds, in order of size. */
  takePauseLateMs(): readonly number[];
}

export function observeFleet(rollouts: ObjectCache<Rollout>): FleetObserver {
  const restless = new Set<string>();
  const pauses = new Map<string, number>();
  let lateMs: number[] = [];
  let waiters: ((atMs: number) => void)[] = [];

  rollouts.subscribe((change) => {
    if (change.type === 'deleted') return;
    const { name } = change.object.metadata;
    followPause(name, change.object);
    if (isHealthy(change.object)) restless.delete(name);
    else restless.add(name);
    if (restless.size === 0) wake();
  });

  function followPause(name: string, { status }: Rollout): void {
    const pause = status?.pauseConditions?.find(({ reason }) => reason === 'CanaryPauseStep');
    const startMs = pause === undefined ? undefined : Date.parse(pause.startTime);
    const before = pauses.get(name);
    if (before !== undefined && before !== startMs) lateMs.push(Date.now() - (before + PAUSE_MS));
    if (startMs === undefined) pauses.delete(name);
    else pauses.set(name, startMs);
  }

  function wake(): void {
    const woken = waiters;
    waiters = [];
    for (const run of woken) run(Date.now());
  }

  return {
    whenAllHealthy() {
      if (restless.size === 0) return Promise.resolve(Date.now());
      return new Promise((resolve) => waiters.push(resolve));
    },
    takePauseLateMs() {
      const taken = lateMs.toSorted((left, right) => left - right);
      lateMs = [];
      return taken;
    },
  };
}

function isHealthy({ metadata, status }: Rollout): boolean {
  return status?.phase === 'Healthy' && status.observedGeneration === String(metadata.generation);
}
