import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import { startController, type RunningController } from '../../src/main/run-controller.ts';
import type { ApiClient, Manifest } from '../support/api-client.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import { installLaterCrds, installPruningCrds } from '../support/other-crds.ts';
import { recordedWorlds, restoreWorld, type LeftBy } from '../support/recorded-world.ts';
import { sharedGuard } from '../support/shared-guard.ts';
import { onEachControlPlane } from '../support/stories.ts';
import { testOptions } from '../support/test-options.ts';
import { openCluster, Scene, until, type Cluster } from '../support/world.ts';

const NAME = 'shop';
const HASH = 'rollouts-pod-template-hash';
/** Long enough for several passes over everything, short enough that nothing recorded comes to its time. */
const SETTLE_MS = 3_000;
/** Worlds in which the update goes on by itself at once. */
const MOVING: readonly string[] = ['canary-mid-step-later', 'canary-steps-done'];
/** Worlds without an update under way. */
const RESTED: readonly string[] = [
  'blue-green-healthy',
  'blue-green-scale-down-delay',
  'canary-healthy',
  'canary-restarting',
  'nginx-promoted-delay',
];
/** Worlds whose new pods never become ready: only another version can be promoted. */
const STUCK: readonly string[] = [
  'blue-green-before-cut-over',
  'canary-deadline',
  'canary-deadline-abort',
  'canary-mid-step',
  'canary-superseded',
  'nginx-mid-step',
];
/** Pauses that end by themselves: when the promotion is waited for, they must not end early. */
const TIMED: readonly string[] = ['blue-green-auto-promotion-seconds', 'canary-timed-pause'];
/** The first version of a Rollout cannot be aborted. */
const FIRST = 'canary-first-version';

