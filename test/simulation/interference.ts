import { canaryRollout, httpRoute, service } from '../support/manifests.ts';
import { CANARY_SERVICE, NAMESPACE, STABLE_SERVICE } from './data-plane.ts';
import { patchRollout, setImage, setStatus, type Scenario } from './scenarios.ts';
import type { SimWorld } from './sim-world.ts';

/** What others do to a Rollout while it works; each deed is undone by itself or has no lasting effect. */
export type Deed =
  | 'gitops'
  | 'abort-retry'
  | 'edit-back'
  | 'scale'
  | 'promote'
  | 'hold'
  | 'kill-pod'
  | 'touch'
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
    happened = true;
    if (deed !== 'touch') world.disturbedAtMs = world.clock.nowMs();
    const done = DEEDS[deed as Deed](world, scenario);
    done.catch((error: unknown) => failed(`${deed}: ${String(error)}`));
    if (world.plan.faults.length > 0) nudge(world, isPlayed);
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

const DEEDS: Readonly<Record<Deed, (world: SimWorld, scenario: Scenario) => Promise<void>>> = {
  /** Everything as it stands in the repository, also what the controller has changed since. */
  async gitops(world, scenario) {
    const apply = (path: string, object: unknown): Promise<void> =>
      world.request('argocd', 'PATCH', `${path}?force=true`, object, 'application/apply-patch+yaml');
    if (scenario.routing !== 'none') {
      for (const name of [STABLE_SERVICE, CANARY_SERVICE])
        await apply(`/api/v1/namespaces/${NAMESPACE}/services/${name}`, service(name, 'shop'));
    }
    if (scenario.routing === 'gateway') {
      const route = httpRoute('shop', { stable: STABLE_SERVICE, canary: CANARY_SERVICE });
      await apply(`/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes/shop`, route);
    }
    const { rollout } = world;
    if (rollout === undefined) return;
    const { template, strategy } = rollout.spec;
    const { apiVersion, kind, spec } = canaryRollout({ name: 'shop', replicas: rollout.spec.replicas ?? 1 });
    const wanted = { ...(spec as object), template, strategy };
    await apply(`/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/rollouts/shop`, {
      apiVersion,
      kind,
      metadata: { name: 'shop' },
      spec: wanted,
    });
  },
  async 'abort-retry'(world) {
    await setStatus(world, { abort: true });
    await world.sleep(UNDO_MS);
    if (world.rollout?.status?.abort === true) await setStatus(world, { abort: false });
  },
  async 'edit-back'(world) {
    const template = world.rollout?.spec.template as {
      readonly spec: { readonly containers: readonly { readonly image: string }[] };
    };
    const image = template.spec.containers[0]?.image ?? '';
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
};
