import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { familyOf } from '../../test/support/cli-family.ts';
import { fakeSession, forbidden } from '../../test/support/cli-session.ts';
import { PureWorld, rolloutOf } from '../../test/support/pure-world.ts';
import { abortVerb, pauseVerb, restartVerb, resumeVerb, retryVerb, terminateVerb } from './commands.ts';
import { historyVerb } from './history.ts';
import type { Session } from './session.ts';
import { setImageVerb } from './set-image.ts';
import { undoVerb } from './undo.ts';

const updated = (): PureWorld =>
  new PureWorld(rolloutOf({ replicas: 2, canary: { steps: [{ setWeight: 50 }, { pause: {} }] } }))
    .advance(60_000)
    .image('v2')
    .advance(60_000);

const EXPERIMENT = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Experiment', metadata: { name: 'trial' } };
const RUN = { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata: { name: 'run' } };

describe('verbs that are one patch', () => {
  const family = familyOf(updated());
  const CASES: readonly (readonly [string, (session: Session) => Promise<number>, string, string])[] = [
    [
      'abort',
      (session) => abortVerb(session, ['shop']),
      'rollouts/shop status {"status":{"abort":true}}',
      "rollout 'shop' aborted",
    ],
    [
      'retry',
      (session) => retryVerb(session, ['shop']),
      'rollouts/shop status {"status":{"abort":false}}',
      "rollout 'shop' retried",
    ],
    [
      'retry experiment',
      (session) => retryVerb(session, ['experiment', 'trial']),
      'experiments/trial {"status":null}',
      "experiment 'trial' retried",
    ],
    [
      'pause',
      (session) => pauseVerb(session, ['shop']),
      'rollouts/shop {"spec":{"paused":true}}',
      "rollout 'shop' paused",
    ],
    [
      'resume',
      (session) => resumeVerb(session, ['shop']),
      'rollouts/shop {"spec":{"paused":false}}',
      "rollout 'shop' resumed",
    ],
    [
      'restart',
      (session) => restartVerb(session, { words: ['shop'] }),
      'rollouts/shop {"spec":{"restartAt":"2026-01-01T00:02:00Z"}}',
      "rollout 'shop' restarts now",
    ],
    [
      'restart --in',
      (session) => restartVerb(session, { words: ['shop'], inMs: 90_000 }),
      'rollouts/shop {"spec":{"restartAt":"2026-01-01T00:03:30Z"}}',
      "rollout 'shop' restarts in 1m30s",
    ],
    [
      'restart --at',
      (session) => restartVerb(session, { words: ['shop'], atMs: Date.UTC(2026, 2, 1) }),
      'rollouts/shop {"spec":{"restartAt":"2026-03-01T00:00:00Z"}}',
      "rollout 'shop' restarts at 2026-03-01T00:00:00Z",
    ],
    [
      'terminate analysisrun',
      (session) => terminateVerb(session, ['analysisrun', 'run']),
      'analysisruns/run {"spec":{"terminate":true}}',
      "analysisrun 'run' terminated",
    ],
    [
      'terminate experiment',
      (session) => terminateVerb(session, ['exp/trial']),
      'experiments/trial {"spec":{"terminate":true}}',
      "experiment 'trial' terminated",
    ],
  ];

  for (const [title, run, expected, said] of CASES) {
    it(`${title} sends exactly that, and says where`, async () => {
      const fake = fakeSession({ ...family, objects: [...family.objects, EXPERIMENT, RUN] });

      assert.equal(await run(fake.session), 0);

      const [write] = fake.written;
      assert.ok(write?.verb === 'patch');
      const target = [
        `${write.ref.kind.plural}/${write.ref.name}`,
        write.subresource ?? '',
        JSON.stringify(write.body),
      ];
      assert.equal(target.filter((part) => part !== '').join(' '), expected);
      assert.deepEqual(fake.printed, [`${said} in namespace web (context dev)`]);
    });
  }

  it('an abort reads nothing first', async () => {
    const fake = fakeSession({ ...family, objects: [] });

    await abortVerb(fake.session, ['shop', 'other']);

    assert.equal(fake.written.length, 2);
  });

  it('says what nobody may expect: nothing to abort, a pause that goes on', async () => {
    const settled = fakeSession(familyOf(new PureWorld(rolloutOf()).quiesce()));
    await abortVerb(settled.session, ['shop']);
    assert.deepEqual(settled.noted, ['note: no update was under way, so nothing changes']);

    const paused = fakeSession(family);
    await resumeVerb(paused.session, ['shop']);
    assert.deepEqual(paused.noted, ['note: its pause (CanaryPauseStep) goes on; end it with: headgate promote shop']);
  });

  it('without the right for it, says which one is missing', async () => {
    const fake = fakeSession({
      ...family,
      onWrite: () => {
        throw forbidden();
      },
    });

    await assert.rejects(
      abortVerb(fake.session, ['shop']),
      /^CommandError: you may not patch rollouts\.argoproj\.io\/status in namespace web \(context dev\): ask for a Role with that verb/,
    );
  });

  it('terminate wants to know of which kind', async () => {
    await assert.rejects(
      async () => terminateVerb(fakeSession(family).session, ['run']),
      /analysisrun or experiment run$/,
    );
  });
});

