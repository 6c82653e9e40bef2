import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { seededRandom } from '../../src/lib/random.ts';
import { startControllerProcess, type ControllerProcess } from '../support/controller-process.ts';
import { endStateOf } from '../support/end-state.ts';
import { startFakePrometheus, type FakePrometheus } from '../support/fake-prometheus.ts';
import { KILL_STORIES } from '../support/kill-stories.ts';
import { startKiller, type Killer } from '../support/killer.ts';
import { watchPauses } from '../support/pause-watch.ts';
import { clusterSkipReason, openCluster, Scene, type Cluster } from '../support/world.ts';

const INSTANCE = 'argo-rollouts.argoproj.io/controller-instance-id';
const KILLS_MIN = 200;
/** A controller that hardly ever lives gets on slowly. */
const PATIENCE = { waitMsMax: 150_000, pollMs: 250 };
const SEED = Number(process.env['HEADGATE_SEED'] ?? Date.now() % 1_000_000);

describe('a controller that is killed', { skip: clusterSkipReason() }, () => {
  let cluster: Cluster;
  let prometheus: FakePrometheus;
  let compileCache: string;
  let undisturbed: unknown;

  before(async () => {
    compileCache = mkdtempSync(join(tmpdir(), 'headgate-compiled-'));
    cluster = await openCluster('cluster');
    prometheus = await startFakePrometheus();
    prometheus.answer('good', { value: 0.01 });
    prometheus.answer('bad', { value: 0.5 });
    const controller = start('reference', ['--leader-elect=false']);
    try {
      undisturbed = await playAll('reference');
    } finally {
      await controller.stop();
    }
  });
  after(async () => {
    await prometheus.close();
    await cluster.stop();
    rmSync(compileCache, { recursive: true, force: true });
  });

  it(`ends every story as if nothing had happened, after ${KILLS_MIN} kills`, async (t) => {
    t.diagnostic(`HEADGATE_SEED=${SEED}`);
    const alone = ['--leader-elect=false'];
    const elected = [
      '--leader-election-namespace=default',
      '--leader-election-lease-duration=2s',
      '--leader-election-renew-deadline=1500ms',
      '--leader-election-retry-period=200ms',
    ];
    const killers = [
      startKiller({ replicas: 1, start: () => start('one', alone), random: seededRandom(SEED), lifeMsMax: 1_500 }),
      startKiller({ replicas: 1, start: () => start('two', alone), random: seededRandom(SEED + 1), lifeMsMax: 4_000 }),
      startKiller({
        replicas: 2,
        start: () => start('pair', elected),
        random: seededRandom(SEED + 2),
        lifeMsMax: 3_000,
      }),
    ];
    let rounds = 0;
    const startedMs = performance.now();

    async function playUntilEnough(instance: string): Promise<void> {
      do {
        assert.deepEqual(await playAll(instance), undisturbed);
        rounds += 1;
      } while (total(killers) < KILLS_MIN);
    }
    try {
      await Promise.all(['one', 'two', 'pair'].map(playUntilEnough));
    } finally {
      await Promise.all(killers.map((killer) => killer.stop()));
    }

    const lease = await cluster.api.get(`/apis/coordination.k8s.io/v1/namespaces/default/leases/${LEASE}-pair`);
    const changes = lease?.['spec'].leaseTransitions as number;
    t.diagnostic(
      `${total(killers)} kills in ${rounds} rounds of ${KILL_STORIES.length} stories, ${changes} leader changes, ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`,
    );
    assert.ok(changes > 0, 'the leader changed');
  });

  function start(instance: string, args: readonly string[]): ControllerProcess {
    return startControllerProcess({
      kubeconfig: cluster.kubeconfig,
      args: [`--instance-id=${instance}`, '--weight-verification-min-delay=100ms', ...args],
      compileCache,
    });
  }

  /** All stories at once in a namespace of their own, for the controllers with this id. */
  async function playAll(instance: string): Promise<unknown> {
    const scene = await Scene.open(cluster.api, 'kill', PATIENCE);
    const pauses = watchPauses(scene);
    try {
      const manifests = KILL_STORIES.flatMap((story) => story.manifests(prometheus.url));
      await scene.apply(...manifests.map((manifest) => labelled(manifest as Labelled, instance)));
      await Promise.all(KILL_STORIES.map((story) => story.play(scene)));
      assert.deepEqual(pauses.tooShort(), []);
      return { pauses: pauses.seen(), ...(await endStateOf(scene)) };
    } finally {
      pauses.stop();
      await scene.close();
    }
  }
});

const LEASE = 'argo-rollouts-controller-lock';

function total(killers: readonly Killer[]): number {
  return killers.reduce((sum, { kills }) => sum + kills, 0);
}

interface Labelled {
  readonly kind: string;
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}

function labelled(manifest: Labelled, instance: string): object {
  const labels = { ...manifest.metadata.labels, [INSTANCE]: instance };
  return { ...manifest, metadata: { ...manifest.metadata, labels } };
}
