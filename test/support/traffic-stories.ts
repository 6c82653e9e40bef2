import assert from 'node:assert/strict';
import type { Manifest } from './api-client.ts';
import { canaryRollout, ingress, service } from './manifests.ts';
import { startSteadyLoad, type SteadyLoad } from './steady-load.ts';
import { routeThroughGateway } from './traefik.ts';
import type { Lab } from './traffic-lab.ts';
import { watchObjects, type ObjectWatch } from './watch-objects.ts';
import { Scene, until } from './world.ts';

/** What happens to a Rollout while requests never stop. Each ends with how many requests were sent and lost. */
export interface TrafficStory {
  readonly title: string;
  tell(lab: Lab, report: (line: string) => void): Promise<void>;
}

/** Somewhat more than is asserted. */
const PER_SECOND = 600;
const PER_SECOND_MIN = 500;
const TESTERS_PER_SECOND = 50;
const DELAY_SECONDS = 6;
const PATIENCE = { waitMsMax: 60_000, pollMs: 100 };
const STABLE = 'shop-stable';
const CANARY = 'shop-canary';

const FLOWS: readonly Flow[] = [
  flow('loses no request step by step to the promotion, and splits as asked', {}, async (water) => {
    await water.setImage('shop:2');
    for (const weight of [20, 50, 80]) {
      await water.untilPausedAt(weight);
      await water.splits('shop:2', weight);
      await water.resume();
    }
    await water.untilPromoted();
    await water.splits('shop:2', 100);
    await water.untilGone('shop:1');
  }),
  flow('loses no request when it is aborted before its first step or at any step', {}, async (water) => {
    await water.setImage('shop:2');
    await water.untilUpdating('shop:2');
    await water.abort('shop:2');
    for (const [index, last] of [20, 50, 80].entries()) {
      const image = `shop:${index + 3}`;
      await water.setImage(image);
      for (const weight of [20, 50, 80].filter((one) => one <= last)) {
        await water.untilPausedAt(weight);
        if (weight < last) await water.resume();
      }
      await water.splits(image, last);
      await water.abort(image);
      await water.splits('shop:1', 100);
    }
  }),
  flow('loses no request when a newer version supersedes the canary', {}, async (water) => {
    await water.setImage('shop:2');
    await water.untilPausedAt(20);
    await water.resume();
    await water.untilPausedAt(50);
    await water.splits('shop:2', 50);
    await water.setImage('shop:3');
    await water.untilUpdating('shop:3');
    await water.untilPausedAt(20);
    await water.splits('shop:3', 20);
    await water.untilGone('shop:2');
    await water.promoteFull();
    await water.untilPromoted();
    await water.splits('shop:3', 100);
    await water.untilGone('shop:1');
  }),
  flow('loses no request while it is scaled up and down, at rest and in the middle of an update', {}, async (water) => {
    await water.scale(8);
    await water.scale(3);
    await water.setImage('shop:2');
    await water.untilPausedAt(20);
    await water.resume();
    await water.untilPausedAt(50);
    await water.scale(8);
    await water.splits('shop:2', 50);
    await water.scale(4);
    await water.splits('shop:2', 50);
    await water.promoteFull();
    await water.untilPromoted();
    await water.untilGone('shop:1');
  }),
  flow(
    'loses no request when stable shrinks while the canary grows, and grows back on an abort',
    { dynamicStableScale: true, scaleDownDelaySeconds: undefined, abortScaleDownDelaySeconds: undefined },
    async (water) => {
      await water.setImage('shop:2');
      for (const weight of [20, 50, 80]) {
        await water.untilPausedAt(weight);
        if (weight < 80) await water.resume();
      }
      await water.splits('shop:2', 80);
      await water.abort('shop:2');
      await water.splits('shop:1', 100);
      await water.setImage('shop:3');
      await water.untilPausedAt(20);
      await water.promoteFull();
      await water.untilPromoted();
      await water.splits('shop:3', 100);
      await water.untilGone('shop:1');
    },
  ),
  flow(
    'leads testers to the canary by a header, and loses no request of theirs when it is aborted or promoted',
    {
      steps: [
        { setCanaryScale: { replicas: 2 } },
        { setHeaderRoute: { name: 'testers', match: [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }] } },
        { pause: {} },
        { setWeight: 50 },
        { pause: {} },
      ],
    },
    async (water) => {
      water.sendTesters({ 'x-canary': 'yes' });
      await water.setImage('shop:2');
      await water.untilPausedAt(0);
      await water.leadsTestersTo('shop:2');
      await water.splits('shop:1', 100);
      await water.resume();
      await water.untilPausedAt(50);
      await water.splits('shop:2', 50);
      await water.leadsTestersTo('shop:2');
      await water.abort('shop:2');
      await water.leadsTestersTo('shop:1');
      await water.setImage('shop:3');
      await water.untilPausedAt(0);
      await water.leadsTestersTo('shop:3');
      await water.resume();
      await water.untilPausedAt(50);
      await water.resume();
      await water.untilPromoted();
      await water.splits('shop:3', 100);
      await water.leadsTestersTo('shop:3');
      await water.untilGone('shop:1');
    },
    { managedRoutes: [{ name: 'testers' }] },
  ),
  flow(
    'loses no request while ping-pong Services swap their roles',
    {
      pingPong: { pingService: 'shop-ping', pongService: 'shop-pong' },
      stableService: undefined,
      canaryService: undefined,
    },
    async (water) => {
      await water.setImage('shop:2');
      for (const weight of [20, 50, 80]) {
        await water.untilPausedAt(weight);
        await water.splits('shop:2', weight);
        await water.resume();
      }
      await water.untilPromoted();
      await water.splits('shop:2', 100);
      await water.untilGone('shop:1');
      await water.setImage('shop:3');
      await water.untilPausedAt(20);
      await water.splits('shop:3', 20);
      await water.abort('shop:3');
      await water.splits('shop:2', 100);
      await water.setImage('shop:4');
      await water.untilPausedAt(20);
      await water.promoteFull();
      await water.untilPromoted();
      await water.splits('shop:4', 100);
      await water.untilGone('shop:2');
    },
    { services: { stable: 'shop-ping', canary: 'shop-pong' } },
  ),
];

