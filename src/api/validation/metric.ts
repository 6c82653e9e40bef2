import { parseDurationNs } from '../../lib/go-duration.ts';
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
    if (repeated) return `metrics[${index}]: duplicate name '${metric.name}'`;
    const fault = metricFault(metric);
    if (fault !== undefined) return `metrics[${index}]: ${fault}`;
  }
  return undefined;
}

function metricFault(metric: Metric): string | undefined {
  return limitFault(metric) ?? countFault(metric) ?? durationFault(metric) ?? providerFault(metric);
}

function limitFault(metric: Metric): string | undefined {
  const { successes, failures } = limitsOf(metric);
  if (successes < 0) return 'consecutiveSuccessLimit must be >= 0';
  if (failures < -1) return 'failureLimit must be >= 0, or -1 to be disabled';
  if (failures === -1 && successes === 0) return 'failureLimit and consecutiveSuccessLimit cannot both be disabled';
  if ((integerOf(metric.inconclusiveLimit) ?? 0) < 0) return 'inconclusiveLimit must be >= 0';
  return (integerOf(metric.consecutiveErrorLimit) ?? 0) < 0 ? 'consecutiveErrorLimit must be >= 0' : undefined;
}

function countFault(metric: Metric): string | undefined {
  const count = integerOf(metric.count) ?? 0;
  if (count <= 0) return undefined;
  const { successes, failures } = limitsOf(metric);
  if (failures >= 0 && count < failures + successes) {
    return `count (${count}) must be >= failureLimit + consecutiveSuccessLimit (${failures} + ${successes}) if both >= 0`;
  }
  if (count < successes) return 'count must be >= consecutiveSuccessLimit';
  if (count < (integerOf(metric.inconclusiveLimit) ?? 0)) return 'count must be >= inconclusiveLimit';
  return count > 1 && (metric.interval ?? '') === '' ? 'interval must be specified when count > 1' : undefined;
}

function limitsOf(metric: Metric): { readonly successes: number; readonly failures: number } {
  return {
    successes: integerOf(metric.consecutiveSuccessLimit) ?? 0,
    failures: integerOf(metric.failureLimit) ?? 0,
  };
}

function durationFault({ interval = '', initialDelay = '' }: Metric): string | undefined {
  const [ofInterval, ofDelay] = [interval, initialDelay].map(faultOfDuration);
  if (ofInterval !== undefined) return `invalid interval string: ${ofInterval}`;
  return ofDelay === undefined ? undefined : `invalid startDelay string: ${ofDelay}`;
}

function faultOfDuration(text: string): string | undefined {
  if (text === '' || waitsForArgument(text)) return undefined;
  const parsed = parseDurationNs(text);
  return typeof parsed === 'string' ? parsed : undefined;
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
  return (integerOf(metric.count) ?? 0) === 0;
}

function waitsForArgument(text: string): boolean {
  return text.includes('{{');
}
