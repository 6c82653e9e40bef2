import type { AnalysisRun, MetricResult } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import {
  EXPERIMENT_TEMPLATE_ANNOTATION,
  JOB_METRIC_NAME_ANNOTATION,
  SCALE_DOWN_DEADLINE_ANNOTATION,
} from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Job, Pod, ReplicaSet } from '../../api/workloads.ts';
import { annotationOf, hashOf } from '../../core/rollout/replica-set.ts';
import { revisionOf } from '../../core/rollout/revisions.ts';
import { humanDuration } from '../../lib/human-duration.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { ownedBy, type Relatives } from '../relatives.ts';
import { markOf } from './mark.ts';
import type { Colour } from './paint.ts';
import { podState } from './pod-state.ts';
import type { Info, TreeNode } from './tree.ts';
import { phaseShown } from './rollout-phase.ts';

/* One node of the tree for each kind of object, with what belongs to it below it. */

export function rolloutNode(rollout: Rollout, relatives: Relatives, nowMs: number): TreeNode {
  const { uid } = rollout.metadata;
  const replicaSets = ownedBy(relatives.replicaSets, uid);
  const experiments = ownedBy(relatives.experiments, uid);
  const runs = ownedBy(relatives.analysisRuns, uid);
  const revisions = new Set([...replicaSets, ...experiments, ...runs].map(revisionOf));
  const newestFirst = [...revisions].sort((left, right) => right - left);
  return {
    icon: '⟳',
    name: rollout.metadata.name,
    kind: 'Rollout',
    mark: markOf(phaseShown(rollout).phase),
    ...ageOf(rollout, nowMs),
    info: [],
    children: newestFirst.map((revision) => {
      const of = <T extends KubeObject>(objects: readonly T[]): readonly T[] =>
        byAge(objects.filter((object) => revisionOf(object) === revision));
      return {
        icon: '#',
        name: `revision:${revision}`,
        kind: '',
        info: [],
        children: [
          ...of(replicaSets).map((replicaSet) => rolloutReplicaSetNode(rollout, replicaSet, relatives, nowMs)),
          ...of(experiments).map((experiment) => experimentNode(experiment, relatives, nowMs).node),
          ...of(runs).map((run) => analysisRunNode(run, relatives, nowMs)),
        ],
      };
    }),
  };
}

export interface ExperimentNode {
  readonly node: TreeNode;
  /** Images that run in it, by the template of the experiment. */
  readonly images: readonly { readonly name: string; readonly images: readonly string[] }[];
}

export function experimentNode(experiment: Experiment, relatives: Relatives, nowMs: number): ExperimentNode {
  const { uid, name } = experiment.metadata;
  const replicaSets = byAge(ownedBy(relatives.replicaSets, uid));
  const running = replicaSets.filter((replicaSet) => (replicaSet.status?.replicas ?? 0) > 0);
  const templateOf = (replicaSet: ReplicaSet): string =>
    annotationOf(replicaSet, EXPERIMENT_TEMPLATE_ANNOTATION) ?? replicaSet.metadata.name;
  return {
    images: running.map((replicaSet) => ({ name: templateOf(replicaSet), images: imagesOf(replicaSet) })),
    node: {
      icon: 'Σ',
      name,
      kind: 'Experiment',
      mark: markOf(experiment.status?.phase ?? 'Pending'),
      ...ageOf(experiment, nowMs),
      info: [],
      detail: experiment.status?.message,
      children: [
        ...replicaSets.map((replicaSet) =>
          replicaSetNode(replicaSet, { relatives, nowMs, info: [{ text: templateOf(replicaSet), colour: 'blue' }] }),
        ),
        ...byAge(ownedBy(relatives.analysisRuns, uid)).map((run) => analysisRunNode(run, relatives, nowMs)),
      ],
    },
  };
}

const TAG_COLOURS: Readonly<Record<string, Colour>> = {
  stable: 'green',
  active: 'green',
  canary: 'yellow',
  preview: 'blue',
  ping: 'blue',
  pong: 'blue',
};

function rolloutReplicaSetNode(
  rollout: Rollout,
  replicaSet: ReplicaSet,
  relatives: Relatives,
  nowMs: number,
): TreeNode {
  const tags = replicaSetTags(rollout, replicaSet);
  const info: readonly Info[] = tags.map((text) => ({ text, colour: TAG_COLOURS[text] }));
  const node = replicaSetNode(replicaSet, { relatives, nowMs, info: [...info, ...delayOf(replicaSet, nowMs)] });
  return { ...node, colour: tags[0] === undefined ? undefined : TAG_COLOURS[tags[0]] };
}

/** Which parts the version plays: stable, canary, active, preview, ping, pong. */
export function replicaSetTags({ spec, status = {} }: Rollout, replicaSet: ReplicaSet): readonly string[] {
  const hash = hashOf(replicaSet);
  const isStable = hash !== '' && hash === status.stableRS;
  if (spec.strategy?.blueGreen !== undefined) {
    const { activeSelector, previewSelector } = status.blueGreen ?? {};
    const role = hash === activeSelector ? ['active'] : hash === previewSelector ? ['preview'] : [];
    return [...(isStable ? ['stable'] : []), ...role];
  }
  const role = isStable ? 'stable' : hash === status.currentPodHash ? 'canary' : undefined;
  if (role === undefined) return [];
  const ping = status.canary?.stablePingPong;
  if (ping === undefined) return [role];
  return [role, (ping === 'ping') === isStable ? 'ping' : 'pong'];
}

