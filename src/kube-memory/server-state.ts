import type { Clock } from '../lib/clock.ts';
import type { ResourceRegistry } from './registry.ts';
import type { Store } from './store.ts';

/** What every operation of the server works on. */
export interface ServerState {
  readonly clock: Clock;
  /** Values in [0, 1) for uids and generated names: seeded, so that runs repeat. */
  readonly random: () => number;
  readonly store: Store;
  readonly registry: ResourceRegistry;
}
