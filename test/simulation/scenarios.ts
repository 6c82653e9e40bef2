import { analysisTemplate, canaryRollout, httpRoute, ingress, service } from '../support/manifests.ts';
import { configMapYaml } from '../support/git-manifests.ts';
import { CANARY_SERVICE, NAMESPACE, STABLE_SERVICE } from './data-plane.ts';
import type { SimWorld } from './sim-world.ts';

/** A story that users and the cluster play with the controller. */
export interface Scenario {
  readonly name: string;
  /** Pods that the Rollout wants at first. */
  readonly replicas: number;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
  readonly routing: 'none' | 'gateway' | 'nginx';
  /** How the last update of the story ends. */
  readonly end: 'promoted' | 'aborted' | 'reverted';
  /** Users act on what they see in between, so that another user's command may leave them waiting for ever. */
  readonly isScripted: boolean;
  /** Makes what is there before the controller starts. */
  readonly prepare: (world: SimWorld) => Promise<void>;
  /** What users do; ends when they are done. */
  readonly play: (world: SimWorld) => Promise<void>;
  /** True when nothing more is to happen. */
  readonly isOver: (world: SimWorld) => boolean;
}

const ROLLOUTS = `/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/rollouts`;
const ROLLOUT = `${ROLLOUTS}/shop`;
const MERGE = 'application/merge-patch+json';

export const GOOD = 'shop:2';
export const BAD = 'shop:bad';

/** `kubectl patch` of the Rollout. */
export function patchRollout(world: SimWorld, body: unknown, subresource = ''): Promise<void> {
  return world.request('kubectl', 'PATCH', `${ROLLOUT}${subresource}`, body, MERGE);
}

export function setImage(world: SimWorld, image: string): Promise<void> {
  const containers = [{ name: 'main', image, ports: [{ containerPort: 8080 }] }];
  return patchRollout(world, { spec: { template: { spec: { containers } } } });
}

export const setStatus = (world: SimWorld, status: unknown): Promise<void> =>
  patchRollout(world, { status }, '/status');

export function phaseOf(world: SimWorld): string {
  const { rollout } = world;
  const isSeen = rollout?.status?.observedGeneration === String(rollout?.metadata.generation);
  return isSeen ? (rollout?.status?.phase ?? '') : '';
}

const isHealthy = (world: SimWorld): boolean => phaseOf(world) === 'Healthy';
const isPaused = (world: SimWorld): boolean =>
  phaseOf(world) === 'Paused' && world.rollout?.status?.message === 'CanaryPauseStep';
const isBack = (world: SimWorld): boolean =>
  phaseOf(world) === 'Degraded' && world.rollout?.status?.message?.startsWith('RolloutAborted') === true;

const imageWanted = (world: SimWorld): string => {
  const template = world.rollout?.spec.template as
    | { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } }
    | undefined;
  return template?.spec?.containers?.[0]?.image ?? '';
};

/** Healthy with this image. */
const runs = (world: SimWorld, image: string): boolean => isHealthy(world) && imageWanted(world) === image;

interface Wishes {
  readonly name: string;
  readonly routing: Scenario['routing'];
  readonly replicas?: number;
  readonly steps: Scenario['steps'];
  readonly canary?: Readonly<Record<string, unknown>>;
  readonly templates?: readonly unknown[];
  readonly play: Scenario['play'];
  readonly isOver: Scenario['isOver'];
  readonly end?: Scenario['end'];
  readonly isScripted?: boolean;
}

function scenario(wishes: Wishes): Scenario {
  const {
    name,
    routing,
    replicas = 4,
    steps,
    canary = {},
    templates = [],
    play,
    isOver,
    end = 'promoted',
    isScripted = false,
  } = wishes;
  return {
    name,
    replicas,
    steps,
    routing,
    end,
    isScripted,
    async prepare(world) {
      await makeNamespace(world);
      await makeRouting(world, routing);
      for (const template of templates)
        await world.request('kubectl', 'POST', ROLLOUTS.replace('rollouts', 'analysistemplates'), template);
      const strategy = { ...routingOf(routing), ...canary };
      await world.request(
        'kubectl',
        'POST',
        ROLLOUTS,
        canaryRollout({ name: 'shop', replicas, steps, canary: strategy }),
      );
    },
    async play(world) {
      await world.until(() => runs(world, 'shop:1'));
      await play(world);
    },
    isOver,
  };
}

