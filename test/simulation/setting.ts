import {
  analysisTemplate,
  blueGreenRollout,
  canaryRollout,
  httpRoute,
  ingress,
  service,
} from '../support/manifests.ts';
import { ACTIVE_SERVICE, CANARY_SERVICE, NAMESPACE, PREVIEW_SERVICE, STABLE_SERVICE } from './data-plane.ts';
import { ROLLOUTS, runs, type Scenario, FIRST } from './scenario.ts';
import type { SimWorld } from './sim-world.ts';

/** From the end of its traffic to the end of a version's pods, in every scenario with Services. */
export const SCALE_DOWN_DELAY_MS = 10_000;

const DELAYS = {
  scaleDownDelaySeconds: SCALE_DOWN_DELAY_MS / 1_000,
  abortScaleDownDelaySeconds: SCALE_DOWN_DELAY_MS / 1_000,
};

/** What all stories share unless they say otherwise. */
type Wishes = Pick<Scenario, 'name' | 'play' | 'isOver'> &
  Partial<
    Pick<Scenario, 'replicas' | 'end' | 'isScripted' | 'isMeasured' | 'isSwitchedByUser' | 'isDelayed' | 'company'>
  > & {
    readonly templates?: readonly unknown[];
    /** Fields of the Rollout's spec besides the strategy. */
    readonly spec?: Readonly<Record<string, unknown>>;
    /** Made before the Rollout: paths and objects. */
    readonly before?: readonly (readonly [path: string, object: unknown])[];
  };

export type CanaryWishes = Wishes &
  Pick<Scenario, 'routing' | 'steps'> & { readonly canary?: Readonly<Record<string, unknown>> };
export type BlueGreenWishes = Wishes & { readonly blueGreen?: Readonly<Record<string, unknown>> };

export function canaryScenario(wishes: CanaryWishes): Scenario {
  const { routing, steps, canary, replicas = 4, spec } = wishes;
  const strategy = { ...routingOf(routing), ...canary };
  const rollout = canaryRollout({ name: 'shop', replicas, steps, canary: strategy, ...(spec ? { spec } : {}) });
  return scenario(wishes, { strategy: 'canary', routing, steps, rollout });
}

export function blueGreenScenario(wishes: BlueGreenWishes): Scenario {
  const { blueGreen, replicas = 4, spec } = wishes;
  const strategy = { ...DELAYS, ...blueGreen };
  const rollout = blueGreenRollout({ name: 'shop', replicas, blueGreen: strategy, ...(spec ? { spec } : {}) });
  return scenario(wishes, { strategy: 'blueGreen', routing: 'none', steps: [], rollout });
}

function scenario(
  { name, replicas = 4, end = 'promoted', isOver, templates = [], before = [], ...wishes }: Wishes,
  setting: Pick<Scenario, 'strategy' | 'routing' | 'steps'> & { readonly rollout: unknown },
): Scenario {
  const { rollout, ...kind } = setting;
  return {
    name,
    replicas,
    ...kind,
    end,
    isScripted: wishes.isScripted ?? false,
    isSwitchedByUser: wishes.isSwitchedByUser ?? false,
    isMeasured: wishes.isMeasured ?? false,
    isDelayed: wishes.isDelayed ?? true,
    isDeclared: false,
    company: wishes.company ?? 'alone',
    async prepare(world) {
      await makeNamespace(world);
      await makeRouting(world, kind);
      for (const template of templates)
        await create(world, ROLLOUTS.replace('rollouts', 'analysistemplates'), template);
      for (const [path, object] of before) await create(world, path, object);
      await create(world, ROLLOUTS, rollout);
    },
    async play(world) {
      await world.until(() => runs(world, FIRST));
      await wishes.play(world);
    },
    isOver,
  };
}

export async function makeNamespace(world: SimWorld): Promise<void> {
  await create(world, '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await create(world, `/api/v1/namespaces/${NAMESPACE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'slack' },
    data: { token: Buffer.from('token').toString('base64') },
  });
}

async function makeRouting(world: SimWorld, kind: Pick<Scenario, 'strategy' | 'routing'>): Promise<void> {
  for (const name of servicesOf(kind))
    await create(world, `/api/v1/namespaces/${NAMESPACE}/services`, service(name, 'shop'));
  if (kind.routing === 'gateway') await create(world, ROUTE.replace(/\/shop$/, ''), ROUTE_MADE);
  if (kind.routing === 'nginx')
    await create(
      world,
      `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses`,
      ingress('shop', STABLE_SERVICE),
    );
}

export const ROUTE = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes/shop`;
export const ROUTE_MADE = httpRoute('shop', { stable: STABLE_SERVICE, canary: CANARY_SERVICE });

function create(world: SimWorld, path: string, object: unknown): Promise<void> {
  return world.request('kubectl', 'POST', path, object);
}

export function servicesOf({ strategy, routing }: Pick<Scenario, 'strategy' | 'routing'>): readonly string[] {
  if (strategy === 'blueGreen') return [ACTIVE_SERVICE, PREVIEW_SERVICE];
  return routing === 'none' ? [] : [STABLE_SERVICE, CANARY_SERVICE];
}

export function routingOf(routing: Scenario['routing']): Readonly<Record<string, unknown>> {
  const both = { stableService: STABLE_SERVICE, canaryService: CANARY_SERVICE, ...DELAYS };
  switch (routing) {
    case 'none':
      return {};
    case 'gateway':
      return { ...both, trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } } };
    case 'nginx':
      return { ...both, trafficRouting: { nginx: { stableIngress: 'shop' } } };
  }
}

/** Measures the errors of one version. */
export function errorsTemplate(metric: Readonly<Record<string, unknown>> = { count: 3 }): Record<string, unknown> {
  return analysisTemplate({
    name: 'errors',
    address: 'http://prometheus.simulation',
    query: 'error_share{hash="{{args.hash}}"}',
    args: [{ name: 'hash' }],
    metric: { interval: '5s', failureLimit: 1, ...metric },
  });
}

/** Refers to it with the version that is new. */
export const ERRORS = {
  templates: [{ templateName: 'errors' }],
  args: [{ name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } }],
};
