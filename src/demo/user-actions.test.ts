import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KINDS } from '../api/kinds.ts';
import type { KubeObject } from '../api/kube-object.ts';
import { FakeKube } from './fake-kube.ts';
import type { RunningStage } from './stage.ts';
import { createUserActions } from './user-actions.ts';

function rollout(status: Record<string, unknown>): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace: 'demo' },
    spec: { strategy: { canary: { steps: [{ setWeight: 10 }, { pause: {} }] } } },
    status: { currentPodHash: 'new', stableRS: 'old', ...status },
  };
}

function createStage(): {
  kube: FakeKube;
  tags: string[];
  kills: () => number;
  act: ReturnType<typeof createUserActions>;
} {
  const kube = new FakeKube();
  const tags: string[] = [];
  let killed = 0;
  const stage = {
    kube,
    repository: { commitTag: (tag: string) => Promise.resolve(tags.push(tag)) },
    controller: { kill: () => killed++ },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the actions use nothing else of the stage
  return { kube, tags, kills: () => killed, act: createUserActions(stage as unknown as RunningStage) };
}

test('each commit is a new version', async () => {
  const { tags, act } = createStage();
  for (const action of ['good', 'bad', 'good'] as const) await act(action);

  assert.deepEqual(tags, ['1.3.0', '1.4.0-bad', '1.5.0']);
});

test('commands are the patches of the API', async () => {
  const { kube, act } = createStage();
  const bodies: unknown[] = [];
  const send = async (action: Parameters<typeof act>[0], status: Record<string, unknown>): Promise<void> => {
    kube.put(KINDS.rollout, rollout(status));
    await act(action);
    const write = kube.writes.at(-1);
    assert.ok(write?.verb === 'patch' && write.subresource === 'status' && write.patchType === 'merge');
    bodies.push(write.body);
  };

  await send('abort', {});
  await send('promoteFull', {});
  await send('promote', { pauseConditions: [{ reason: 'CanaryPauseStep' }], currentStepIndex: 1 });
  await send('promote', { currentStepIndex: 0 });
  await send('promote', { currentStepIndex: 2 });

  assert.deepEqual(bodies, [
    { status: { abort: true } },
    { status: { promoteFull: true } },
    { status: { pauseConditions: null } },
    { status: { pauseConditions: null, currentStepIndex: 1 } },
    { status: {} },
  ]);
});

test('commands nothing where no update is under way', async () => {
  const { kube, act } = createStage();
  kube.put(KINDS.rollout, rollout({ stableRS: 'new' }));

  assert.match(await act('abort'), /no update is under way/);
  assert.equal(kube.writes.length, 0);
});

test('kills the controller', async () => {
  const { act, kills } = createStage();
  await act('kill');

  assert.equal(kills(), 1);
});

test('says when there is nothing to command yet', async () => {
  await assert.rejects(createStage().act('abort'), /no Rollout yet/);
});