interface Flow {
  readonly title: string;
  readonly canary: Readonly<Record<string, unknown>>;
  readonly run: (water: Water) => Promise<void>;
  /** Only behind the Gateway API, and with what else that needs. */
  readonly gateway?: { readonly services?: ServicePair; readonly managedRoutes?: readonly object[] };
}

interface ServicePair {
  readonly stable: string;
  readonly canary: string;
}

function flow(title: string, canary: Flow['canary'], run: Flow['run'], gateway?: Flow['gateway']): Flow {
  return { title, canary, run, ...(gateway === undefined ? {} : { gateway }) };
}

/** How a shop is put behind a data plane. */
interface Front {
  readonly title: string;
  /** Where the data plane listens. */
  readonly originOf: (lab: Lab) => string;
  readonly trafficRouting: Readonly<Record<string, unknown>>;
  readonly open: (scene: Scene, host: string, services: ServicePair) => Promise<void>;
  /** What steers the traffic, and the weight of the canary that it shows. */
  readonly watched: string;
  readonly weightIn: (object: Manifest) => string | undefined;
}

const FRONTS: readonly Front[] = [
  {
    title: 'an HTTPRoute',
    originOf: (lab) => lab.traefik,
    trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } },
    open: routeThroughGateway,
    watched: 'httproutes.gateway.networking.k8s.io',
    weightIn: (route) => route['spec'].rules.at(-1).backendRefs[1].weight as string | undefined,
  },
  {
    title: 'an nginx Ingress',
    originOf: (lab) => lab.nginx,
    trafficRouting: { nginx: { stableIngress: 'shop' } },
    open: (scene, host) => scene.apply(ingressFor(host)),
    watched: 'ingresses.networking.k8s.io',
    weightIn: ({ metadata }) => metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'],
  },
];

/** One after the other, each flow at every front. */
export const TRAFFIC_STORIES: readonly TrafficStory[] = FLOWS.flatMap((one) =>
  FRONTS.filter((front) => one.gateway === undefined || front.trafficRouting['plugins'] !== undefined).map((front) =>
    story(front, one),
  ),
);

