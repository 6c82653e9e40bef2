import type { Rollout } from '../../src/api/rollout.ts';
import type { ObjectCache } from '../../src/ports/kube.ts';
import { PAUSE_MS } from './fleet.ts';

/** Follows Rollouts by a watch, as a user would, and notes when what became visible. */
export interface FleetObserver {
  /** From here on these are waited for: Healthy, with this image. */
  expect(names: readonly string[], image: string): void;
  /** Settles, with the moment, when every Rollout is as expected. */
  whenAllHealthy(): Promise<number>;
  /** When each Rollout was seen to become as expected. */
  readonly healthyAtMs: ReadonlyMap<string, number>;
  /** How much later than asked each pause was seen to end; forgets them. Milliseconds, in order of size. */
  takePauseLateMs(): readonly number[];
}

export function observeFleet(rollouts: ObjectCache<Rollout>): FleetObserver {
  const awaited = new Set<string>();
  const healthyAtMs = new Map<string, number>();
  const pauses = new Map<string, number>();
  let expectedImage = '';
  let lateMs: number[] = [];
  let waiters: ((atMs: number) => void)[] = [];

  rollouts.subscribe((change) => {
    if (change.type === 'deleted') return;
    const { name } = change.object.metadata;
    followPause(name, change.object);
    if (!isHealthy(change.object, expectedImage) || !awaited.delete(name)) return;
    healthyAtMs.set(name, Date.now());
    if (awaited.size === 0) wake();
  });

  function followPause(name: string, { status }: Rollout): void {
    const pause = status?.pauseConditions?.find(({ reason }) => reason === 'CanaryPauseStep');
    const startMs = pause === undefined ? undefined : latestStartMs(pause.startTime);
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
    healthyAtMs,
    expect(names, image) {
      expectedImage = image;
      healthyAtMs.clear();
      for (const name of names) awaited.add(name);
    },
    whenAllHealthy() {
      if (awaited.size === 0) return Promise.resolve(Date.now());
      return new Promise((resolve) => waiters.push(resolve));
    },
    takePauseLateMs() {
      const taken = lateMs.toSorted((left, right) => left - right);
      lateMs = [];
      return taken;
    },
  };
}

/** A start without a fraction was cut to the full second; in doubt for the controller, it counts from the next one. */
function latestStartMs(startTime: string): number {
  return Date.parse(startTime) + (startTime.includes('.') ? 0 : 1_000);
}

function isHealthy({ metadata, spec, status }: Rollout, image: string): boolean {
  return (
    status?.phase === 'Healthy' &&
    status.observedGeneration === String(metadata.generation) &&
    spec.template?.spec?.containers?.[0]?.image === image
  );
}
