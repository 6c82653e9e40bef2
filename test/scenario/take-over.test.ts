import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import { controllerDefaults } from '../../src/main/controller-options.ts';
import { startController, type RunningController } from '../../src/main/run-controller.ts';
import type { Manifest } from '../support/api-client.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import { installPruningCrds } from '../support/pruning-crds.ts';
import { recordedWorlds, restoreWorld } from '../support/recorded-world.ts';
import { sharedGuard } from '../support/shared-guard.ts';
import { clusterSkipReason, openCluster, Scene, until, type Cluster } from '../support/world.ts';

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

for (const server of ['embedded', 'cluster'] as const satisfies readonly Cluster['name'][]) {
  for (const crds of ['our CRDs', 'CRDs that prune'] as const) {
    const skip = server === 'cluster' ? clusterSkipReason() : undefined;
    describe(`worlds left by another controller, with ${crds}, on the ${server} control plane`, { skip }, () => {
      let cluster: Cluster;
      let prometheus: FakePrometheus;
      let controller: RunningController;
      const worlds: World[] = [];

      before(async () => {
        cluster = await openCluster(server);
        if (crds === 'CRDs that prune') await installPruningCrds(cluster.api);
        prometheus = await startFakePrometheus();
        prometheus.answer('good', { value: 0.01 });
        for (const name of recordedWorlds()) {
          for (const end of ['promote', 'abort'] as const) {
            worlds.push({ name, end, scene: await Scene.open(cluster.api, end, { waitMsMax: 90_000, pollMs: 200 }) });
          }
        }
        await Promise.all(worlds.map(({ name, scene }) => restoreWorld(scene, name, { prometheus: prometheus.url })));
        for (const world of worlds) world.before = await snapshotOf(world.scene);
        controller = await startController(
          {
            ...controllerDefaults(),
            kubeconfig: cluster.kubeconfig,
            metricsHost: '127.0.0.1',
            metricsPort: 0,
            healthzPort: 0,
            weightVerificationMinDelay: 100,
          },
          SILENT_LOG,
          sharedGuard,
        );
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

      it('go on to a promotion, and back after an abort', async (t) => {
        prometheus.answer('bad', { value: 0.01 });
        const ends = worlds.map(async ({ name, end, scene, before: left }) => {
          if (end === 'promote') await promote(scene, name);
          else if (name !== FIRST) await abort(scene, name, left);
        });
        for (const [index, ended] of (await Promise.allSettled(ends)).entries()) {
          const { name = '', end = '' } = worlds[index] ?? {};
          await t.test(`${name}: ${end}`, () => {
            if (ended.status === 'rejected') throw ended.reason;
          });
        }
      });
    });
  }
}

async function promote(scene: Scene, name: string): Promise<void> {
  const { status, spec } = await scene.rollout(NAME);
  if (RESTED.includes(name) || STUCK.includes(name)) await scene.patchSpec(NAME, templateOf({ ready: null }));
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
    const { current } = left?.position ?? {};
    await scene.patchSpec(NAME, templateOf({ ready: 'false' }));
    await scene.untilRollout(NAME, 'under way', ({ status }) => status.currentPodHash !== current);
  }
  const { status } = await scene.rollout(NAME);
  // What was promoted in the meantime has nothing to abort.
  if (status.currentPodHash === status.stableRS) return;
  await scene.patchStatus(NAME, { abort: true });
  const degraded = await scene.untilPhase(NAME, 'Degraded');
  assert.equal(degraded['status'].stableRS, left?.position['stable']);
  await untilAllOnStable(scene);
}

/** The template of another version, whose pods become ready or never do. */
function templateOf({ ready }: { readonly ready: 'false' | null }): unknown {
  const annotations = { 'sim.headgate.dev/ready': ready };
  return { template: { metadata: { annotations }, spec: { containers: [{ name: 'main', image: 'shop:9' }] } } };
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
    position: {
      phase: status.phase,
      step: status.currentStepIndex,
      current: status.currentPodHash,
      stable: status.stableRS,
      aborted: status.abort === true,
      pauses: status.pauseConditions,
      weights: [status.canary?.weights?.canary?.weight, status.canary?.weights?.stable?.weight],
      active: status.blueGreen?.activeSelector,
    },
  };
}

function routingOf({ spec, metadata }: Manifest): unknown {
  return { selector: spec.selector, weight: metadata.annotations?.['nginx.ingress.kubernetes.io/canary-weight'] };
}
