import type { Pod } from '../../api/workloads.ts';

/** How a version of the shop behaves. */
export interface VersionBehaviour {
  readonly version: string;
  /** Share of requests that it answers with 500, 0..1. */
  readonly errorRate: number;
  readonly latencyMs: number;
}

const GOOD = { errorRate: 0, latencyMs: 5 };
const BAD = { errorRate: 0.35, latencyMs: 60 };

/**
 * The behaviour of a pod: a tag that ends in `-bad` is a bad version, every other one is good. The environment variables
 * ERROR_RATE (0..1) and LATENCY_MS of its first container override it.
 */
export function behaviourOf(pod: Pod): VersionBehaviour {
  const container = pod.spec.containers?.[0];
  const version = tagOf(container?.image ?? '');
  const usual = version.endsWith('-bad') ? BAD : GOOD;
  const env = new Map((container?.env ?? []).map((variable) => [variable.name, variable.value]));
  return {
    version,
    errorRate: numberOr(env.get('ERROR_RATE'), usual.errorRate),
    latencyMs: numberOr(env.get('LATENCY_MS'), usual.latencyMs),
  };
}

/** `1.2.0` of `demo.local/shop:1.2.0`; `latest` when there is no tag. */
export function tagOf(image: string): string {
  return /:([^:/]+)$/.exec(image)?.[1] ?? 'latest';
}

function numberOr(text: string | undefined, fallback: number): number {
  const value = Number(text ?? '');
  return text === undefined || text === '' || Number.isNaN(value) ? fallback : value;
}
