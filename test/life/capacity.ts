import type { Manifest } from '../support/api-client.ts';
import { ownedBy } from './picture.ts';

/** What must hold of all ReplicaSets of a namespace whenever one of them changes. */
export interface Bounds {
  /** Pods that serve and are meant to stay, of all versions. */
  readonly servingMin: number;
  /** Pods that are wanted, of all versions. */
  readonly wantedMax: number;
  /** One version has all the pods that have to serve. */
  readonly byOneVersion: boolean;
}

/** Which bound is broken, if one is. */
export function brokenBound(bounds: Bounds, replicaSets: readonly Manifest[]): string | undefined {
  const serving = replicaSets.map(servingOf);
  const served = bounds.byOneVersion ? Math.max(0, ...serving) : sum(serving);
  const wanted = sum(replicaSets.filter(ownedBy('Rollout')).map(({ spec }) => spec.replicas as number));
  if (served >= bounds.servingMin && wanted <= bounds.wantedMax) return undefined;
  const sizes = replicaSets.map((one) => `${one.metadata.name} ${servingOf(one)}/${one['spec'].replicas}`);
  return `${served} serve of at least ${bounds.servingMin}, ${wanted} wanted of at most ${bounds.wantedMax}: ${sizes.join(', ')}`;
}

/** Those above the wanted number are about to go. */
function servingOf({ spec, status }: Manifest): number {
  return Math.min(spec.replicas as number, (status?.availableReplicas as number | undefined) ?? 0);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