/** What a take-over must leave alone. */
interface Snapshot {
  readonly pods: readonly string[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly routed: Readonly<Record<string, unknown>>;
  readonly runs: readonly string[];
  readonly position: Readonly<Record<string, unknown>>;
}

interface World {
  readonly name: string;
  readonly end: 'promote' | 'abort';
  readonly scene: Scene;
  before?: Snapshot;
}

interface Case {
  readonly title: string;
  readonly left: LeftBy;
  readonly crds?: (api: ApiClient) => Promise<void>;
  readonly changed?: (object: Manifest) => Manifest;
}

const CASES: readonly Case[] = [
  { title: 'another controller', left: 'take-over' },
  { title: 'another controller, with CRDs that prune', left: 'take-over', crds: installPruningCrds },
  { title: 'an earlier version', left: 'earlier-version' },
  { title: 'a later version', left: 'earlier-version', crds: installLaterCrds, changed: asLaterVersion },
];

for (const { title, left: by, crds, changed } of CASES) {
  onEachControlPlane(`worlds left by ${title}`, {}, (server) => {
    let cluster: Cluster;
    let prometheus: FakePrometheus;
    let controller: RunningController;
    const worlds: World[] = [];

    before(async () => {
      cluster = await openCluster(server);
      await crds?.(cluster.api);
      prometheus = await startFakePrometheus();
      prometheus.answer('good', { value: 0.01 });
      for (const name of recordedWorlds(by)) {
        for (const end of ['promote', 'abort'] as const) {
          worlds.push({ name, end, scene: await Scene.open(cluster.api, end, { waitMsMax: 90_000, pollMs: 200 }) });
        }
      }
      const input = { prometheus: prometheus.url, left: by, changed };
      await Promise.all(worlds.map(({ name, scene }) => restoreWorld(scene, name, input)));
      for (const world of worlds) world.before = await snapshotOf(world.scene);
      controller = await startController(testOptions(cluster.kubeconfig), SILENT_LOG, sharedGuard);
      await controller.whenActing();
      await delay(SETTLE_MS);
    });
    after(async () => {
      await controller.stop();
      await Promise.all(worlds.map(({ scene }) => scene.close()));
      await prometheus.close();
      await cluster.stop();
    });

    it('are as they were when Headgate has looked at them', async (t) => {
      for (const { name, end, scene, before: left } of worlds) {
        if (end === 'abort') continue;
        await t.test(name, async () => {
          const now = await snapshotOf(scene);
          if (!MOVING.includes(name)) assert.deepEqual(now, left);
          assert.deepEqual(Object.keys(now.sizes), Object.keys(left?.sizes ?? {}), 'no version was made or removed');
          const rollout = await scene.rollout(NAME);
          assert.equal(rollout['status'].observedGeneration, String(rollout.metadata.generation));
        });
      }
    });

    it('keep what this version does not know', { skip: changed === undefined }, async () => {
      for (const { scene } of worlds) assert.deepEqual(laterIn(await scene.rollout(NAME)), LATER);
    });

    it('go on to a promotion, and back after an abort', async (t) => {
      prometheus.answer('bad', { value: 0.01 });
      const ends = worlds.map(async ({ name, end, scene, before: left }) => {
        if (end === 'promote') await promote(scene, name);
        else if (name !== FIRST) await abort(scene, name, left);
      });
      for (const [index, ended] of (await Promise.allSettled(ends)).entries()) {
        const { name = '', end = '' } = worlds[index] ?? {};
        await t.test(`${name}: ${end}`, async () => {
          if (ended.status === 'rejected') throw ended.reason;
          const { scene } = worlds[index] ?? {};
          if (changed !== undefined && scene !== undefined) assert.deepEqual(laterIn(await scene.rollout(NAME)), LATER);
        });
      }
    });
  });
}

const LATER_CONDITION = {
  type: 'Later',
  status: 'True',
  reason: 'Later',
  message: 'a later version says so',
  lastUpdateTime: '2026-01-01T00:00:00Z',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const LATER = { status: 'a', canary: 'b', headgate: 'c', condition: LATER_CONDITION, annotation: 'd' };

/** What a version that is not written yet might leave behind: more fields, conditions and annotations. */
function asLaterVersion(object: Manifest): Manifest {
  const annotations = { ...object.metadata.annotations, 'headgate.dev/later': LATER.annotation };
  const metadata = { ...object.metadata, annotations };
  if (object.kind !== 'Rollout') return { ...object, metadata };
  const { status } = object;
  return {
    ...object,
    metadata,
    status: {
      ...status,
      later: LATER.status,
      canary: { ...status.canary, later: LATER.canary },
      headgate: { ...status.headgate, later: LATER.headgate },
      conditions: [...status.conditions, LATER_CONDITION],
    },
  };
}

function laterIn({ status, metadata }: Manifest): unknown {
  return {
    status: status.later,
    canary: status.canary?.later,
    headgate: status.headgate?.later,
    condition: status.conditions.find(({ type }: { type: string }) => type === 'Later'),
    annotation: metadata.annotations?.['headgate.dev/later'],
  };
}

async function promote(scene: Scene, name: string): Promise<void> {
  const { status, spec } = await scene.rollout(NAME);
  if (RESTED.includes(name) || STUCK.includes(name))
    await scene.patchSpec(NAME, { ...templateOf({ ready: null }), ...PATIENT });
  else if (status.abort === true) await scene.patchStatus(NAME, { abort: false });
  if (spec.paused === true) await scene.patchSpec(NAME, { paused: false });
  if (RESTED.includes(name) || STUCK.includes(name) || status.abort === true)
    await scene.untilRollout(NAME, 'under way', (now) => isSeen(now) && now['status'].abort !== true);
  if (TIMED.includes(name)) await untilTimedPauseEnds(scene, status.pauseConditions[0].startTime);
  else if (name !== FIRST) await scene.patchStatus(NAME, { promoteFull: true });
  const healthy = await scene.untilPhase(NAME, 'Healthy');
  assert.equal(healthy['status'].stableRS, healthy['status'].currentPodHash);
  await untilAllOnStable(scene);
}

async function untilTimedPauseEnds(scene: Scene, startTime: string): Promise<void> {
  await scene.untilRollout(NAME, 'on its way again', ({ status }) => status.pauseConditions === undefined);
  assert.ok(Date.now() >= Date.parse(startTime) + 60_000, 'the pause lasts as long as it was meant to');
}

async function abort(scene: Scene, name: string, left: Snapshot | undefined): Promise<void> {
  if (RESTED.includes(name)) {
    const { currentPodHash: current } = left?.position ?? {};
    await scene.patchSpec(NAME, templateOf({ ready: 'false' }));
    await scene.untilRollout(NAME, 'under way', ({ status }) => status.currentPodHash !== current);
  }
  // What is promoted in the meantime has nothing to abort.
  if (isPromoted(await scene.rollout(NAME))) return;
  await scene.patchStatus(NAME, { abort: true });
  const ended = await scene.untilRollout(
    NAME,
    'aborted',
    (now) => now['status'].phase === 'Degraded' || isPromoted(now),
  );
  if (isPromoted(ended)) return assert.ok(MOVING.includes(name), `${name} was promoted`);
  assert.equal(ended['status'].stableRS, left?.position['stableRS']);
  await untilAllOnStable(scene);
}

/** The recorded deadlines are those of a fast machine. */
const PATIENT = { progressDeadlineSeconds: 600 };

/** The template of another version, whose pods become ready or never do. */
function templateOf({ ready }: { readonly ready: 'false' | null }): object {
  const annotations = { 'sim.headgate.dev/ready': ready };
  return { template: { metadata: { annotations }, spec: { containers: [{ name: 'main', image: 'shop:9' }] } } };
}

function isPromoted({ status }: Manifest): boolean {
  return status.currentPodHash === status.stableRS;
}

function isSeen({ status, metadata }: Manifest): boolean {
  return status.observedGeneration === String(metadata.generation);
}

/** The stable version has its size and all traffic; the others are gone, or are to go. */
async function untilAllOnStable(scene: Scene): Promise<void> {
  await until(
    `all of ${scene.namespace} to be on its stable version`,
    async () => {
      const [rollout, replicaSets, services, ingresses] = await Promise.all([
        scene.rollout(NAME),
        scene.replicaSets(),
        scene.list('services'),
        scene.list('ingresses.networking.k8s.io'),
      ]);
      const { stableRS } = rollout['status'];
      const sized = replicaSets
        .filter(({ metadata }) => metadata.labels?.[HASH] !== undefined)
        .every((one) =>
          one.metadata.labels?.[HASH] === stableRS
            ? one['status'].availableReplicas === rollout['spec'].replicas
            : one['spec'].replicas === 0 || one.metadata.annotations?.['scale-down-deadline'] !== undefined,
        );
      const active = services.find(
        ({ metadata }) => metadata.name === `${NAME}-active` || metadata.name === `${NAME}-stable`,
      );
      const weight = ingresses.map(
        (one) => one.metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'] ?? '0',
      );
      return (
        sized &&
        (active === undefined || active['spec'].selector[HASH] === stableRS) &&
        weight.every((one) => one === '0')
      );
    },
    async () => ({
      status: (await scene.rollout(NAME))['status'],
      sets: (await scene.replicaSets()).map(({ metadata, spec }) => [
        metadata.name,
        metadata.annotations,
        spec.replicas,
      ]),
    }),
    { waitMsMax: 90_000, pollMs: 250 },
  );
}

async function snapshotOf(scene: Scene): Promise<Snapshot> {
  const [pods, replicaSets, services, ingresses, runs, rollout] = await Promise.all([
    scene.list('pods'),
    scene.replicaSets(),
    scene.list('services'),
    scene.list('ingresses.networking.k8s.io'),
    scene.list('analysisruns.argoproj.io'),
    scene.rollout(NAME),
  ]);
  const { status } = rollout;
  return {
    pods: pods.map(({ metadata }) => metadata.uid ?? '').sort(),
    sizes: Object.fromEntries(replicaSets.map((one) => [one.metadata.name, one['spec'].replicas as number])),
    routed: Object.fromEntries([...services, ...ingresses].map((one) => [one.metadata.name, routingOf(one)])),
    runs: runs.map(({ metadata }) => metadata.name).sort(),
    position: standardOf(status),
  };
}

/** What moves by itself, and what only Headgate knows. */
const BESIDES = ['conditions', 'headgate', 'duration', 'message', 'HPAReplicas'];

/** The fields by which either controller goes on: all but those, and nothing that says as much as its absence. */
function standardOf(status: Readonly<Record<string, unknown>>): Snapshot['position'] {
  const kept = Object.entries(status).filter(([name]) => !BESIDES.includes(name) && !/replicas$/i.test(name));
  return compact(Object.fromEntries(kept)) as Snapshot['position'];
}

function compact(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    // The state of a run is that of the run, which goes on.
    const found = name === 'status' ? undefined : compact(field);
    const isEmpty = typeof found === 'object' && found !== null && Object.keys(found).length === 0;
    return found === undefined || found === false || found === '' || isEmpty ? [] : [[name, found] as const];
  });
  return Object.fromEntries(entries);
}

function routingOf({ spec, metadata }: Manifest): unknown {
  return { selector: spec.selector, weight: metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'] };
}
