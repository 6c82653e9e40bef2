import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { HttpRoute } from '../../src/api/workloads.ts';
import { service } from '../support/manifests.ts';
import { NAMESPACE } from './data-plane.ts';
import { imageWanted, patchRollout, setImage, setStatus, type Scenario } from './scenario.ts';
import { ROUTE, ROUTE_MADE, servicesOf } from './setting.ts';
import type { SimWorld } from './sim-world.ts';

/** What others do to a Rollout while it works; each deed is undone by itself or has no lasting effect. */
export type Deed =
  | 'gitops'
  | 'abort-retry'
  | 'edit-back'
  | 'scale'
  | 'autoscale'
  | 'promote'
  | 'hold'
  | 'kill-pod'
  | 'touch'
  | 'invalid'
  | 'edit-weight'
  | 'edit-selector'
  | 'replace-services'
  | 'forge-verdict'
  | 'end-run'
  | 'delete-canary';

const UNDO_MS = 8_000;
const NUDGE_MS = 20_000;

/** Listens for what the plan wants others to do. */
export function interference(
  world: SimWorld,
  scenario: Scenario,
  isPlayed: () => boolean,
  failed: (problem: string) => void,
): { readonly happened: () => boolean } {
  let happened = false;
  world.interfere = (deed) => {
    if (world.rollout === undefined) return;
    happened = true;
    if (deed !== 'touch') world.disturbedAtMs = world.clock.nowMs();
    const done = DEEDS[deed as Deed](world, scenario);
    done.catch((error: unknown) => failed(`${deed}: ${String(error)}`));
    if (scenario.end === 'promoted') nudge(world, isPlayed);
  };
  return { happened: () => happened };
}

/** A pause that nobody else will end any more is ended by the user. */
function nudge(world: SimWorld, isPlayed: () => boolean): void {
  world.clock.schedule(NUDGE_MS, () => {
    const { status } = world.rollout ?? {};
    if (isPlayed() && status?.phase === 'Paused' && (status.pauseConditions ?? []).length > 0)
      void setStatus(world, { pauseConditions: null });
    nudge(world, isPlayed);
  });
}

const SERVICES = `/api/v1/namespaces/${NAMESPACE}/services`;
const ROLLOUT = `/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/rollouts/shop`;
const MERGE = 'application/merge-patch+json';
const HASH = 'rollouts-pod-template-hash';