async function makeNamespace(world: SimWorld): Promise<void> {
  await world.request('kubectl', 'POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  });
  await world.request('kubectl', 'POST', `/api/v1/namespaces/${NAMESPACE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'slack' },
    data: { token: Buffer.from('token').toString('base64') },
  });
}

async function makeRouting(world: SimWorld, routing: Scenario['routing']): Promise<void> {
  if (routing === 'none') return;
  for (const name of [STABLE_SERVICE, CANARY_SERVICE])
    await world.request('kubectl', 'POST', `/api/v1/namespaces/${NAMESPACE}/services`, service(name, 'shop'));
  if (routing === 'gateway') {
    const route = httpRoute('shop', { stable: STABLE_SERVICE, canary: CANARY_SERVICE });
    const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes`;
    return world.request('kubectl', 'POST', path, route);
  }
  const path = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses`;
  await world.request('kubectl', 'POST', path, ingress('shop', STABLE_SERVICE));
}

function routingOf(routing: Scenario['routing']): Readonly<Record<string, unknown>> {
  const both = {
    stableService: STABLE_SERVICE,
    canaryService: CANARY_SERVICE,
    scaleDownDelaySeconds: 10,
    abortScaleDownDelaySeconds: 10,
  };
  switch (routing) {
    case 'none':
      return {};
    case 'gateway':
      return { ...both, trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } } };
    case 'nginx':
      return { ...both, trafficRouting: { nginx: { stableIngress: 'shop' } } };
  }
}

const WALK = [{ setWeight: 25 }, { pause: { duration: 10 } }, { setWeight: 50 }, { pause: { duration: 10 } }];
const STOP = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 10 } }];
const MEASURED = [
  { setWeight: 25 },
  { analysis: { templates: [{ templateName: 'errors' }], args: [HASH_ARGUMENT()] } },
  { setWeight: 50 },
];

function HASH_ARGUMENT(): unknown {
  return { name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } };
}

const ERRORS = analysisTemplate({
  name: 'errors',
  address: 'http://prometheus.simulation',
  query: 'error_share{hash="{{args.hash}}"}',
  args: [{ name: 'hash' }],
  metric: { interval: '5s', count: 3, failureLimit: 1 },
});

export const SCENARIOS: readonly Scenario[] = [
  scenario({
    name: 'basic',
    routing: 'none',
    replicas: 5,
    steps: WALK,
    play: (world) => setImage(world, GOOD),
    isOver: (world) => runs(world, GOOD),
  }),
  scenario({
    name: 'gateway',
    routing: 'gateway',
    steps: WALK,
    play: (world) => setImage(world, GOOD),
    isOver: (world) => runs(world, GOOD),
  }),
  scenario({
    name: 'nginx',
    routing: 'nginx',
    steps: WALK,
    play: (world) => setImage(world, GOOD),
    isOver: (world) => runs(world, GOOD),
  }),
  scenario({
    name: 'analysis-good',
    routing: 'gateway',
    steps: MEASURED,
    templates: [ERRORS],
    play: (world) => setImage(world, GOOD),
    isOver: (world) => runs(world, GOOD),
  }),
  scenario({
    name: 'analysis-bad',
    end: 'aborted',
    routing: 'gateway',
    steps: MEASURED,
    templates: [ERRORS],
    play: (world) => setImage(world, BAD),
    isOver: isBack,
  }),
  scenario({
    name: 'abort',
    isScripted: true,
    end: 'aborted',
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await setImage(world, GOOD);
      await world.until(() => isPaused(world));
      await setStatus(world, { abort: true });
    },
    isOver: isBack,
  }),
  scenario({
    name: 'retry',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await setImage(world, GOOD);
      await world.until(() => isPaused(world));
      await setStatus(world, { abort: true });
      await world.until(() => isBack(world));
      // An abort that nobody has seen cannot be told of: it stands for longer than a controller needs to come back.
      await world.sleep(10_000);
      await setStatus(world, { abort: false });
      await world.until(() => isPaused(world));
      await setStatus(world, { pauseConditions: null });
    },
    isOver: (world) => runs(world, GOOD),
  }),
  scenario({
    name: 'promote-full',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await setImage(world, GOOD);
      await world.until(() => isPaused(world));
      await setStatus(world, { promoteFull: true });
    },
    isOver: (world) => runs(world, GOOD),
  }),
  scenario({
    name: 'supersede',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await setImage(world, GOOD);
      await world.until(() => isPaused(world));
      await setImage(world, 'shop:3');
      await world.until(() => isPaused(world) && imageWanted(world) === 'shop:3');
      await setStatus(world, { pauseConditions: null });
    },
    isOver: (world) => runs(world, 'shop:3'),
  }),
  scenario({
    name: 'back',
    isScripted: true,
    end: 'aborted',
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await setImage(world, GOOD);
      await world.until(() => isPaused(world));
      await setImage(world, 'shop:1');
    },
    isOver: (world) => runs(world, 'shop:1'),
  }),
  scenario({
    name: 'scale',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    async play(world) {
      await setImage(world, GOOD);
      await world.until(() => isPaused(world));
      await patchRollout(world, { spec: { replicas: 7 } }, '/scale');
      await world.until(() => (world.rollout?.status?.availableReplicas ?? 0) >= 7);
      await patchRollout(world, { spec: { replicas: 3 } }, '/scale');
      await world.sleep(5_000);
      await setStatus(world, { pauseConditions: null });
    },
    isOver: (world) => runs(world, GOOD),
  }),
  gitScenario(),
];

/** Commit, abort, revert, Healthy; Slack once. */
function gitScenario(): Scenario {
  return {
    name: 'git',
    end: 'reverted',
    isScripted: false,
    replicas: 4,
    steps: MEASURED,
    routing: 'gateway',
    async prepare(world) {
      await makeNamespace(world);
      world.repository.commit(
        {
          'README.md': '# Shop\n',
          'app/rollout.yaml': gitRollout('shop:1'),
          'app/services.yaml': [STABLE_SERVICE, CANARY_SERVICE]
            .map((name) => yamlOf(service(name, 'shop')))
            .join('---\n'),
          'app/route.yaml': yamlOf(httpRoute('shop', { stable: STABLE_SERVICE, canary: CANARY_SERVICE })),
          'app/errors.yaml': yamlOf(ERRORS),
          'app/settings.yaml': configMapYaml('settings', 'one'),
        },
        'the shop',
      );
      await world.request('kubectl', 'POST', `/apis/headgate.dev/v1alpha1/namespaces/${NAMESPACE}/gitsources`, {
        apiVersion: 'headgate.dev/v1alpha1',
        kind: 'GitSource',
        metadata: { name: 'app' },
        spec: { url: 'https://git.simulation/shop.git', path: 'app', interval: '20s', onAbort: 'Push', prune: true },
      });
    },
    async play(world) {
      await world.until(() => runs(world, 'shop:1'));
      world.repository.commit({ 'app/rollout.yaml': gitRollout(BAD) }, 'a new shop');
    },
    isOver: (world) =>
      runs(world, 'shop:1') &&
      world.slack.messages.length > 0 &&
      world.repository.file('app/rollout.yaml') === gitRollout('shop:1') &&
      world.gitSource?.status?.lastAppliedRevision === world.repository.head,
  };
}

function gitRollout(image: string): string {
  const canary = routingOf('gateway');
  return `# The shop.\n${yamlOf(canaryRollout({ name: 'shop', replicas: 4, image, steps: MEASURED, canary }))}`;
}

/** JSON is YAML; one line for each top-level field, so that edits have lines to be found by. */
function yamlOf(object: unknown): string {
  return `${JSON.stringify(object, undefined, 2)}\n`;
}