function ingressFor(host: string): object {
  const made = ingress('shop', STABLE) as { readonly spec: { readonly rules: readonly object[] } };
  return { ...made, spec: { ...made.spec, rules: made.spec.rules.map((rule) => ({ ...rule, host })) } };
}

function story(front: Front, { title, canary, run, gateway }: Flow): TrafficStory {
  return {
    title: `${front.title} ${title}`,
    tell: async (lab, report) => {
      const scene = await Scene.open(lab.api, 'water', PATIENCE);
      try {
        const water = await Water.open(scene, { front, origin: front.originOf(lab), canary, gateway });
        try {
          await run(water);
        } finally {
          await water.close(report);
        }
      } finally {
        await scene.close();
      }
    },
  };
}

interface Setting {
  readonly front: Front;
  readonly origin: string;
  readonly canary: Readonly<Record<string, unknown>>;
  readonly gateway: Flow['gateway'];
}

/** A shop behind a data plane, under load, and the words that its stories are told in. */
class Water {
  readonly #scene: Scene;
  readonly #load: SteadyLoad;
  readonly #splits: string[] = [];
  readonly #shown: string[] = [];
  readonly #watch: ObjectWatch;
  readonly #place: { readonly origin: string; readonly host: string };
  #testers: SteadyLoad | undefined;

