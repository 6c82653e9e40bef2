import type { KubeObject } from '../../src/api/kube-object.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Pod, ReplicaSet } from '../../src/api/workloads.ts';
import { formatTimestamp } from '../../src/lib/timestamp.ts';
import type { PureWorld } from './pure-world.ts';

const ROLLOUT_UID = 'rollout-1';

export interface Family {
  readonly rollout: Rollout;
  readonly objects: readonly KubeObject[];
  readonly nowMs: number;
}

/** The Rollout of a world with its ReplicaSets, their pods and its AnalysisRuns, as a cluster would hold them. */
export function familyOf({ cluster }: PureWorld, changePod: (pod: Pod) => Pod = (pod) => pod): Family {
  const bornAt = formatTimestamp(Date.UTC(2026, 0, 1));
  const rollout: Rollout = {
    ...cluster.rollout,
    metadata: { ...cluster.rollout.metadata, namespace: 'web', uid: ROLLOUT_UID, creationTimestamp: bornAt },
  };
  const replicaSets = cluster.replicaSets.map((replicaSet) => owned(replicaSet, ROLLOUT_UID));
  const pods = replicaSets.flatMap((replicaSet) => podsOf(replicaSet, bornAt)).map(changePod);
  const runs = cluster.analysisRuns.map((run) => owned(run, ROLLOUT_UID));
  return { rollout, nowMs: cluster.nowMs, objects: [rollout, ...replicaSets, ...pods, ...runs] };
}

function owned<T extends KubeObject>(object: T, owner: string): T {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Owner', name: owner, uid: owner, controller: true }];
  return { ...object, metadata: { ...object.metadata, uid: object.metadata.name, ownerReferences } };
}

function podsOf(replicaSet: ReplicaSet, creationTimestamp: string): readonly Pod[] {
  return Array.from({ length: replicaSet.spec.replicas ?? 1 }, (_, index) => {
    const ready = index < (replicaSet.status?.availableReplicas ?? 0);
    return owned(
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `${replicaSet.metadata.name}-${index + 1}`, creationTimestamp },
        spec: { ...replicaSet.spec.template.spec, nodeName: 'node-1' },
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
          containerStatuses: [{ name: 'app', ready, state: { running: {} } }],
        },
      } satisfies Pod,
      replicaSet.metadata.name,
    );
  });
}

/** The same pod, its one container waiting for something. */
export function waitingPod(pod: Pod, reason: string, message: string): Pod {
  const waiting = { name: 'app', ready: false, restartCount: 4, state: { waiting: { reason, message } } };
  const conditions = [{ type: 'Ready', status: 'False' as const }];
  return { ...pod, status: { ...pod.status, conditions, containerStatuses: [waiting] } };
}
