import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './api-client.ts';
import { until, type Scene } from './world.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

/** Who left a world: the controller that Headgate replaces, or an earlier version of Headgate. Its folder of fixtures. */
export type LeftBy = 'take-over' | 'earlier-version';

/** Names of the recorded worlds. */
export function recordedWorlds(left: LeftBy): readonly string[] {
  return readdirSync(join(FIXTURES, left))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** The objects of one moment, as they were left; see test/fixtures/take-over/README.md for the placeholders. */
function recordedWorld(name: string, left: LeftBy): readonly Manifest[] {
  return JSON.parse(readFileSync(join(FIXTURES, left, `${name}.json`), 'utf8')) as readonly Manifest[];
}

/** The names under which they write. */
const MANAGERS: Readonly<Record<LeftBy, string>> = {
  'take-over': 'rollouts-controller',
  'earlier-version': 'headgate',
};
const RESOURCES: Readonly<Record<string, string>> = {
  Rollout: 'rollouts.argoproj.io',
  Service: 'services',
  Ingress: 'ingresses.networking.k8s.io',
  AnalysisTemplate: 'analysistemplates.argoproj.io',
  PodDisruptionBudget: 'poddisruptionbudgets.policy',
  Deployment: 'deployments.apps',
  ReplicaSet: 'replicasets.apps',
  AnalysisRun: 'analysisruns.argoproj.io',
};
/** What others are owned by comes first. */
const ORDER = Object.keys(RESOURCES);

export interface RestoreInput {
  readonly prometheus: string;
  readonly left: LeftBy;
  /** What is different about the objects from how they were recorded. */
  readonly changed?: (object: Manifest) => Manifest;
}

/** Makes the recorded objects anew in the scene, as if the moment had been now, and waits for their pods. No controller may run. */
export async function restoreWorld(scene: Scene, name: string, input: RestoreInput): Promise<void> {
  const { prometheus, left: by, changed = (object) => object } = input;
  const objects = recordedWorld(name, by)
    .map(changed)
    .sort((left, right) => rank(left) - rank(right));
  const nowMs = Date.now();
  const uids = new Map<string, string>();
  const generations = new Map<string, number>();
  const restored = (object: Manifest): Manifest =>
    filledIn(object, { nowMs, uids, prometheus, namespace: scene.namespace }) as Manifest;
  for (const object of objects) {
    const { generation: _generation, ...metadata } = restored(object).metadata;
    const resource = RESOURCES[object.kind ?? ''] ?? '';
    const body = { ...restored(object), metadata };
    const made = await scene.api.create(`${scene.path(resource)}?fieldManager=${MANAGERS[by]}`, body);
    uids.set(`$UID(${resource}/${object.metadata.name})`, made.metadata.uid ?? '');
    generations.set(object.kind ?? '', made.metadata.generation ?? 0);
  }
  await untilPodsAreAsRecorded(scene, objects);
  const rollout = objects.find(({ kind }) => kind === 'Rollout');
  if (rollout === undefined) throw new Error(`${name} has no Rollout`);
  const { status, spec } = restored(rollout);
  // The pods are younger than the recorded ones were.
  if (spec.restartAt !== undefined) {
    const restartAt = filledIn('@0s', { ...FILLING, nowMs: Date.now() + 1_000 });
    generations.set('Rollout', (await scene.patchSpec(rollout.metadata.name, { restartAt })).metadata.generation ?? 0);
  }
  // What was seen of the last generation then, is seen of it now.
  const observed = {
    ...(status.observedGeneration === String(rollout.metadata.generation)
      ? { observedGeneration: String(generations.get('Rollout')) }
      : {}),
    ...(generations.has('Deployment') ? { workloadObservedGeneration: String(generations.get('Deployment')) } : {}),
  };
  await scene.patchStatus(rollout.metadata.name, { ...status, ...observed });
}

function rank({ kind = '' }: Manifest): number {
  return ORDER.indexOf(kind);
}

async function untilPodsAreAsRecorded(scene: Scene, objects: readonly Manifest[]): Promise<void> {
  const wanted = objects.filter(({ kind }) => kind === 'ReplicaSet');
  await until(`the pods of ${scene.namespace}`, async () => {
    const found = await scene.list('replicasets.apps');
    // At least: those that were just coming then have come since.
    return wanted.every((one) => {
      const status = found.find(({ metadata }) => metadata.name === one.metadata.name)?.['status'];
      return (['replicas', 'readyReplicas', 'availableReplicas'] as const).every(
        (count) => (status?.[count] ?? 0) >= (one['status']?.[count] ?? 0),
      );
    });
  });
}

const FILLING = { nowMs: 0, uids: new Map<string, string>(), prometheus: '', namespace: '' };

interface Filling {
  readonly nowMs: number;
  readonly uids: ReadonlyMap<string, string>;
  readonly prometheus: string;
  readonly namespace: string;
}

function filledIn(value: unknown, filling: Filling): unknown {
  if (Array.isArray(value)) return value.map((one) => filledIn(one, filling));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filledIn(one, filling)]));
  return typeof value === 'string' ? filledText(value, filling) : value;
}

function filledText(text: string, { nowMs, uids, prometheus, namespace }: Filling): string {
  const seconds = /^@(-?\d+)s$/.exec(text)?.[1];
  if (seconds !== undefined) return new Date(nowMs + Number(seconds) * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
  return (uids.get(text) ?? text).replaceAll('$PROMETHEUS', prometheus).replaceAll('$NAMESPACE', namespace);
}
