import type { Metric } from './analysis.ts';
import type { ExperimentSpec, ExperimentTemplate } from './experiment.ts';
import type { GitSourceSpec } from './git-source.ts';
import { parseDurationMs } from '../lib/duration.ts';
import type { BlueGreenStrategy, CanaryStrategy, RolloutSpec, TrafficRouting } from './rollout.ts';

/*
 * What a field means when it is unset. The API server fills in nothing of this, so that what people wrote stays what
 * they wrote; everyone who reads such a field asks here.
 */

export type IntOrPercent = number | string;

const DEFAULT_SCALE_DOWN_DELAY_SECONDS = 30;
const DEFAULT_ABORT_SCALE_DOWN_DELAY_SECONDS = 30;
const DEFAULT_SURGE: IntOrPercent = '25%';

export function replicasOf(spec: RolloutSpec): number {
  return spec.replicas ?? 1;
}

export function minReadySecondsOf(spec: RolloutSpec): number {
  return spec.minReadySeconds ?? 0;
}

export function revisionHistoryLimitOf(spec: RolloutSpec): number {
  return spec.revisionHistoryLimit ?? 10;
}

export function progressDeadlineSecondsOf(spec: RolloutSpec): number {
  return spec.progressDeadlineSeconds ?? 600;
}

export function successfulRunHistoryLimitOf(spec: RolloutSpec): number {
  return spec.analysis?.successfulRunHistoryLimit ?? 5;
}

export function unsuccessfulRunHistoryLimitOf(spec: RolloutSpec): number {
  return spec.analysis?.unsuccessfulRunHistoryLimit ?? 5;
}

export function maxSurgeOf(canary: CanaryStrategy): IntOrPercent {
  return canary.maxSurge ?? DEFAULT_SURGE;
}

export function maxUnavailableOf(strategy: CanaryStrategy | BlueGreenStrategy): IntOrPercent {
  return strategy.maxUnavailable ?? DEFAULT_SURGE;
}

/** Pods that `value` stands for: text is a percentage, with or without its sign. */
export function podCountOf(value: IntOrPercent, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const exact = (Number.parseInt(value, 10) * total) / 100;
  if (Number.isNaN(exact)) return 0;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

/** The surge and unavailability of a canary update in pods; both 0 would block it, so then one may be unavailable. */
export function updateBoundsOf(
  canary: CanaryStrategy,
  replicas: number,
): { readonly surge: number; readonly unavailable: number } {
  const surge = podCountOf(maxSurgeOf(canary), replicas, 'up');
  const unavailable = podCountOf(maxUnavailableOf(canary), replicas, 'down');
  const atLeastOne = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { surge, unavailable: Math.min(atLeastOne, replicas) };
}

/** What counts as all traffic. Only nginx and plug-ins know another value than 100. */
export function maxTrafficWeightOf(routing: TrafficRouting | undefined): number {
  return routing?.maxTrafficWeight ?? 100;
}

/** Seconds that old pods stay after a promotion; without a traffic router they are needed for nothing. */
export function scaleDownDelaySecondsOf(spec: RolloutSpec): number {
  const { canary, blueGreen } = spec.strategy ?? {};
  if (blueGreen !== undefined) return blueGreen.scaleDownDelaySeconds ?? DEFAULT_SCALE_DOWN_DELAY_SECONDS;
  if (canary?.trafficRouting === undefined) return 0;
  return canary.scaleDownDelaySeconds ?? DEFAULT_SCALE_DOWN_DELAY_SECONDS;
}

/**
 * Seconds that the pods of an aborted version stay. `explicit` tells a 0 that was written, which means no delay logic,
 * from the default.
 */
export function abortScaleDownDelayOf(spec: RolloutSpec): { readonly seconds: number; readonly explicit: boolean } {
  const strategy = spec.strategy?.blueGreen ?? spec.strategy?.canary;
  const seconds = strategy?.abortScaleDownDelaySeconds;
  if (seconds !== undefined) return { seconds, explicit: true };
  return { seconds: DEFAULT_ABORT_SCALE_DOWN_DELAY_SECONDS, explicit: false };
}

export function autoPromotionEnabledOf(blueGreen: BlueGreenStrategy): boolean {
  return blueGreen.autoPromotionEnabled ?? true;
}

export function experimentProgressDeadlineSecondsOf(spec: ExperimentSpec): number {
  return spec.progressDeadlineSeconds ?? 600;
}

export function experimentScaleDownDelaySecondsOf(spec: ExperimentSpec): number {
  return spec.scaleDownDelaySeconds ?? DEFAULT_SCALE_DOWN_DELAY_SECONDS;
}

export function experimentReplicasOf(template: ExperimentTemplate): number {
  return template.replicas ?? 1;
}

/** Limits of a metric as numbers; text that is no number (an argument not filled in) counts as unset. */
export interface MetricLimits {
  /** Undefined means without end. */
  readonly count: number | undefined;
  readonly failureLimit: number;
  readonly inconclusiveLimit: number;
  readonly consecutiveErrorLimit: number;
  /** 0 means that no number of successes in a row ends the metric. */
  readonly consecutiveSuccessLimit: number;
}

export function metricLimitsOf(metric: Metric): MetricLimits {
  const count = integerOf(metric.count) ?? 0;
  const single = metric.interval === undefined || metric.interval === '' ? 1 : undefined;
  return {
    // One below zero is reached by the first value.
    count: count === 0 ? single : Math.max(count, 1),
    failureLimit: integerOf(metric.failureLimit) ?? 0,
    inconclusiveLimit: integerOf(metric.inconclusiveLimit) ?? 0,
    consecutiveErrorLimit: integerOf(metric.consecutiveErrorLimit) ?? 4,
    consecutiveSuccessLimit: integerOf(metric.consecutiveSuccessLimit) ?? 0,
  };
}

/** The whole number that an int-or-string field holds, if it holds one. */
export function integerOf(value: number | string | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (value === undefined || !/^[+-]?\d+$/.test(value)) return undefined;
  return Number(value);
}

const DEFAULT_GIT_INTERVAL_MS = 60_000;

/** The settings of a GitSource with everything filled in; an interval that cannot be read counts as unset. */
export function gitSourceDefaults(spec: GitSourceSpec): {
  readonly branch: string;
  readonly path: string;
  readonly intervalMs: number;
  readonly serviceAccountName: string;
  readonly onAbort: 'PullRequest' | 'Push' | 'None';
  readonly commitAuthor: { readonly name: string; readonly email: string };
} {
  return {
    branch: spec.branch ?? 'main',
    path: spec.path ?? '.',
    intervalMs: parseDurationMs(spec.interval ?? '') ?? DEFAULT_GIT_INTERVAL_MS,
    serviceAccountName: spec.serviceAccountName ?? 'default',
    onAbort: spec.onAbort ?? 'None',
    commitAuthor: spec.commitAuthor ?? { name: 'Headgate', email: 'headgate@localhost' },
  };
}
