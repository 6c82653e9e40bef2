import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PureWorld, rolloutOf } from '../../../test/support/pure-world.ts';
import type { Pod } from '../../api/workloads.ts';
import type { Decision } from '../decision.ts';
import { decide } from '../decide.ts';
import type { RefusedEviction } from '../observation.ts';
import { observe } from './imagined-cluster.ts';

const RESTART_AT = '2026-01-01T00:01:00Z';

const NOW_MS = Date.UTC(2026, 0, 1, 0, 2);

interface PodWishes {
  readonly created?: string;
  /** How many of them are on their way out. */
  readonly leaving?: number;
  readonly refused?: readonly RefusedEviction[];
}

function restarted(
  podCount: number,
  { created = '2026-01-01T00:00:00Z', leaving = 0, refused = [] }: PodWishes = {},
): Decision {
  const world = new PureWorld(rolloutOf({ replicas: 4, canary: { maxUnavailable: 2, maxSurge: 0 } })).advance(120_000);
  world.edit({ restartAt: RESTART_AT });
  const [replicaSet] = world.cluster.replicaSets;
  const pods = Array.from({ length: podCount }, (_, index): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `shop-${index}`,
      namespace: 'default',
      uid: `pod-${index}`,
      creationTimestamp: created,
      ...(index < leaving ? { deletionTimestamp: '2026-01-01T00:02:30Z' } : {}),
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: '', uid: replicaSet?.metadata.uid ?? '' }],
    },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: created }] },
  }));
  return decide({ ...observe(world.cluster), pods, refusedEvictions: refused });
}

test('a restart evicts as many old pods at once as may be unavailable', () => {
  const decision = restarted(4);

  const evicted = decision.effects.filter((effect) => effect.type === 'write' && effect.write.verb === 'evict');
  assert.equal(evicted.length, 2);
  assert.equal(decision.status.restartedAt, undefined);
  assert.equal(decision.status.message, 'rollout is restarting');
  assert.equal(decision.wakeAtMs, NOW_MS + 1_000);
});

test('a pod that may not be evicted keeps no other one from it', () => {
  const refused = ['pod-0', 'pod-1'].map((uid) => refusedUntil(uid, NOW_MS + 8_000));

  const decision = restarted(4, { refused });

  assert.deepEqual(evictedBy(decision), ['pod-2', 'pod-3']);
});

test('a restart whose pods may not be evicted says so after a while, and tries again when it is time', () => {
  const refused = [4_000, 2_000, 8_000, 3_000].map((ms, index) => refusedUntil(`pod-${index}`, NOW_MS + ms));

  const decision = restarted(4, { refused });

  assert.deepEqual(evictedBy(decision), []);
  assert.equal(decision.wakeAtMs, NOW_MS + 2_000);
  assert.deepEqual(waitOf(decision), 'Eviction: pods may not be evicted for the restart: the budget is spent');
  assert.equal(waitOf(restarted(4, { refused: refused.map((one) => ({ ...one, sinceMs: NOW_MS - 5_000 })) })), '');
});

test('a restart tries a pod again when it is time', () => {
  const decision = restarted(4, { refused: [refusedUntil('pod-0', NOW_MS)] });

  assert.deepEqual(evictedBy(decision), ['pod-0', 'pod-1']);
});

function refusedUntil(uid: string, untilMs: number): RefusedEviction {
  return { uid, message: 'the budget is spent', sinceMs: NOW_MS - 20_000, untilMs };
}

function evictedBy({ effects }: Decision): readonly (string | undefined)[] {
  return effects.flatMap((effect) =>
    effect.type === 'write' && effect.write.verb === 'evict' ? [effect.write.uid] : [],
  );
}

function waitOf({ status }: Decision): string {
  const waiting = status.conditions?.find(({ type }) => type === 'Waiting');
  return waiting === undefined ? '' : `${waiting.reason}: ${waiting.message}`;
}

test('a restart evicts no more while pods leave that their ReplicaSet still counts', () => {
  const decision = restarted(4, { leaving: 2 });

  assert.deepEqual(
    decision.effects.filter((effect) => effect.type === 'write' && effect.write.verb === 'evict'),
    [],
  );
});

test('a restart is over when no older pod is left', () => {
  const decision = restarted(4, { created: '2026-01-01T00:01:30Z' });

  assert.equal(decision.effects.length, 0);
  assert.equal(decision.status.restartedAt, RESTART_AT);
});

test('a restart in the future waits for its time', () => {
  const world = new PureWorld(rolloutOf()).advance(1_000);
  world.edit({ restartAt: '2026-01-01T01:00:00Z' }).quiesce();

  assert.equal(decide(observe(world.cluster)).wakeAtMs, Date.UTC(2026, 0, 1, 1));
});
