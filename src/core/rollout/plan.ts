import { findCondition } from '../../api/conditions.ts';
import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../../api/analysis.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { Rollout, RolloutPhase } from '../../api/rollout.ts';
import { invalidSpecMessage } from '../../api/validation/problem.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { decide } from '../decide.ts';
import { carryOut, imagineCluster, nextChangeMs, observe, settle, type ImaginedCluster } from './imagined-cluster.ts';
import { hashOf, sizeOf } from './replica-set.ts';
import { stepText } from './step-text.ts';
import { withWorkload } from './workload-reference.ts';
import { lookAt } from './world.ts';

export interface PlanOptions {
  /** From the start of a pod until it is available; 0 if unset. */
  readonly podStartMs?: number;
  /** How long each analysis takes before it is good; 60 s if unset. */
  readonly analysisMs?: number;
  /** How long people take to end a pause that has no duration; 0 if unset. */
  readonly resumeAfterMs?: number;
  /** Only the first deployment, without an earlier version. */
  readonly install?: boolean;
  readonly analysisTemplates?: Readonly<Record<string, AnalysisTemplate>>;
  readonly clusterAnalysisTemplates?: Readonly<Record<string, ClusterAnalysisTemplate>>;
  /** What `spec.workloadRef` names. */
  readonly workload?: KubeObject;
}

/** One moment of an update at which something is different from before. */
export interface PlanEntry {
  /** Milliseconds since the new template was applied. */
  readonly atMs: number;
  readonly phase: RolloutPhase;
  /** Index of the step at work; the number of steps when all are done; undefined without steps. */
  readonly stepIndex: number | undefined;
  readonly stepCount: number;
  /** As in `setWeight: 20`. */
  readonly step: string | undefined;
  readonly canaryReplicas: number;
  readonly stableReplicas: number;
  /** Sum over versions older than these two. */
  readonly olderReplicas: number;
  /** Share of the traffic at the router; undefined where pods are all that steers it. */
  readonly canaryWeight: number | undefined;
  /** What it waits for; undefined at the end. */
  readonly waitsFor: string | undefined;
  /** It would wait here until someone goes on. */
  readonly needsPerson: boolean;
}

export type Plan =
  | { readonly ok: true; readonly entries: readonly PlanEntry[] }
  /** The spec is invalid; `message` is that of the condition. */
  | { readonly ok: false; readonly message: string };

const ANALYSIS_MS = 60_000;
/** A plan that is not at its end after so many moments never will be. */
const MOMENTS_MAX = 2_000;

/**
 * The timeline that an update to this Rollout's template would follow when everything goes well: the very same
 * decisions, carried out on imagined objects. Nothing is read from a cluster.
 */
export function planRollout(given: Rollout, options: PlanOptions = {}): Plan {
  const rollout = inlined(given, options.workload);
  let cluster = newCluster(rollout, options);
  const invalid = invalidSpecMessage('Rollout', rollout.metadata.name, lookAt(observe(cluster)).problems);
  if (invalid !== undefined) return { ok: false, message: invalid };
  if (options.install !== true) cluster = withEarlierVersion(cluster, rollout);
  const startMs = cluster.nowMs;
  const entries: PlanEntry[] = [];
  for (let moment = 0; moment < MOMENTS_MAX; moment++) {
    cluster = atRest(cluster, (then) => push(entries, then, startMs));
    const resumed = resumedByPerson(cluster, options);
    const nextMs = Math.min(resumed?.nowMs ?? Number.POSITIVE_INFINITY, nextMoment(cluster));
    if (nextMs === Number.POSITIVE_INFINITY) break;
    cluster = resumed !== undefined && resumed.nowMs <= nextMs ? resumed : { ...cluster, nowMs: nextMs };
  }
  return { ok: true, entries };
}

/** With the template of its workload, where that is at hand, the Rollout is planned as if it were its own. */
function inlined(rollout: Rollout, workload: KubeObject | undefined): Rollout {
  if (workload === undefined) return rollout;
  const { workloadRef: _, ...spec } = withWorkload(rollout, workload).spec;
  return { ...rollout, spec };
}

function newCluster(rollout: Rollout, options: PlanOptions): ImaginedCluster {
  const { status: _, ...fresh } = rollout;
  return imagineCluster({
    rollout: fresh as Rollout,
    nowMs: 0,
    habits: {
      podStartMs: options.podStartMs ?? 0,
      analysis: { phase: 'Successful', afterMs: options.analysisMs ?? ANALYSIS_MS },
    },
    analysisTemplates: options.analysisTemplates,
    clusterAnalysisTemplates: options.clusterAnalysisTemplates,
  });
}

