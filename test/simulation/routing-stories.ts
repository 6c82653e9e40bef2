import { SHRINKING, STOP, WALK } from './canary-stories.ts';
import { CANARY_SERVICE, imageOf, STABLE_SERVICE } from './data-plane.ts';
import { BAD, GOOD, isBack, runs, setImage, type Scenario } from './scenario.ts';
import { canaryScenario, errorsTemplate } from './setting.ts';
import type { SimWorld } from './sim-world.ts';
import { SUPERSEDED, UPDATE } from './updates.ts';

const TESTERS = { name: 'testers', match: [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }] };
const COMPARED = [
  { setWeight: 25 },
  {
    experiment: {
      templates: [{ name: 'candidate', specRef: 'canary', metadata: { labels: { role: 'candidate' } } }],
      analyses: [
        {
          name: 'errors',
          templateName: 'errors',
          requiredForCompletion: true,
          args: [{ name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' } }],
        },
      ],
      scaleDownDelaySeconds: 0,
    },
  },
  { setWeight: 50 },
];

/** What routers can do besides weights, and what pods may do meanwhile. */
export const ROUTING_STORIES: readonly Scenario[] = [
  canaryScenario({ name: 'dynamic-nginx', routing: 'nginx', steps: WALK, ...SHRINKING, ...UPDATE }),
  canaryScenario({
    name: 'dynamic-supersede',
    isScripted: true,
    routing: 'gateway',
    steps: STOP,
    ...SHRINKING,
    ...SUPERSEDED,
  }),
  ...[{}, SHRINKING].map((kind) =>
    canaryScenario({
      name: kind === SHRINKING ? 'dynamic-hasty' : 'hasty',
      isScripted: true,
      routing: 'gateway',
      steps: [{ setWeight: 50 }],
      ...kind,
      async play(world) {
        await setImage(world, GOOD);
        await world.until(() => isPromoted(world));
        await setImage(world, 'shop:3');
      },
      isOver: (world) => runs(world, 'shop:3'),
    }),
  ),
  canaryScenario({
    name: 'ping-pong',
    // The rules here know which Service is whose in a first update only.
    isScripted: true,
    routing: 'gateway',
    steps: WALK,
    canary: {
      pingPong: { pingService: STABLE_SERVICE, pongService: CANARY_SERVICE },
      stableService: undefined,
      canaryService: undefined,
    },
    ...UPDATE,
  }),
  ...[BAD, GOOD].map((image) =>
    canaryScenario({
      name: image === BAD ? 'experiment-bad' : 'experiment-good',
      routing: 'gateway',
      steps: COMPARED,
      templates: [errorsTemplate()],
      end: image === BAD ? 'aborted' : 'promoted',
      play: (world) => setImage(world, image),
      isOver: image === BAD ? isBack : UPDATE.isOver,
    }),
  ),
  canaryScenario({
    name: 'header-route',
    routing: 'gateway',
    steps: [
      { setCanaryScale: { replicas: 1 } },
      { setHeaderRoute: TESTERS },
      { pause: { duration: 5 } },
      { setWeight: 50 },
      { setHeaderRoute: { name: 'testers' } },
      { pause: { duration: 5 } },
    ],
    canary: {
      trafficRouting: {
        plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } },
        managedRoutes: [{ name: 'testers' }],
      },
    },
    ...UPDATE,
  }),
];

/** The second version has become the stable one a moment ago. */
function isPromoted(world: SimWorld): boolean {
  const { stableRS, currentPodHash } = world.rollout?.status ?? {};
  const current = world.replicaSets.find(({ metadata }) => metadata.name === `shop-${currentPodHash}`);
  return stableRS === currentPodHash && current !== undefined && imageOf(current) === GOOD;
}
