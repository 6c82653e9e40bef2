import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conflict, fakeSession } from '../../test/support/cli-session.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { Rollout, RolloutSpec, RolloutStatus } from '../api/rollout.ts';
import { promoteVerb, skipVerb } from './promotion.ts';

const STEPS = [{ setWeight: 20 }, { pause: {} }, { setWeight: 40 }];
const CANARY: RolloutSpec = { strategy: { canary: { steps: STEPS } } };
const UPDATE: RolloutStatus = { stableRS: 'a', currentPodHash: 'b', currentStepIndex: 1 };
const PAUSE = { pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }] } as const;

function rollout(spec: RolloutSpec, status: RolloutStatus): Rollout {
  const metadata = { name: 'shop', namespace: 'web', resourceVersion: '7' };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata, spec, status };
}

/** What was sent: the subresource, and the patch without its guard. */
function sent(write: KubeWrite): unknown {
  assert.ok(write.verb === 'patch' && write.patchType === 'merge');
  const { metadata: _guard, ...body } = write.body as Record<string, unknown>;
  return write.subresource === undefined ? body : { [write.subresource]: body };
}

describe('headgate promote', () => {
  const CASES: readonly (readonly [string, Rollout, unknown[]])[] = [
    ['ends a pause step', rollout(CANARY, { ...UPDATE, ...PAUSE }), [{ status: { status: { pauseConditions: [] } } }]],
    [
      'ends the pause and the step after an inconclusive analysis',
      rollout(CANARY, {
        ...UPDATE,
        ...PAUSE,
        controllerPause: true,
        canary: { currentStepAnalysisRunStatus: { name: 'run', status: 'Inconclusive' } },
      }),
      [{ status: { status: { pauseConditions: null, controllerPause: false, currentStepIndex: 2 } } }],
    ],
    [
      'skips the step that runs',
      rollout(CANARY, UPDATE),
      [{ status: { status: { pauseConditions: null, currentStepIndex: 2 } } }],
    ],
    [
      'stops at the end of the steps',
      rollout(CANARY, { ...UPDATE, currentStepIndex: 3 }),
      [{ status: { status: { pauseConditions: null, currentStepIndex: 3 } } }],
    ],
    [
      'resumes what was paused by hand, too',
      rollout({ ...CANARY, paused: true }, { ...UPDATE, ...PAUSE }),
      [{ status: { status: { pauseConditions: [] } } }, { spec: { paused: false } }],
    ],
    [
      'ends the pause before a switch',
      rollout({ strategy: { blueGreen: { activeService: 'shop' } } }, { ...UPDATE, ...PAUSE }),
      [{ status: { status: { pauseConditions: [] } } }],
    ],
    ['leaves alone what is done', rollout(CANARY, { ...UPDATE, currentPodHash: 'a', currentStepIndex: 3 }), []],
  ];

  for (const [title, given, expected] of CASES) {
    it(title, async () => {
      const fake = fakeSession({ objects: [given] });

      assert.equal(await promoteVerb(fake.session, { words: ['shop'], full: false }), 0);

      assert.deepEqual(fake.written.map(sent), expected);
    });
  }

  it('promotes fully, also what was paused by hand', async () => {
    const fake = fakeSession({ objects: [rollout({ ...CANARY, paused: true }, UPDATE)] });

    await promoteVerb(fake.session, { words: ['shop'], full: true });

    assert.deepEqual(fake.written.map(sent), [
      { status: { status: { promoteFull: true } } },
      { spec: { paused: false } },
    ]);
    assert.deepEqual(fake.printed, ["rollout 'shop' fully promoted in namespace web (context dev)"]);
  });

  it('looks again when the Rollout went on in between, and never takes a step twice', async () => {
    let refusals = 1;
    const fake = fakeSession({
      objects: [rollout(CANARY, UPDATE)],
      onWrite: () => {
        if (refusals-- > 0) throw conflict();
      },
    });

    await promoteVerb(fake.session, { words: ['shop'], full: false });

    assert.equal(fake.written.length, 1);
    const [write] = fake.written;
    const body = write?.verb === 'patch' ? (write.body as { metadata: { resourceVersion: string } }) : undefined;
    assert.equal(body?.metadata.resourceVersion, '7');
  });

  it('gives up when others are always faster', async () => {
    const fake = fakeSession({
      objects: [rollout(CANARY, UPDATE)],
      onWrite: () => {
        throw conflict();
      },
    });

    await assert.rejects(promoteVerb(fake.session, { words: ['shop'], full: false }), /changed again and again/);
  });
});

describe('headgate skip', () => {
  async function skip(to?: number | 'end'): Promise<readonly [string | undefined, unknown]> {
    const fake = fakeSession({ objects: [rollout(CANARY, { ...UPDATE, currentStepIndex: 0 })] });
    await skipVerb(fake.session, { words: ['shop'], to });
    return [fake.printed[0], fake.written.map(sent)[0]];
  }

  it('leaves out the step at work', async () => {
    assert.deepEqual(await skip(), [
      "rollout 'shop' skipped to step 2 of 3 (pause) in namespace web (context dev)",
      { status: { status: { pauseConditions: null, currentStepIndex: 1 } } },
    ]);
  });

  it('goes to a step, counted from 1, or to the end', async () => {
    assert.deepEqual((await skip(3))[1], { status: { status: { pauseConditions: null, currentStepIndex: 2 } } });
    assert.deepEqual((await skip('end'))[1], { status: { status: { pauseConditions: null, currentStepIndex: 3 } } });
    await assert.rejects(skip(9), /--to-step 9: rollout 'shop' has 3 steps/);
  });
});
