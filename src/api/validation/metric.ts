import { parseDurationMs } from '../../lib/duration.ts';
import type { Metric } from '../analysis.ts';
import { integerOf } from '../defaults.ts';
import { internal, type Problem } from './problem.ts';
import { unsupportedInMetrics } from './supported.ts';

/**
 * What is wrong with a list of metrics at `path`. `fault` is the API's text for it (as in `Analysis spec invalid: …`),
 * with the number of the metric in front.
 */
export function validateMetrics(metrics: readonly Metric[], path: string): readonly Problem[] {
  const fault = metricsFault(metrics);
  return [...unsupportedInMetrics(metrics, path), ...(fault === undefined ? [] : [internal(path, fault)])];
}

/** The first fault in the API's words, or undefined. Fields that wait for an argument are left for later. */
export function metricsFault(metrics: readonly Metric[]): string | undefined {
  if (metrics.length === 0) return 'no metrics specified';
  for (const [index, metric] of metrics.entries()) {
    const repeated = metrics.findIndex((other) => other.name === metric.name) < index;
    // The quote that is never closed is the API's.
    if (repeated) return `metrics[${index}]: duplicate name '${metric.name}`;
    const fault = metricFault(metric);
    if (fault !== undefined) return `metrics[${index}]: ${fault}`;
  }
  return undefined;
}

function metricFault(metric: Metric): string | undefined {
  return countFault(metric) ?? durationFault(metric) ?? limitFault(metric) ?? providerFault(metric);
}

function countFault(metric: Metric): string | undefined {
  const count = integerOf(metric.count) ?? 0;
  const successes = integerOf(metric.consecutiveSuccessLimit) ?? 0;
  const failures = integerOf(metric.failureLimit) ?? 0;
  if (count > 0) {
    if (count < failures + successes) {
      return successes > 0
        ? 'count must be >= failureLimit + consecutiveSuccessLimit'
        : 'count must be >= failureLimit';
    }
    if (count < (integerOf(metric.inconclusiveLimit) ?? 0)) return 'count must be >= inconclusiveLimit';
  }
  return count > 1 && (metric.interval ?? '') === '' ? 'interval must be specified when count > 1' : undefined;
}

function durationFault(metric: Metric): string | undefined {
  const { interval, initialDelay } = metric;
  if (!isDuration(interval)) return `invalid interval string: time: invalid duration "${interval}"`;
  if (!isDuration(initialDelay)) return `invalid startDelay string: time: invalid duration "${initialDelay}"`;
  return undefined;
}

function isDuration(text: string | undefined): boolean {
  return text === undefined || text === '' || waitsForArgument(text) || parseDurationMs(text) !== undefined;
}

function limitFault(metric: Metric): string | undefined {
  const successes = integerOf(metric.consecutiveSuccessLimit) ?? 0;
  const failures = integerOf(metric.failureLimit) ?? 0;
  if (failures < -1 || (failures === -1 && successes <= 0)) return 'failureLimit must be >= 0';
  if ((integerOf(metric.inconclusiveLimit) ?? 0) < 0) return 'inconclusiveLimit must be >= 0';
  if ((integerOf(metric.consecutiveErrorLimit) ?? 0) < 0) return 'consecutiveErrorLimit must be >= 0';
  return successes < 0 ? 'consecutiveSuccessLimit must be >= 0' : undefined;
}

function providerFault(metric: Metric): string | undefined {
  const count = Object.values(metric.provider).filter((settings) => settings !== undefined).length;
  if (count === 0) return 'no provider specified';
  return count > 1 ? 'multiple providers specified' : undefined;
}

/** Whether a metric never ends by itself; one whose count waits for an argument is taken to end. */
export function runsWithoutEnd(metric: Metric): boolean {
  if ((metric.interval ?? '') === '') return false;
  if (typeof metric.count === 'string' && waitsForArgument(metric.count)) return false;
  return (integerOf(metric.count) ?? 0) <= 0;
}

function waitsForArgument(text: string): boolean {
  return text.includes('{{');
}
