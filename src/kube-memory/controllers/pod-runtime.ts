import type { KubeObject } from '../../api/kube-object.ts';

/** Runs pods as something real, e.g. an HTTP server on a loopback address of its own. */
export interface PodRuntime {
  /** Starts the pod's program; called again each time that its containers are restarted. A rejection counts as a crash at start. */
  start(pod: KubeObject): RunningPod | Promise<RunningPod>;
}

export interface RunningPod {
  /** The address that the pod shows in its status. */
  readonly ip: string;
  /** Where it listens, when that differs from its container's port; EndpointSlices name this port then. */
  readonly port?: number;
  /** Asked at each readiness probe; without it a probe succeeds as soon as the program runs. */
  readonly isReady?: () => boolean | Promise<boolean>;
  /** Settles with the exit code when the program ends by itself. */
  readonly exited?: Promise<number>;
  /** The pod is being ended (SIGTERM): take no new work. */
  readonly drain?: () => void;
  /** The end of the pod. */
  stop(): void | Promise<void>;
}