function delayOf(replicaSet: ReplicaSet, nowMs: number): readonly Info[] {
  const deadlineMs = parseTimestampMs(annotationOf(replicaSet, SCALE_DOWN_DEADLINE_ANNOTATION));
  if (deadlineMs === undefined) return [];
  return [{ text: `delay:${deadlineMs < nowMs ? 'passed' : humanDuration(deadlineMs - nowMs)}` }];
}

interface ReplicaSetInput {
  readonly relatives: Relatives;
  readonly nowMs: number;
  readonly info: readonly Info[];
}

function replicaSetNode(replicaSet: ReplicaSet, { relatives, nowMs, info }: ReplicaSetInput): TreeNode {
  const pods = byAge(ownedBy(relatives.pods, replicaSet.metadata.uid));
  return {
    icon: '⧉',
    name: replicaSet.metadata.name,
    kind: 'ReplicaSet',
    mark: markOf(healthOf(replicaSet)),
    ...ageOf(replicaSet, nowMs),
    info,
    detail: imagesOf(replicaSet).join(', '),
    children: pods.map((pod) => podNode(pod, nowMs)),
  };
}

export function healthOf({ metadata, spec, status }: ReplicaSet): string {
  const wanted = spec.replicas ?? 1;
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) return 'Progressing';
  const failure = status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  if (failure?.status === 'True') return 'ReplicaFailure';
  if ((status?.availableReplicas ?? 0) < wanted) return 'Progressing';
  return wanted === 0 ? 'ScaledDown' : 'Healthy';
}

function podNode(pod: Pod, nowMs: number): TreeNode {
  const { mark, readyContainers, containers, restarts, reason } = podState(pod);
  const info: Info[] = [{ text: `ready:${readyContainers}/${containers}` }];
  if (restarts > 0) info.push({ text: `restarts:${restarts}`, colour: 'yellow' });
  const where = [pod.spec.nodeName, pod.status?.podIP].filter((text) => typeof text === 'string');
  return {
    icon: '□',
    name: pod.metadata.name,
    kind: 'Pod',
    mark,
    ...ageOf(pod, nowMs),
    info,
    detail: [...where, ...(reason === undefined ? [] : [reason])].join(' '),
    children: [],
  };
}

export function analysisRunNode(run: AnalysisRun, relatives: Relatives, nowMs: number): TreeNode {
  const jobs = byAge(ownedBy(relatives.jobs, run.metadata.uid));
  return {
    icon: 'α',
    name: run.metadata.name,
    kind: 'AnalysisRun',
    mark: markOf(run.status?.phase ?? 'Pending'),
    ...ageOf(run, nowMs),
    info: measurementCounts(run.status?.metricResults ?? []),
    detail: run.status?.message,
    children: jobs.map((job) => jobNode(job, nowMs)),
  };
}

/** How many measurements of all metrics were good, bad, neither, or no measurements. */
function measurementCounts(results: readonly MetricResult[]): readonly Info[] {
  const sum = (of: (result: MetricResult) => number | undefined): number =>
    results.reduce((total, result) => total + (of(result) ?? 0), 0);
  const counts = [
    ['Successful', sum((result) => result.successful)],
    ['Failed', sum((result) => result.failed)],
    ['Inconclusive', sum((result) => result.inconclusive)],
    ['Error', sum((result) => result.error)],
  ] as const;
  return counts
    .filter(([, count]) => count > 0)
    .map(([phase, count]) => ({ text: `${markOf(phase).icon} ${count}`, colour: markOf(phase).colour }));
}

function jobNode(job: Job, nowMs: number): TreeNode {
  const done = job.status?.conditions?.find(
    ({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True',
  );
  const word = done === undefined ? 'Running' : done.type === 'Complete' ? 'Successful' : 'Failed';
  const metric = job.metadata.annotations?.[JOB_METRIC_NAME_ANNOTATION];
  return {
    icon: '⊞',
    name: job.metadata.name,
    kind: 'Job',
    mark: markOf(word),
    ...ageOf(job, nowMs),
    info: metric === undefined ? [] : [{ text: metric }],
    children: [],
  };
}

export function imagesOf({ spec }: ReplicaSet): readonly string[] {
  return (spec.template.spec?.containers ?? []).map(({ image }) => image).filter((image) => image !== undefined);
}

function ageOf({ metadata }: KubeObject, nowMs: number): { readonly ageMs?: number } {
  const createdMs = parseTimestampMs(metadata.creationTimestamp);
  return createdMs === undefined ? {} : { ageMs: nowMs - createdMs };
}

/** The oldest first, those of one second by name. */
function byAge<T extends KubeObject>(objects: readonly T[]): readonly T[] {
  const key = ({ metadata }: T): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  return [...objects].sort((left, right) => (key(left) < key(right) ? -1 : 1));
}
