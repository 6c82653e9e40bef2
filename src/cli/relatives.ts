import type { AnalysisRun } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../api/kube-object.ts';
import { JOB_RUN_UID_LABEL, POD_TEMPLATE_HASH_LABEL } from '../api/labels.ts';
import type { Job, Pod, ReplicaSet } from '../api/workloads.ts';
import { isForbidden, isUnserved } from './kube-failure.ts';
import type { Session } from './session.ts';

/** Everything in a namespace that may belong to a Rollout, an Experiment or an AnalysisRun. */
export interface Relatives {
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly analysisRuns: readonly AnalysisRun[];
  readonly experiments: readonly Experiment[];
  readonly jobs: readonly Job[];
  /** Plural names of what may not be read: it is left out, and the rest is shown. */
  readonly hidden: readonly string[];
}

interface Part {
  readonly kind: ResourceKind;
  readonly labelSelector?: string;
}

const PARTS = {
  replicaSets: { kind: KINDS.replicaSet, labelSelector: POD_TEMPLATE_HASH_LABEL },
  pods: { kind: KINDS.pod, labelSelector: POD_TEMPLATE_HASH_LABEL },
  analysisRuns: { kind: KINDS.analysisRun },
  experiments: { kind: KINDS.experiment },
  jobs: { kind: KINDS.job, labelSelector: JOB_RUN_UID_LABEL },
} as const satisfies Readonly<Record<string, Part>>;

type PartName = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as readonly PartName[];

/** Reads them once. What the user has no right to list is named in `hidden`; other failures are thrown. */
export async function readRelatives({ reader, place }: Session): Promise<Relatives> {
  const hidden: string[] = [];
  const found = await Promise.all(
    NAMES.map(async (name) => {
      const { kind, labelSelector }: Part = PARTS[name];
      try {
        return [name, await reader.list(kind, { namespace: place.namespace, labelSelector })] as const;
      } catch (error) {
        if (isForbidden(error)) hidden.push(kind.plural);
        else if (!isUnserved(error)) throw error;
        return [name, []] as const;
      }
    }),
  );
  return relativesOf(Object.fromEntries(found), hidden.sort());
}

/** Keeps them up to date from what was read; the function answers what is known now, and `changed` is called after each change. */
export function watchRelatives(
  { caches, place }: Session,
  options: { readonly first: Relatives; readonly changed: () => void },
): () => Relatives {
  const { first } = options;
  const open = NAMES.filter((name) => !first.hidden.includes(PARTS[name].kind.plural)).map((name) => {
    const { kind, labelSelector }: Part = PARTS[name];
    const cache = caches.open(kind, { namespace: place.namespace, labelSelector });
    cache.subscribe(options.changed);
    return [name, cache] as const;
  });
  return () => {
    const now = open.map(([name, cache]) => [
      name,
      cache.state === 'synced' ? cache.list(place.namespace) : first[name],
    ]);
    return relativesOf(Object.fromEntries(now), first.hidden);
  };
}

/** Each part was asked for by its kind, so that its objects are of it. */
function relativesOf(found: Partial<Record<PartName, readonly KubeObject[]>>, hidden: readonly string[]): Relatives {
  const { replicaSets = [], pods = [], analysisRuns = [], experiments = [], jobs = [] } = found;
  return { replicaSets, pods, analysisRuns, experiments, jobs, hidden } as unknown as Relatives;
}

/** Those that name this owner. */
export function ownedBy<T extends KubeObject>(objects: readonly T[], uid: string | undefined): readonly T[] {
  return objects.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true);
}
