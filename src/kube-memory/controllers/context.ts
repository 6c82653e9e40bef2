import type { KubeObject } from '../../api/kube-object.ts';
import type { Clock } from '../../lib/clock.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { StoreAccess } from '../resource.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { Mirror } from './mirror.ts';

/** What every simulated controller works with. */
export interface ControllerContext {
  readonly store: StoreAccess;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly onError: (error: unknown) => void;
  readonly pods: Mirror;
  readonly replicaSets: Mirror;
}

/** One running controller. */
export interface Controller {
  stop(): void;
}

/** Writes a status when it differs from the stored one; returns the object as it is afterwards. */
export function writeStatus(
  context: ControllerContext,
  resource: string,
  object: KubeObject,
  status: Readonly<Record<string, unknown>>,
): KubeObject {
  if (deepEqual(object.status, status)) return object;
  return context.store.update(resource, { ...object, status }, 'status');
}
