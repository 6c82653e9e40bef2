import assert from 'node:assert/strict';
import { canaryRollout } from './manifests.ts';
import type { Scene } from './world.ts';

/** What is recorded of the only measurement of a run. */
export interface Measured {
  readonly phase: string;
  readonly value?: string;
  readonly message?: RegExp;
}

export async function assertMeasured(scene: Scene, run: string, expected: Measured): Promise<void> {
  const { status } = await scene.untilRun(run, expected.phase, (it) => it['status']?.phase === expected.phase);
  const [measurement] = status.metricResults[0].measurements;
  assert.equal(measurement.phase, expected.phase, run);
  assert.equal(measurement.value, expected.value, run);
  if (expected.message !== undefined) assert.match(measurement.message, expected.message, run);
}

/** The second version of a Rollout `shop`, which a metric judges in its second step. */
export async function updateMeasuredBy(scene: Scene, metric: unknown): Promise<void> {
  const steps = [{ setWeight: 50 }, { analysis: { templates: [{ templateName: 'measured' }] } }];
  await scene.apply(analysisKind('AnalysisTemplate', [metric]), canaryRollout({ name: 'shop', steps }));
  await scene.untilPhase('shop', 'Healthy');
  await scene.setImage('shop', 'shop:2');
}

/** An object of a kind that has metrics. */
export function analysisKind(
  kind: 'AnalysisTemplate' | 'AnalysisRun',
  metrics: readonly unknown[],
  name = 'measured',
): Record<string, unknown> {
  return { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name }, spec: { metrics } };
}
