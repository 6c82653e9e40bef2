import { watchObjects } from './watch-objects.ts';
import type { Manifest } from './api-client.ts';
import type { Scene } from './world.ts';

/** At which steps the Rollouts of a scene pause, and for how long. */
export interface PauseWatch {
  /** `name hash@step` of every pause so far, sorted. */
  seen(): readonly string[];
  /** Pauses with a time that ended, without an abort or a new version, before that time. */
  tooShort(): readonly string[];
  stop(): void;
}

interface Pause {
  readonly id: string;
  readonly hash: string;
  readonly stepIndex: number;
  readonly sinceMs: number;
  readonly durationMs: number;
}

export function watchPauses(scene: Scene): PauseWatch {
  const ids = new Set<string>();
  const short: string[] = [];
  const open = new Map<string, Pause>();
  const watch = watchObjects(scene.api, scene.path('rollouts.argoproj.io'), (change, rollout) => {
    const { name } = rollout.metadata;
    const before = open.get(name);
    const now = change === 'present' ? pauseOf(rollout) : undefined;
    if (before !== undefined && now?.id !== before.id) {
      const lastedMs = Date.now() - before.sinceMs;
      if (wentOn(rollout, before) && lastedMs < before.durationMs) short.push(`${before.id}: ${lastedMs} ms`);
      open.delete(name);
    }
    if (now === undefined) return;
    ids.add(now.id);
    open.set(name, now);
  });
  return { seen: () => [...ids].sort(), tooShort: () => short, stop: () => watch.stop() };
}

function pauseOf({ metadata, spec, status }: Manifest): Pause | undefined {
  const condition = status?.pauseConditions?.find(({ reason }: { reason: string }) => reason === 'CanaryPauseStep');
  const pause = spec.strategy.canary.steps[status?.currentStepIndex ?? -1]?.pause;
  if (condition === undefined || pause === undefined) return undefined;
  return {
    id: `${metadata.name} ${status.currentPodHash}@${status.currentStepIndex}`,
    hash: status.currentPodHash,
    stepIndex: status.currentStepIndex,
    sinceMs: Date.parse(condition.startTime),
    durationMs: (pause.duration ?? 0) * 1_000,
  };
}

function wentOn({ status }: Manifest, pause: Pause): boolean {
  return status?.currentPodHash === pause.hash && status.abort !== true && status.currentStepIndex > pause.stepIndex;
}
