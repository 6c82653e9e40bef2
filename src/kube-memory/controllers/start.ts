import { formatTimestamp } from '../../lib/timestamp.ts';
import type { Clock } from '../../lib/clock.ts';
import type { StoreAccess } from '../resource.ts';
import type { ControllerContext } from './context.ts';
import { startDeploymentController } from './deployment.ts';
import { startDisruptionBudgetController } from './disruption-budget.ts';
import { startEndpointSliceController } from './endpoint-slice.ts';
import { EventRecorder } from './event-recorder.ts';
import { startJobController } from './job.ts';
import { Mirror, ownerIndexKeys, podIndexKeys } from './mirror.ts';
import { HOST_IP, startPodLives } from './pod-life.ts';
import type { PodRuntime } from './pod-runtime.ts';
import { startReplicaSetController } from './replica-set.ts';
import { simulatedNode, simulatedNodeStatus } from './scheduler.ts';

export interface ControllersOptions {
  /** Runs pods as something real; without it they only live in the API, with addresses of 10.244.0.0/16. */
  readonly podRuntime?: PodRuntime;
  /** From a pod's placement to its containers' start, unless it says otherwise. */
  readonly startMs?: number;
  /** From a pod's deletion to its end, at most its grace period, unless it says otherwise. */
  readonly stopMs?: number;
  /** Run time of containers that end by themselves and do not say when. */
  readonly runMs?: number;
  /** Hears of errors that a controller will try again after. */
  readonly onError?: (error: unknown) => void;
}

/** The node that is made where there is none. */
const NODE_NAME = 'sim-node-1';

/**
 * Starts the simulated controllers on a store: ReplicaSets, Deployments, Jobs, EndpointSlices, PodDisruptionBudgets and the life of
 * pods. Everything waits on `clock` only; `stop` leaves no timer behind and stops the programs of a runtime.
 */
export function startControllers(store: StoreAccess, clock: Clock, options: ControllersOptions = {}): { stop(): void } {
  if (store.list('nodes').length === 0) makeNode(store, clock);
  const context: ControllerContext = {
    store,
    clock,
    events: new EventRecorder(store, clock),
    onError: options.onError ?? ((): void => undefined),
    pods: new Mirror(store, 'pods', podIndexKeys),
    replicaSets: new Mirror(store, 'replicasets.apps', ownerIndexKeys),
  };
  const times = { startMs: options.startMs ?? 500, stopMs: options.stopMs ?? 1_000, runMs: options.runMs ?? 1_000 };
  const controllers = [
    startDeploymentController(context),
    startReplicaSetController(context),
    startJobController(context),
    startPodLives(context, { times, runtime: options.podRuntime }),
    startEndpointSliceController(context),
    startDisruptionBudgetController(context),
  ];
  return {
    stop: () => {
      for (const controller of controllers) controller.stop();
      context.pods.stop();
      context.replicaSets.stop();
    },
  };
}

function makeNode(store: StoreAccess, clock: Clock): void {
  const node = store.create('nodes', simulatedNode(NODE_NAME));
  store.update('nodes', { ...node, status: simulatedNodeStatus(formatTimestamp(clock.nowMs()), HOST_IP) }, 'status');
}
