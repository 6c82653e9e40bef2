import type { AnalysisPhase } from '../../api/analysis.ts';
import { experimentProgressDeadlineSecondsOf } from '../../api/defaults.ts';
import type { Experiment } from '../../api/experiment.ts';
import { createdMs } from '../../api/kube-object.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import { REQUIRED_COMPLETED } from '../experiment/ending.ts';
import type { ClusterHabits } from './imagined-cluster.ts';

/** An Experiment at a moment in an imagined cluster: its pods come as others do, and its analyses end as others do. */
export function experimentAt(experiment: Experiment, nowMs: number, habits: ClusterHabits): Experiment {
  if (isOver(experiment.status?.phase)) return experiment;
  if (experiment.spec.terminate === true)
    return { ...experiment, status: { phase: 'Successful', message: 'Experiment Terminated' } };
  const end = endOf(experiment, habits);
  const phase = nowMs < end.atMs ? 'Running' : end.phase;
  if (experiment.status?.phase === phase) return experiment;
  return { ...experiment, status: { phase, ...(phase === end.phase ? { message: end.message } : {}) } };
}

/** When it ends by itself; never is infinity. */
export function experimentEndsAtMs(experiment: Experiment, habits: ClusterHabits): number {
  return isOver(experiment.status?.phase) ? Number.POSITIVE_INFINITY : endOf(experiment, habits).atMs;
}

interface End {
  readonly atMs: number;
  readonly phase: AnalysisPhase;
  readonly message: string;
}

function endOf(experiment: Experiment, habits: ClusterHabits): End {
  const { podStartMs, analysis } = habits;
  const { spec } = experiment;
  const bornMs = createdMs(experiment);
  const broken = spec.templates.find(({ template }) => isBroken(template, habits));
  if (broken !== undefined) {
    const seconds = experimentProgressDeadlineSecondsOf(spec);
    const message = `Template '${broken.name}' exceeded its progressDeadlineSeconds (${seconds})`;
    return { atMs: bornMs + seconds * 1_000, phase: 'Failed', message };
  }
  const readyMs = bornMs + podStartMs;
  const timed: End = {
    atMs: readyMs + (parseDurationMs(spec.duration ?? '') ?? Number.POSITIVE_INFINITY),
    phase: 'Successful',
    message: '',
  };
  if (spec.analyses === undefined || analysis === undefined) return timed;
  const measuredMs = readyMs + analysis.afterMs;
  if (analysis.phase !== 'Successful')
    return measuredMs > timed.atMs ? timed : { atMs: measuredMs, phase: analysis.phase, message: '' };
  const required = spec.analyses.some(({ requiredForCompletion }) => requiredForCompletion === true);
  return required ? { atMs: measuredMs, phase: 'Successful', message: REQUIRED_COMPLETED } : timed;
}

/** Pods of this template never become available. */
export function isBroken({ spec }: PodTemplateSpec, { brokenImages }: ClusterHabits): boolean {
  return spec?.containers?.some(({ image = '' }) => brokenImages.includes(image)) === true;
}
