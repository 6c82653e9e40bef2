import type { ApiClient, Manifest } from '../../support/api-client.ts';
import { watchObjects } from '../../support/watch-objects.ts';
import { ownedBy } from './picture.ts';

/** Looks at all ReplicaSets of a namespace whenever one of them changes. */
export interface Capacity {
  /** From now on; there are none at first. */
  bound(bounds: Partial<Bounds>): void;
  /** Moments at which a bound was broken. */
  readonly broken: readonly string[];
}

export interface Bounds {
  /** Pods that serve and are meant to stay, of all versions. */
  readonly servingMin: number;
  /** Pods that are wanted, of all versions. */
  readonly wantedMax: number;
  /** One version has all the pods that have to serve. */
  readonly byOneVersion: boolean;
}

export interface CapacityWatch {
  of(namespace: string): Capacity;
  stop(): void;
}

interface Place {
  bounds: Bounds;
  readonly replicaSets: Map<string, Manifest>;
  readonly broken: string[];
}

/** One watch for all namespaces: each takes a connection. */
export function watchCapacity(api: ApiClient): CapacityWatch {
  const places = new Map<string, Place>();
  const watch = watchObjects(api, '/apis/apps/v1/replicasets', (change, replicaSet) => {
    const { name, namespace = '' } = replicaSet.metadata;
    const place = places.get(namespace);
    if (place === undefined) return;
    if (change === 'present') place.replicaSets.set(name, replicaSet);
    else place.replicaSets.delete(name);
    const problem = problemOf(place);
    if (problem !== undefined) place.broken.push(problem);
  });
  return {
    of: (namespace) => {
      const bounds = { servingMin: 0, wantedMax: Number.POSITIVE_INFINITY, byOneVersion: false };
      const place: Place = { bounds, replicaSets: new Map(), broken: [] };
      places.set(namespace, place);
      return {
        bound: (changes) => {
          place.bounds = { ...place.bounds, ...changes };
        },
        broken: place.broken,
      };
    },
    stop: () => watch.stop(),
  };
}

function problemOf({ bounds, replicaSets }: Place): string | undefined {
  const present = [...replicaSets.values()];
  const serving = present.map(servingOf);
  const served = bounds.byOneVersion ? Math.max(0, ...serving) : sum(serving);
  const wanted = sum(present.filter(ownedBy('Rollout')).map(({ spec }) => spec.replicas as number));
  if (served >= bounds.servingMin && wanted <= bounds.wantedMax) return undefined;
  const sizes = present.map((one) => `${one.metadata.name} ${servingOf(one)}/${one['spec'].replicas}`);
  return `${served} serve of at least ${bounds.servingMin}, ${wanted} wanted of at most ${bounds.wantedMax}: ${sizes.join(', ')}`;
}

/** Those above the wanted number are about to go. */
function servingOf({ spec, status }: Manifest): number {
  return Math.min(spec.replicas as number, (status?.availableReplicas as number | undefined) ?? 0);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
