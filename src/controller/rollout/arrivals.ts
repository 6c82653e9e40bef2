import type { Observation } from '../../core/observation.ts';

/** Objects that are applied together reach their caches one after the other; who applies them cannot choose the order. */
const ARRIVE_WITHIN_MS = 1_000;

interface Awaited {
  readonly generation: number | undefined;
  readonly sinceMs: number;
}

/**
 * New specs that name something which is not there yet. They are left alone for a moment before that is an error, so that
 * nobody is alarmed by a Service that came a moment after its Rollout. An abort waits for nothing.
 */
export class Arrivals {
  readonly #awaited = new Map<string, Awaited>();

  /** Until when to leave it alone; undefined when there is nothing to wait for, or no more. */
  untilMs(key: string, observation: Observation): number | undefined {
    const { generation } = observation.rollout.metadata;
    const { observedGeneration, abort } = observation.rollout.status ?? {};
    if (observedGeneration === String(generation) || abort === true || !lacksSomething(observation)) {
      this.#awaited.delete(key);
      return undefined;
    }
    const known = this.#awaited.get(key);
    const isKnown = known !== undefined && known.generation === generation;
    const awaited = isKnown ? known : { generation, sinceMs: observation.nowMs };
    this.#awaited.set(key, awaited);
    const untilMs = awaited.sinceMs + ARRIVE_WITHIN_MS;
    return observation.nowMs < untilMs ? untilMs : undefined;
  }

  forget(key: string): void {
    this.#awaited.delete(key);
  }
}

function lacksSomething({
  services,
  analysisTemplates,
  clusterAnalysisTemplates,
  workload,
  traffic,
}: Observation): boolean {
  const named = [services, analysisTemplates, clusterAnalysisTemplates].flatMap((found) =>
    Object.values<unknown>(found),
  );
  return named.includes(null) || workload === null || traffic.some(({ state }) => state === 'unusable');
}