const DEEDS: Readonly<Record<Deed, (world: SimWorld, scenario: Scenario) => Promise<void>>> = {
  /** Everything as it stands in the repository, also what the controller has changed since. */
  async gitops(world, scenario) {
    const apply = (path: string, object: unknown): Promise<void> =>
      world.request('argocd', 'PATCH', `${path}?force=true`, object, 'application/apply-patch+yaml');
    for (const name of servicesOf(scenario)) await apply(`${SERVICES}/${name}`, service(name, 'shop'));
    if (scenario.routing === 'gateway') await apply(ROUTE, ROUTE_MADE);
    const { rollout } = world;
    if (rollout === undefined) return;
    const { apiVersion, kind, spec } = rollout;
    await apply(ROLLOUT, { apiVersion, kind, metadata: { name: 'shop' }, spec });
  },
  async 'abort-retry'(world) {
    await setStatus(world, { abort: true });
    await world.sleep(UNDO_MS);
    if (world.rollout?.status?.abort === true) await setStatus(world, { abort: false });
  },
  async 'edit-back'(world) {
    const image = imageWanted(world);
    await setImage(world, 'shop:9');
    await world.sleep(UNDO_MS);
    await setImage(world, image);
  },
  async scale(world) {
    const replicas = world.rollout?.spec.replicas ?? 1;
    await patchRollout(world, { spec: { replicas: replicas + 2 } }, '/scale');
    await world.sleep(UNDO_MS);
    await patchRollout(world, { spec: { replicas } }, '/scale');
  },
  /** An autoscaler that cannot make up its mind. */
  async autoscale(world) {
    const replicas = world.rollout?.spec.replicas ?? 1;
    for (const more of [1, 3, 2, -1, 0]) {
      await world.request('hpa', 'PATCH', `${ROLLOUT}/scale`, { spec: { replicas: replicas + more } }, MERGE);
      await world.sleep(UNDO_MS / 4);
    }
  },
  promote: (world) => setStatus(world, { promoteFull: true }),
  async hold(world) {
    await patchRollout(world, { spec: { paused: true } });
    await world.sleep(UNDO_MS);
    await patchRollout(world, { spec: { paused: null } });
  },
  async 'kill-pod'(world) {
    const [pod] = world.api.store.list('pods', NAMESPACE).toReversed();
    if (pod !== undefined)
      await world.request('kubectl', 'DELETE', `/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}`);
  },
  touch: async (world) =>
    world.rollout === undefined
      ? undefined
      : patchRollout(world, { metadata: { annotations: { 'example.com/touched': String(world.elapsedMs) } } }),
  async 'delete-canary'(world) {
    const { currentPodHash: hash, stableRS = '' } = world.rollout?.status ?? {};
    if (hash === undefined || stableRS === '' || hash === stableRS) return;
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/replicasets/shop-${hash}`;
    if (world.replicaSets.some(({ metadata }) => metadata.name === `shop-${hash}`))
      await world.request('kubectl', 'DELETE', path);
  },
  /** Says of a run that still measures that it went well. */
  async 'forge-verdict'(world) {
    const name = runningRun(world);
    if (name === undefined) return;
    world.forged.add(name);
    await patchRun(world, name, { status: { phase: 'Successful', message: 'trust me' } });
  },
  async 'end-run'(world) {
    const name = runningRun(world);
    if (name !== undefined) await patchRun(world, name, { spec: { terminate: true } });
  },
  /** A field that cannot be. */
  async invalid(world) {
    const minReadySeconds = world.rollout?.spec.minReadySeconds ?? null;
    await patchRollout(world, { spec: { minReadySeconds: 99_999 } });
    await world.sleep(UNDO_MS);
    await patchRollout(world, { spec: { minReadySeconds } });
  },
  /** A weight set by hand, where the router keeps it. */
  async 'edit-weight'(world, scenario) {
    if (scenario.routing === 'gateway') {
      const { spec } = world.api.store.get('httproutes.gateway.networking.k8s.io', NAMESPACE, 'shop') as HttpRoute;
      const rule = (spec.rules ?? []).findIndex(({ backendRefs = [] }) => backendRefs.length === 2);
      const weights = [70, 30].map((value, index) => ({
        op: 'replace',
        path: `/spec/rules/${rule}/backendRefs/${index}/weight`,
        value,
      }));
      return world.request('kubectl', 'PATCH', ROUTE, weights, 'application/json-patch+json');
    }
    const path = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses`;
    const canary = world.api.store
      .list('ingresses.networking.k8s.io', NAMESPACE)
      .find(({ metadata }) => metadata.name !== 'shop');
    if (canary === undefined) return;
    const annotations = { 'nginx.ingress.kubernetes.io/canary-weight': '30' };
    await world.request('kubectl', 'PATCH', `${path}/${canary.metadata.name}`, { metadata: { annotations } }, MERGE);
  },
  /** Services that lead to every version. */
  async 'edit-selector'(world, scenario) {
    for (const name of servicesOf(scenario))
      await world.request('kubectl', 'PATCH', `${SERVICES}/${name}`, { spec: { selector: { [HASH]: null } } }, MERGE);
  },
  /** `kubectl replace` of Services: whatever others wrote is gone. */
  async 'replace-services'(world, scenario) {
    for (const name of servicesOf(scenario)) {
      const { metadata, ...rest } = service(name, 'shop') as { readonly metadata: object };
      const resourceVersion = world.api.store.get('services', NAMESPACE, name)?.metadata.resourceVersion;
      const clusterIP = (world.api.store.get('services', NAMESPACE, name)?.['spec'] as { clusterIP?: string })
        ?.clusterIP;
      const spec = { ...(rest as { spec: object }).spec, clusterIP };
      await world.request('kubectl', 'PUT', `${SERVICES}/${name}`, {
        ...rest,
        spec,
        metadata: { ...metadata, resourceVersion },
      });
    }
  },
};

/** Name of the run that measures now, if there is one. */
function runningRun(world: SimWorld): string | undefined {
  const runs = world.api.store.list('analysisruns.argoproj.io', NAMESPACE) as readonly AnalysisRun[];
  return runs.find(({ status }) => status?.phase === 'Running')?.metadata.name;
}

function patchRun(world: SimWorld, name: string, body: unknown): Promise<void> {
  return world.request('kubectl', 'PATCH', ROLLOUT.replace('rollouts/shop', `analysisruns/${name}`), body, MERGE);
}
