import { configMapYaml } from '../support/git-manifests.ts';
import { canaryRollout, service } from '../support/manifests.ts';
import { MEASURED } from './canary-stories.ts';
import { CANARY_SERVICE, NAMESPACE, STABLE_SERVICE } from './data-plane.ts';
import { BAD, FIRST, GOOD, runs, type Scenario } from './scenario.ts';
import { errorsTemplate, makeNamespace, ROUTE_MADE, routingOf } from './setting.ts';
import type { SimWorld } from './sim-world.ts';

const SOURCES = `/apis/headgate.dev/v1alpha1/namespaces/${NAMESPACE}/gitsources`;

/** Everything comes from Git; a bad version is reverted there. */
export const GIT_STORIES: readonly Scenario[] = [
  gitScenario({
    name: 'git',
    end: 'reverted',
    async play(world) {
      await world.until(() => runs(world, FIRST));
      world.repository.commit({ 'app/rollout.yaml': gitRollout(BAD) }, 'a new shop');
    },
    isOver: (world) => isDeclared(world, FIRST) && world.slack.messages.length > 0,
  }),
  gitScenario({
    name: 'git-good',
    end: 'promoted',
    async play(world) {
      await world.until(() => runs(world, FIRST));
      world.repository.commit({ 'app/rollout.yaml': gitRollout(GOOD) }, 'a new shop');
    },
    isOver: (world) => isDeclared(world, GOOD),
  }),
];

function gitScenario(
  story: Pick<Scenario, 'name' | 'end' | 'play' | 'isOver'> & Partial<Pick<Scenario, 'company'>>,
): Scenario {
  return {
    company: 'alone',
    ...story,
    strategy: 'canary',
    isScripted: false,
    isMeasured: true,
    isDelayed: true,
    isDeclared: true,
    isSwitchedByUser: false,
    replicas: 4,
    steps: MEASURED,
    routing: 'gateway',
    async prepare(world) {
      await makeNamespace(world);
      world.repository.commit(
        {
          'README.md': '# Shop\n',
          'app/rollout.yaml': gitRollout(FIRST),
          'app/services.yaml': [STABLE_SERVICE, CANARY_SERVICE]
            .map((name) => yamlOf(service(name, 'shop')))
            .join('---\n'),
          'app/route.yaml': yamlOf(ROUTE_MADE),
          'app/errors.yaml': yamlOf(errorsTemplate()),
          'app/settings.yaml': configMapYaml('settings', 'one'),
        },
        'the shop',
      );
      await world.request('kubectl', 'POST', SOURCES, {
        apiVersion: 'headgate.dev/v1alpha1',
        kind: 'GitSource',
        metadata: { name: 'app' },
        spec: { url: 'https://git.simulation/shop.git', path: 'app', interval: '20s', onAbort: 'Push', prune: true },
      });
    },
  };
}

/** This version runs, is what the branch declares, and the branch is applied. */
function isDeclared(world: SimWorld, image: string): boolean {
  const { repository, gitSource } = world;
  return (
    runs(world, image) &&
    repository.file('app/rollout.yaml') === gitRollout(image) &&
    gitSource?.status?.lastAppliedRevision === repository.head
  );
}

function gitRollout(image: string): string {
  const canary = routingOf('gateway');
  return `# The shop.\n${yamlOf(canaryRollout({ name: 'shop', replicas: 4, image, steps: MEASURED, canary }))}`;
}

/** JSON is YAML; one line for each top-level field, so that edits have lines to be found by. */
function yamlOf(object: unknown): string {
  return `${JSON.stringify(object, undefined, 2)}\n`;
}
