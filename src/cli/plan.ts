import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../api/analysis.ts';
import type { Rollout } from '../api/rollout.ts';
import { planRollout, type PlanEntry, type PlanOptions } from '../core/rollout/plan.ts';
import { formatSeconds } from '../lib/duration.ts';
import type { YamlParser } from '../ports/git.ts';
import { readManifestFiles } from './manifest-files.ts';
import { formatTable } from './table.ts';

export interface PlanVerbOptions {
  readonly filename: readonly string[];
  readonly podStartMs: number;
  readonly analysisMs: number;
  readonly resumeAfterMs: number;
  readonly install: boolean;
  readonly json: boolean;
}

export interface PlanVerbResult {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

/** The verb `plan`: what an update to each Rollout in the files would do, and when. */
export function planVerb(options: PlanVerbOptions, yaml: YamlParser): PlanVerbResult {
  const { objects, faults } = readManifestFiles(options.filename, yaml);
  if (faults.length > 0) {
    return { text: faults.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'), exitCode: 1 };
  }
  const rollouts = objects.filter(({ object }) => object.kind === 'Rollout').map(({ object }) => object as Rollout);
  if (rollouts.length === 0) return { text: `no Rollout in ${options.filename.join(', ')}`, exitCode: 1 };
  const planOptions: PlanOptions = {
    podStartMs: options.podStartMs,
    analysisMs: options.analysisMs,
    resumeAfterMs: options.resumeAfterMs,
    install: options.install,
    analysisTemplates: byName<AnalysisTemplate>(objects, 'AnalysisTemplate'),
    clusterAnalysisTemplates: byName<ClusterAnalysisTemplate>(objects, 'ClusterAnalysisTemplate'),
  };
  const plans = rollouts.map((rollout) => {
    const { kind, name } = rollout.spec.workloadRef ?? {};
    const workload = objects.find(({ object }) => object.kind === kind && object.metadata.name === name)?.object;
    return { rollout, plan: planRollout(rollout, { ...planOptions, workload }) };
  });
  const exitCode = plans.every(({ plan }) => plan.ok) ? 0 : 1;
  if (options.json) {
    const found = plans.map(({ rollout, plan }) => ({ rollout: rollout.metadata.name, ...plan }));
    return { text: JSON.stringify(found, undefined, 2), exitCode };
  }
  const text = plans.map(({ rollout, plan }) =>
    plan.ok ? describePlan(rollout, plan.entries, options) : `${rollout.metadata.name}: ${plan.message}`,
  );
  return { text: text.join('\n\n'), exitCode };
}

function byName<T>(
  objects: readonly { readonly object: { readonly kind: string; readonly metadata: { readonly name: string } } }[],
  kind: string,
): Readonly<Record<string, T>> {
  const found = objects.filter(({ object }) => object.kind === kind);
  return Object.fromEntries(found.map(({ object }) => [object.metadata.name, object as T]));
}

function describePlan(rollout: Rollout, entries: readonly PlanEntry[], options: PlanVerbOptions): string {
  const deed = options.install ? 'the first deployment' : 'an update';
  const end = entries.at(-1)?.atMs ?? 0;
  const people = entries.filter((entry) => entry.needsPerson).length;
  const waits = people === 0 ? '' : ` and ${people} ${people === 1 ? 'wait' : 'waits'} for somebody to promote it`;
  const assumed = `when pods start in ${formatSeconds(options.podStartMs)} and an analysis takes ${formatSeconds(options.analysisMs)}`;
  const head = `${rollout.metadata.name}: ${deed} takes ${formatSeconds(end)}${waits}, ${assumed}`;
  const rows = entries.map((entry) => [
    formatSeconds(entry.atMs),
    stepCell(entry),
    String(entry.stableReplicas),
    String(entry.canaryReplicas),
    entry.canaryWeight === undefined ? '' : `${entry.canaryWeight} %`,
    entry.phase,
    waitCell(entry),
  ]);
  return `${head}\n\n${formatTable([['AT', 'STEP', 'STABLE', 'CANARY', 'WEIGHT', 'PHASE', 'WAITS FOR'], ...rows])}`;
}

/** The imagined clock starts at 0, so moments of its own say nothing; the step tells how long it pauses. */
function waitCell({ waitsFor = '' }: PlanEntry): string {
  return waitsFor.replace(/ until \d{4}-\S+/, '');
}

function stepCell({ stepIndex, stepCount, step }: PlanEntry): string {
  if (stepIndex === undefined) return '';
  const position = `${Math.min(stepIndex + 1, stepCount)}/${stepCount}`;
  return step === undefined ? `${stepIndex}/${stepCount} done` : `${position} ${step}`;
}
