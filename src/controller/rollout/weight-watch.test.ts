import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficObservation } from '../../core/traffic.ts';
import { WeightWatch } from './weight-watch.ts';

function shows(canaryWeight: number, weightTotal = 100): TrafficObservation {
  return { routerId: 'nginx', state: 'known', canaryWeight, weightTotal, acceptance: 'unknown' };
}

test('the time of a weight counts from when it was first seen, until another is', () => {
  const watch = new WeightWatch();
  assert.deepEqual(since(watch.look('ns/a', [shows(20)], 1_000)), [1_000, false]);
  assert.deepEqual(since(watch.look('ns/a', [shows(200, 1_000)], 2_000)), [1_000, false], 'the same share');
  assert.deepEqual(since(watch.look('ns/a', [shows(50)], 3_000)), [3_000, true]);
  assert.deepEqual(since(watch.look('ns/a', [shows(20)], 4_000)), [4_000, true], 'and back is a change too');
});

test('no canary side is a canary without weight', () => {
  const watch = new WeightWatch();
  watch.look('ns/a', [{ routerId: 'nginx', state: 'absent' }], 1_000);
  assert.deepEqual(since(watch.look('ns/a', [shows(0)], 2_000)), [1_000, false]);
});

test('each router counts, each managed route, and each Rollout for itself', () => {
  const watch = new WeightWatch();
  watch.look('ns/a', [shows(20), shows(20)], 1_000);
  assert.deepEqual(since(watch.look('ns/a', [shows(20), shows(50)], 2_000)), [2_000, true]);
  const routed = { ...shows(50), managedRoutes: [{ kind: 'other' as const, name: 'by-header' }] };
  assert.deepEqual(since(watch.look('ns/a', [shows(20), routed], 3_000)), [3_000, true]);
  assert.deepEqual(since(watch.look('ns/b', [shows(20)], 4_000)), [4_000, false]);
});

test('a Rollout that is gone, or has no router, is forgotten', () => {
  const watch = new WeightWatch();
  watch.look('ns/a', [shows(20)], 1_000);
  watch.forget('ns/a');
  assert.deepEqual(since(watch.look('ns/a', [shows(50)], 2_000)), [2_000, false]);
  assert.equal(watch.look('ns/a', [], 3_000), undefined);
  assert.deepEqual(since(watch.look('ns/a', [shows(20)], 4_000)), [4_000, false]);
});

function since(seen: ReturnType<WeightWatch['look']>): unknown {
  return [seen?.sinceMs, seen?.changed];
}
