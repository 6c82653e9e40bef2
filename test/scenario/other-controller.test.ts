import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { canaryRollout } from '../support/manifests.ts';
import { metricLines } from '../support/metric-lines.ts';
import { startStage, type Stage } from '../support/stage.ts';
import { onEachControlPlane } from '../support/stories.ts';
import { conditionOf, Scene, until } from '../support/world.ts';

const OTHER = 'rollouts-controller';
const GAUGE = 'headgate_contested_rollouts';

onEachControlPlane('another controller at work on the same Rollouts', {}, (name) => {
  let stage: Stage;
  let scene: Scene;

  before(async () => {
    stage = await startStage(name);
    scene = await Scene.open(stage.api, 'contested');
  });
  after(async () => {
    await scene.close();
    await stage.stop();
  });

  async function writeAsOther(rollout: string, status: object): Promise<void> {
    const path = scene.path('rollouts.argoproj.io', rollout);
    await stage.api.patch(`${path}/status?fieldManager=${OTHER}`, { status });
  }

  async function gauge(): Promise<string | undefined> {
    const [line] = await metricLines(stage.controller, `${GAUGE} `);
    return line?.slice(GAUGE.length + 1);
  }

  function warnings(rollout: string): Promise<readonly string[]> {
    return scene.eventLines(rollout).then((lines) => lines.filter((line) => line.includes('OtherController')));
  }

  it('what it wrote before is none of ours to tell of', async () => {
    const rollout = canaryRollout({ name: 'taken', replicas: 1, steps: [{ setWeight: 50 }, { pause: {} }] });
    await stage.api.apply(scene.path('rollouts.argoproj.io', 'taken'), rollout, OTHER);

    const healthy = await scene.untilPhase('taken', 'Healthy');

    assert.equal(conditionOf(healthy, 'Contested'), undefined);
    assert.equal(await gauge(), '0');
  });

  it('a write of it is told by a condition, an event and a gauge, once however much it writes', async () => {
    await scene.apply(canaryRollout({ name: 'shop', replicas: 1, steps: [{ setWeight: 50 }, { pause: {} }] }));
    await scene.untilPhase('shop', 'Healthy');

    await writeAsOther('shop', { message: 'mine' });
    const told = await scene.untilRollout('shop', 'told of', (now) => conditionOf(now, 'Contested') !== undefined);
    for (const message of ['still mine', 'mine again']) {
      await writeAsOther('shop', { message });
      await scene.untilRollout('shop', 'put right', ({ status }) => status.message !== message);
    }
    await until('the event', async () => (await warnings('shop')).length > 0);
    await stage.untilQuiet(scene);

    const now = await scene.rollout('shop');
    assert.deepEqual(conditionOf(now, 'Contested'), conditionOf(told, 'Contested'));
    assert.match(conditionOf(now, 'Contested')?.message ?? '', /rollouts-controller writes to this Rollout too/);
    assert.equal((await warnings('shop')).length, 1);
    assert.equal(await gauge(), '1');
    assert.equal(conditionOf(await scene.rollout('taken'), 'Contested'), undefined);
  });
});
