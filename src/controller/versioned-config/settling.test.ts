import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ConfigObject } from '../../core/versioned-config/copy.ts';
import { Settling } from './settling.ts';

const TEMPLATE: PodTemplateSpec = {};

function rollout(template: PodTemplateSpec = TEMPLATE, annotations: Readonly<Record<string, string>> = {}): Rollout {
  const metadata = { name: 'shop', namespace: 'team', annotations };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata, spec: { template } };
}

function settings(version: string): Record<string, ConfigObject> {
  const metadata = { name: 'settings', namespace: 'team', resourceVersion: version };
  return { 'configmap/settings': { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { version } } };
}

/** The version that a pass sees, and when it is to look again. */
function looking(): (nowMs: number, sources: Record<string, ConfigObject | null>, seen?: Rollout) => unknown[] {
  const settling = new Settling();
  return (nowMs, sources, seen = rollout()) => {
    const found = settling.look('team/shop', { rollout: seen, sources, nowMs });
    return [found.sources['configmap/settings']?.metadata.resourceVersion, found.againAtMs];
  };
}

test('the first content is seen at once, and new content a moment later', () => {
  const look = looking();

  assert.deepEqual(look(0, settings('1')), ['1', undefined]);
  assert.deepEqual(look(5_000, settings('2')), ['1', 7_000]);
  assert.deepEqual(look(6_000, settings('3')), ['1', 7_000]);
  assert.deepEqual(look(7_000, settings('3')), ['3', undefined]);
  assert.deepEqual(look(7_500, settings('3')), ['3', undefined]);
});

test('a Rollout that changes with it sees it with its own change', () => {
  for (const changed of [rollout({ spec: {} }), rollout(TEMPLATE, { commit: '2' })]) {
    const look = looking();
    look(0, settings('1'));
    look(5_000, settings('2'));

    assert.deepEqual(look(5_010, settings('2'), changed), ['2', undefined]);
    assert.deepEqual(look(9_000, settings('3'), changed), ['2', 11_000]);
  }
});

test('what was missing is seen when it comes, and what goes and comes back was never away', () => {
  const look = looking();

  assert.deepEqual(look(0, { 'configmap/settings': null }), [undefined, undefined]);
  assert.deepEqual(look(1, settings('1')), ['1', undefined]);
  assert.deepEqual(look(2, { 'configmap/settings': null }), ['1', 2_002]);
  assert.deepEqual(look(3, settings('1')), ['1', undefined]);
});

test('another object is seen at once', () => {
  const look = looking();
  look(0, {});

  assert.deepEqual(look(1, settings('1')), ['1', undefined]);
});