describe('headgate set image', () => {
  it('changes the image of one container, guarded by its name', async () => {
    const fake = fakeSession(familyOf(updated()));

    await setImageVerb(fake.session, ['shop', 'app=v3']);

    assert.deepEqual(fake.written[0], {
      verb: 'patch',
      ref: fake.written[0]?.verb === 'patch' ? fake.written[0].ref : undefined,
      patchType: 'json',
      body: [
        { op: 'test', path: '/spec/template/spec/containers/0/name', value: 'app' },
        { op: 'add', path: '/spec/template/spec/containers/0/image', value: 'v3' },
      ],
    });
    assert.deepEqual(fake.printed, ["rollout 'shop' image updated (app=v3) in namespace web (context dev)"]);
  });

  it('changes the workload that the Rollout refers to', async () => {
    const { rollout, nowMs } = familyOf(updated());
    const { template, ...spec } = rollout.spec;
    const workload = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'work' }, spec: { template } };
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'work' };
    const fake = fakeSession({ nowMs, objects: [{ ...rollout, spec: { ...spec, workloadRef } }, workload] });

    await setImageVerb(fake.session, ['shop', '*=v3']);

    assert.deepEqual(fake.printed, ["deployment 'work' image updated (*=v3) in namespace web (context dev)"]);
  });

  it('names the containers that there are', async () => {
    await assert.rejects(
      setImageVerb(fakeSession(familyOf(updated())).session, ['shop', 'side=v3']),
      /there is no container 'side'; there is app/,
    );
  });
});

describe('headgate history and undo', () => {
  it('lists revisions with their parts', async () => {
    const fake = fakeSession(familyOf(updated()));

    await historyVerb(fake.session, { words: ['shop'], output: 'text' });

    assert.equal(
      fake.printed[0],
      `
REVISION  ROLE    REPLICASET       PODS  AGE  IMAGES  CHANGE-CAUSE
2         canary  shop-759bb68689  1     60s  v2      -
1         stable  shop-78894b6d56  1     2m   v1      -`.trimStart(),
    );
  });

  it('shows the template of one as it could be applied again', async () => {
    const fake = fakeSession(familyOf(updated()));

    await historyVerb(fake.session, { words: ['shop'], revision: 1, output: 'text' });

    assert.equal(
      fake.printed[0],
      'metadata:\n  labels:\n    app: shop\nspec:\n  containers:\n    - name: app\n      image: v1',
    );
  });

  it('goes back to the revision before, without what was added to its template', async () => {
    const fake = fakeSession(familyOf(updated()));

    await undoVerb(fake.session, { words: ['shop'] });

    const [write] = fake.written;
    assert.deepEqual(write?.verb === 'patch' ? (write.body as unknown[])[1] : undefined, {
      op: 'replace',
      path: '/spec/template',
      value: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'v1' }] } },
    });
    assert.deepEqual(fake.printed, [
      "rollout 'shop' undo: back to the template of revision 1 in namespace web (context dev)",
    ]);
  });

  it('does nothing for the revision that is wanted already, and names those that are kept', async () => {
    const fake = fakeSession(familyOf(updated()));

    await undoVerb(fake.session, { words: ['shop'], revision: 2 });

    assert.deepEqual(fake.written, []);
    assert.match(fake.printed[0] ?? '', /has the template of revision 2 already/);
    await assert.rejects(
      undoVerb(fake.session, { words: ['shop'], revision: 7 }),
      /no revision 7 any more; there is 2, 1/,
    );
  });
});
