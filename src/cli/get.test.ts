import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { familyOf, waitingPod } from '../../test/support/cli-family.ts';
import { fakeSession, forbidden } from '../../test/support/cli-session.ts';
import { PureWorld, rolloutOf } from '../../test/support/pure-world.ts';
import { getVerb, type GetOptions } from './get.ts';
import { markOf, markText } from './view/mark.ts';
import { coloured } from './view/paint.ts';

const STEPS = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: { duration: '1h' } }];

function pausedCanary(): PureWorld {
  const world = new PureWorld(rolloutOf({ replicas: 2, canary: { steps: STEPS } }), { podStartMs: 1_000 });
  return world.advance(60_000).image('v2').advance(130_000);
}

describe('headgate get', () => {
  async function get(world: PureWorld, options: Partial<GetOptions> = {}): Promise<string> {
    const fake = fakeSession(familyOf(world));
    await getVerb(fake.session, { words: ['shop'], watch: false, output: 'text', ...options });
    return fake.printed.join('\n');
  }

  it('shows where an update stands, and all that belongs to it', async () => {
    const shown = await get(pausedCanary());

    assert.equal(
      shown,
      `
Name:            shop
Namespace:       web (context dev)
Status:          ॥ Paused
Message:         CanaryPauseStep
Waits for:       step 2 of 4 pauses until it is promoted
Strategy:        Canary
  Step:          1/4
                 ✔ setWeight: 50  ▶ pause  ○ setWeight: 75  ○ pause: 1h
  SetWeight:     50
  ActualWeight:  50
Images:          v1 (stable)
                 v2 (canary)
Replicas:
  Desired:       2
  Current:       2
  Updated:       1
  Ready:         2
  Available:     2

NAME                          KIND        STATUS     AGE    INFO
⟳ shop                        Rollout     ॥ Paused   3m10s
├──# revision:2
│  └──⧉ shop-759bb68689       ReplicaSet  ✔ Healthy  2m10s  canary
│     └──□ shop-759bb68689-1  Pod         ✔ Running  3m10s  ready:1/1
└──# revision:1
   └──⧉ shop-78894b6d56       ReplicaSet  ✔ Healthy  3m10s  stable
      └──□ shop-78894b6d56-1  Pod         ✔ Running  3m10s  ready:1/1`.trimStart(),
    );
  });

  it('says which pods are not well, and shows where they run with -o wide', async () => {
    const family = familyOf(pausedCanary(), (pod) => waitingPod(pod, 'CrashLoopBackOff', 'back-off 40s'));
    const fake = fakeSession(family);

    await getVerb(fake.session, { words: ['rollout/shop'], watch: false, output: 'wide' });

    const line = fake.printed.join('\n').split('\n').at(-1);
    assert.equal(
      line,
      '      └──□ shop-78894b6d56-1  Pod         ✖ CrashLoopBackOff  3m10s  ready:0/1,restarts:4  node-1 CrashLoopBackOff in container app: back-off 40s',
    );
  });

  it('gives programs the same as data', async () => {
    const data = JSON.parse(await get(pausedCanary(), { output: 'json' })) as Record<string, unknown>;

    assert.deepEqual([data['context'], data['phase'], data['stepsDone'], data['setWeight']], ['dev', 'Paused', 1, 50]);
    assert.deepEqual(data['images'], [
      { image: 'v1', tags: ['stable'] },
      { image: 'v2', tags: ['canary'] },
    ]);
    assert.match(await get(pausedCanary(), { output: 'yaml' }), /^phase: Paused$/m);
  });

  it('shows the two sides of a blue-green update', async () => {
    const blueGreen = { previewService: 'preview', autoPromotionEnabled: false };
    const world = new PureWorld(rolloutOf({ blueGreen })).quiesce().image('v2').quiesce();

    const shown = await get(world);

    assert.match(shown, /^Strategy: +BlueGreen\nImages: +v1 \(active, stable\)\n +v2 \(preview\)$/m);
    assert.match(shown, /ReplicaSet +✔ Healthy +\w+ +preview$/m);
    assert.match(shown, /ReplicaSet +✔ Healthy +\w+ +stable,active$/m);
  });

  it('after an abort marks no step as at work', async () => {
    const shown = await get(pausedCanary().command({ abort: true }).quiesce());

    assert.match(shown, /^Status: +✖ Degraded\nMessage: +RolloutAborted: Rollout aborted update to revision 2$/m);
    assert.match(shown, /^ +○ setWeight: 50 {2}○ pause {2}○ setWeight: 75/m);
    assert.match(shown, /^ {2}SetWeight: +0$/m);
  });

  it('does not believe a status that is older than the spec', async () => {
    const shown = await get(pausedCanary().image('v3'));

    assert.match(shown, /^Status: +◌ Progressing\nMessage: +waiting for rollout spec update to be observed$/m);
  });

  it('leaves out what may not be listed, and says so', async () => {
    const fake = fakeSession({
      ...familyOf(pausedCanary()),
      onList: (plural) => {
        if (plural === 'pods') throw forbidden();
      },
    });

    await getVerb(fake.session, { words: ['shop'], watch: false, output: 'text' });

    const shown = fake.printed.join('\n');
    assert.doesNotMatch(shown, /□/);
    assert.match(shown, /Not shown, as you may not list them in namespace web: pods$/);
  });

  it('names the Rollouts that there are when one is not found', async () => {
    const { session } = fakeSession(familyOf(pausedCanary()));

    await assert.rejects(
      getVerb(session, { words: ['rollout', 'shp'], watch: false, output: 'text' }),
      /^CommandError: rollout 'shp' not found in namespace web \(context dev\); there are shop\. Name another namespace with -n$/,
    );
  });

  it('is coloured where colours are wanted', () => {
    assert.equal(markText(markOf('Healthy'), coloured), '\u001B[32m✔\u001B[0m Healthy');
  });
});
