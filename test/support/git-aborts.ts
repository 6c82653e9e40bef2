import assert from 'node:assert/strict';
import type { RevertEntry } from '../../src/api/git-source.ts';
import { KINDS } from '../../src/api/kinds.ts';
import { NAMESPACE, until, type GitWorld } from './git-world.ts';

/** A ReplicaSet as the controller of Rollouts makes it: with the annotations that the Rollout has now. */
export async function createReplicaSet(world: GitWorld, name: string, hash: string): Promise<void> {
  const rollout = await world.get(KINDS.rollout, name);
  const labels = { app: name, 'rollouts-pod-template-hash': hash };
  const owner = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    name,
    uid: rollout?.metadata.uid ?? '',
    controller: true,
  };
  await world.create(KINDS.replicaSet, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace: NAMESPACE,
      labels,
      annotations: rollout?.metadata.annotations ?? {},
      ownerReferences: [owner],
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'x' }] } },
    },
  });
}

/** What the controller of Rollouts would do with the first version: it runs, and is stable. */
export async function runFirstVersion(world: GitWorld, name = 'shop'): Promise<void> {
  await createReplicaSet(world, name, 'good');
  await world.patch(
    KINDS.rollout,
    name,
    { status: { currentPodHash: 'good', stableRS: 'good', phase: 'Healthy', observedGeneration: '1' } },
    'status',
  );
}

/** What the controller of Rollouts would do: a ReplicaSet for what Git brought, then an abort of it. */
export async function abort(
  world: GitWorld,
  options: {
    readonly name?: string;
    readonly hash?: string;
    readonly stable?: string;
    readonly createSet?: false;
    readonly at?: string;
  } = {},
): Promise<void> {
  const { name = 'shop', hash = 'bad', stable = 'good' } = options;
  if (options.createSet !== false) await createReplicaSet(world, name, hash);
  const rollout = await world.get(KINDS.rollout, name);
  const message = 'Rollout aborted update to revision 2: Step-based analysis phase error/failed';
  const now = options.at ?? new Date().toISOString();
  await world.patch(
    KINDS.rollout,
    name,
    {
      status: {
        abort: true,
        abortedAt: now,
        phase: 'Degraded',
        message: `RolloutAborted: ${message}`,
        currentPodHash: hash,
        stableRS: stable,
        observedGeneration: String(rollout?.metadata.generation),
        canary: { currentStepAnalysisRunStatus: { name: 'shop-bad-2-0', status: 'Failed' } },
        conditions: [
          {
            type: 'Progressing',
            status: 'False',
            reason: 'RolloutAborted',
            message,
            lastUpdateTime: now,
            lastTransitionTime: now,
          },
        ],
      },
    },
    'status',
  );
}

/** What the controller of Rollouts does when only the rest of the spec changed: its status is about the newest one. */
export async function observe(world: GitWorld, name = 'shop'): Promise<void> {
  const observedGeneration = String((await world.get(KINDS.rollout, name))?.metadata.generation);
  await world.patch(KINDS.rollout, name, { status: { observedGeneration } }, 'status');
}

/** The latest entry of the journal in this state, as soon as there is one. */
export async function revertOf(world: GitWorld, state: RevertEntry['state']): Promise<RevertEntry> {
  let found: RevertEntry | undefined;
  await until(`a revert to be ${state}`, async () => {
    found = (await world.source()).status?.reverts?.find((entry) => entry.state === state);
    return found !== undefined;
  });
  assert.ok(found);
  return found;
}
