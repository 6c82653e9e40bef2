import type { WeightsSeen } from '../../core/observation.ts';
import type { TrafficObservation } from '../../core/traffic.ts';

interface Known extends WeightsSeen {
  readonly weights: string;
}

/**
 * Remembers since when the routers of each Rollout show the weights that they show. Lost at a restart and counted anew
 * then: a data plane that reports nothing is given more time for what was not recorded yet, never less.
 */
export class WeightWatch {
  readonly #byKey = new Map<string, Known>();

  /** To be asked on each pass; undefined without a router. */
  look(key: string, traffic: readonly TrafficObservation[], nowMs: number): WeightsSeen | undefined {
    if (traffic.length === 0) {
      this.#byKey.delete(key);
      return undefined;
    }
    const weights = traffic.map(weightText).join(' ');
    const known = this.#byKey.get(key);
    if (known?.weights === weights) return known;
    const seen: Known = { weights, sinceMs: nowMs, changed: known !== undefined };
    this.#byKey.set(key, seen);
    return seen;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

/** What requests can tell the difference of; without a canary side there is none. */
function weightText(router: TrafficObservation): string {
  if (router.state === 'unusable') return '?';
  if (router.state === 'absent') return '0';
  const { canaryWeight, weightTotal, managedRoutes = [] } = router;
  const share = String(canaryWeight / weightTotal);
  return managedRoutes.length === 0 ? share : `${share} ${JSON.stringify(managedRoutes)}`;
}