  private constructor(scene: Scene, place: { readonly origin: string; readonly host: string }, front: Front) {
    this.#scene = scene;
    this.#place = place;
    this.#load = startSteadyLoad({ ...place, perSecond: PER_SECOND });
    this.#watch = watchObjects(scene.api, scene.path(front.watched), (_change, object) => {
      this.#shown.push(`${Math.round(performance.now())} ms: ${front.weightIn(object)}`);
    });
  }

  static async open(scene: Scene, { front, origin, canary, gateway }: Setting): Promise<Water> {
    const host = `${scene.namespace}.test`;
    const services = gateway?.services ?? { stable: STABLE, canary: CANARY };
    const trafficRouting = { ...front.trafficRouting, managedRoutes: gateway?.managedRoutes };
    await scene.apply(service(services.stable, 'shop'), service(services.canary, 'shop'));
    await front.open(scene, host, services);
    await scene.apply(shop({ trafficRouting, ...canary }));
    await scene.untilPhase('shop', 'Healthy');
    await until('the data plane to lead to the shop', async () => answers(origin, host));
    return new Water(scene, { origin, host }, front);
  }

  setImage(image: string): Promise<void> {
    return this.#scene.setImage('shop', image);
  }

  async untilUpdating(image: string): Promise<void> {
    await until(`a ReplicaSet of ${image}`, async () => (await this.#replicaSetOf(image)) !== undefined);
  }

  async untilPausedAt(weight: number): Promise<void> {
    await this.#scene.untilRollout('shop', `paused at ${weight} %`, ({ metadata, status }) => {
      const observed = status.observedGeneration === String(metadata.generation);
      return observed && status.phase === 'Paused' && status.canary?.weights?.canary?.weight === weight;
    });
  }

  async resume(): Promise<void> {
    await this.#scene.patchStatus('shop', { pauseConditions: null });
  }

  async promoteFull(): Promise<void> {
    await this.#scene.patchStatus('shop', { promoteFull: true });
  }

  async untilPromoted(): Promise<void> {
    await this.#scene.untilPhase('shop', 'Healthy');
  }

  /** Aborts, and waits until the pods of the aborted version are gone. */
  async abort(image: string): Promise<void> {
    await this.#scene.patchStatus('shop', { abort: true });
    await this.#scene.untilPhase('shop', 'Degraded');
    await this.untilGone(image);
  }

  async scale(replicas: number): Promise<void> {
    await this.#scene.patchSpec('shop', { replicas });
    await this.#scene.untilRollout('shop', `of ${replicas} pods`, ({ metadata, status }) => {
      const observed = status.observedGeneration === String(metadata.generation);
      const all =
        status.currentPodHash === status.stableRS ? status.replicas : status.replicas - status.updatedReplicas;
      return observed && all === replicas && status.availableReplicas === status.replicas;
    });
  }

  async untilGone(image: string): Promise<void> {
    await until(`no pods of ${image}`, async () => (await this.#replicaSetOf(image))?.['status']?.replicas === 0);
  }

  /** Waits until the data plane obeys, then holds the shares of requests that come after that against the weight. */
  async splits(image: string, weight: number): Promise<void> {
    const share = weight / 100;
    await until(`the data plane to send ${weight} % to ${image}`, async () => {
      return Math.abs((await this.#shareOfNext(300, image)) - share) <= tolerance(300, share);
    });
    const measured = await this.#shareOfNext(1_500, image);
    this.#splits.push(`${weight} % -> ${(measured * 100).toFixed(1)} %`);
    if (Math.abs(measured - share) <= tolerance(1_500, share)) return;
    const facts = { measured, shown: this.#shown.slice(-8), shares: this.#load.timeline(image) };
    assert.fail(`${image} has not got ${weight} % of the traffic: ${JSON.stringify(facts)}`);
  }

  /** From now on some requests have these headers; none of them may be lost either. */
  sendTesters(headers: Readonly<Record<string, string>>): void {
    this.#testers = startSteadyLoad({ ...this.#place, perSecond: TESTERS_PER_SECOND, headers });
  }

  /** Waits until testers meet this version, then finds no other in what they get. */
  async leadsTestersTo(image: string): Promise<void> {
    const load = this.#testers;
    assert.ok(load, 'there are testers');
    const others = async (count: number): Promise<number> => {
      const from = load.mark();
      await load.untilMore(count);
      return count - (load.since(from, from + count).byImage.get(image) ?? 0);
    };
    await until(`testers to meet ${image}`, async () => (await others(20)) === 0);
    assert.equal(await others(200), 0, `testers met another version than ${image}`);
  }

  /** Lets what is under way come to its end, then counts. */
  async close(report: (line: string) => void): Promise<void> {
    this.#watch.stop();
    await this.#load.untilMore(PER_SECOND);
    await this.#load.stop();
    await this.#testers?.stop();
    const testers = this.#testers?.since(0);
    if (testers !== undefined) report(`${testers.total} requests of testers, ${testers.lost.length} lost`);
    assert.deepEqual(testers?.lost.slice(0, 10) ?? [], [], 'testers lost no request');
    const tally = this.#load.since(0);
    report(`${tally.total} requests, ${tally.perSecond.toFixed(0)}/s, ${tally.lost.length} lost`);
    if (this.#splits.length > 0) report(`asked and measured: ${this.#splits.join(', ')}`);
    assert.deepEqual(tally.lost.slice(0, 10), [], `${tally.lost.length} of ${tally.total} requests were lost`);
    assert.ok(tally.perSecond >= PER_SECOND_MIN, `the load was ${tally.perSecond} requests a second`);
  }

  async #shareOfNext(count: number, image: string): Promise<number> {
    const from = this.#load.mark();
    await this.#load.untilMore(count);
    const { byImage, total } = this.#load.since(from);
    return (byImage.get(image) ?? 0) / total;
  }

  async #replicaSetOf(image: string): Promise<Manifest | undefined> {
    const all = await this.#scene.replicaSets();
    return all.find((one) => one['spec'].template.spec.containers[0].image === image);
  }
}

/** Five standard deviations of a share measured with so many requests; never nothing. */
function tolerance(count: number, share: number): number {
  return Math.max(5 * Math.sqrt((share * (1 - share)) / count), 0.5 / count);
}

async function answers(origin: string, host: string): Promise<boolean> {
  const load = startSteadyLoad({ origin, host, perSecond: 100 });
  await load.untilMore(20);
  await load.stop();
  return load.since(0).lost.length === 0;
}

/** Pods become ready when the process that plays them says so. */
function shop(canary: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const rollout = canaryRollout({
    name: 'shop',
    replicas: 4,
    steps: [20, 50, 80].flatMap((setWeight) => [{ setWeight }, { pause: {} }]),
    canary: {
      stableService: STABLE,
      canaryService: CANARY,
      scaleDownDelaySeconds: DELAY_SECONDS,
      abortScaleDownDelaySeconds: DELAY_SECONDS,
      ...canary,
    },
  }) as { readonly spec: { readonly template: Manifest } };
  const { template } = rollout.spec;
  const metadata = { ...template.metadata, annotations: { 'sim.headgate.dev/ready': 'false' } };
  return { ...rollout, spec: { ...rollout.spec, template: { ...template, metadata } } };
}