/** A cluster on which another template of the same Rollout has been promoted, and this one is applied now. */
function withEarlierVersion(cluster: ImaginedCluster, rollout: Rollout): ImaginedCluster {
  const { template } = rollout.spec;
  const annotations = { ...template?.metadata?.annotations, 'headgate.dev/plan': 'earlier version' };
  const earlier = { ...template, metadata: { ...template?.metadata, annotations } };
  let before: ImaginedCluster = {
    ...cluster,
    rollout: { ...cluster.rollout, spec: { ...cluster.rollout.spec, template: earlier, paused: false } },
  };
  for (let moment = 0; moment < MOMENTS_MAX; moment++) {
    before = atRest(before);
    const nextMs = nextMoment(before);
    if (nextMs === Number.POSITIVE_INFINITY) break;
    before = { ...before, nowMs: nextMs };
  }
  const { metadata } = before.rollout;
  return {
    ...before,
    rollout: {
      ...before.rollout,
      spec: rollout.spec,
      metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 },
    },
  };
}

/** Passes, and what the cluster does in between, until nothing moves at this moment. */
function atRest(start: ImaginedCluster, seen: (cluster: ImaginedCluster) => void = () => undefined): ImaginedCluster {
  let cluster = start;
  for (let pass = 0; pass < MOMENTS_MAX; pass++) {
    const settled = settle(cluster);
    const moved =
      !deepEqual(settled.replicaSets, cluster.replicaSets) ||
      !deepEqual(settled.analysisRuns, cluster.analysisRuns) ||
      !deepEqual(settled.experiments, cluster.experiments);
    const carried = carryOut(settled, decide(observe(settled)));
    cluster = carried.cluster;
    seen(cluster);
    if (!carried.changed && !moved) break;
  }
  return cluster;
}

function nextMoment(cluster: ImaginedCluster): number {
  const wakeAtMs = decide(observe(cluster)).wakeAtMs ?? Number.POSITIVE_INFINITY;
  return Math.min(wakeAtMs, nextChangeMs(cluster) ?? Number.POSITIVE_INFINITY);
}

/** A pause without end is ended by a person; spec.paused is left to its author. */
function resumedByPerson(cluster: ImaginedCluster, options: PlanOptions): ImaginedCluster | undefined {
  const { rollout } = cluster;
  const pause = rollout.status?.pauseConditions?.[0];
  if (pause === undefined || !needsPerson(cluster) || rollout.spec.paused === true) return undefined;
  const sinceMs = parseTimestampMs(pause.startTime) ?? cluster.nowMs;
  return {
    ...cluster,
    nowMs: Math.max(cluster.nowMs, sinceMs + (options.resumeAfterMs ?? 0)),
    rollout: { ...rollout, status: { ...rollout.status, pauseConditions: undefined } },
  };
}

function needsPerson(cluster: ImaginedCluster): boolean {
  const reason = findCondition(cluster.rollout.status?.conditions, 'Waiting')?.reason;
  return reason === 'Resume' || reason === 'Paused';
}

/** Moments that look like the one before are one entry; of several at the same time the last of a kind counts. */
function push(entries: PlanEntry[], cluster: ImaginedCluster, startMs: number): void {
  const entry = entryOf(cluster, startMs);
  const last = entries.at(-1);
  if (last !== undefined && deepEqual({ ...last, atMs: 0 }, { ...entry, atMs: 0 })) return;
  entries.push(entry);
}

function entryOf(cluster: ImaginedCluster, startMs: number): PlanEntry {
  const { rollout, replicaSets } = cluster;
  const status = rollout.status ?? {};
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  const step = status.currentStepIndex === undefined ? undefined : steps[status.currentStepIndex];
  const sizeWith = (wanted: (hash: string) => boolean): number =>
    replicaSets.filter((one) => wanted(hashOf(one))).reduce((total, one) => total + sizeOf(one), 0);
  const current = status.currentPodHash;
  const stable = status.stableRS;
  return {
    atMs: cluster.nowMs - startMs,
    phase: status.phase ?? 'Progressing',
    stepIndex: status.currentStepIndex,
    stepCount: steps.length,
    step: step === undefined ? undefined : stepText(step),
    canaryReplicas: current === stable ? 0 : sizeWith((hash) => hash === current),
    stableReplicas: sizeWith((hash) => hash === stable),
    olderReplicas: sizeWith((hash) => hash !== current && hash !== stable),
    canaryWeight: cluster.weight,
    waitsFor: findCondition(status.conditions, 'Waiting')?.message,
    needsPerson: needsPerson(cluster),
  };
}
