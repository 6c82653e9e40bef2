import type { Manifest } from './api-client.ts';
import { analysisTemplate, canaryRollout, httpRoute, service } from './manifests.ts';
import type { Scene } from './world.ts';

/** What a user does with one Rollout, whatever happens to the controller meanwhile. */
export interface KillStory {
  /** Of the Rollout. */
  readonly name: string;
  manifests(prometheus: string): readonly object[];
  play(scene: Scene): Promise<void>;
}

const SHORT_PAUSE = { pause: { duration: 1 } };
const PAUSE = { pause: {} };

export const KILL_STORIES: readonly KillStory[] = [
  {
    name: 'promoted',
    manifests: (prometheus) => [
      analysisTemplate({ name: 'good', address: prometheus, query: 'good', metric: { count: 2, interval: '500ms' } }),
      canaryRollout({
        name: 'promoted',
        replicas: 3,
        steps: [
          { setWeight: 30 },
          SHORT_PAUSE,
          { analysis: { templates: [{ templateName: 'good' }] } },
          { setWeight: 60 },
          SHORT_PAUSE,
        ],
      }),
    ],
    play: async (scene) => {
      await scene.untilPhase('promoted', 'Healthy');
      for (const image of ['shop:2', 'shop:3']) {
        await scene.setImage('promoted', image);
        await scene.untilPhase('promoted', 'Healthy');
      }
      await untilAllOnStable(scene, 'promoted', 3);
    },
  },
  {
    name: 'measured-bad',
    manifests: (prometheus) => [
      analysisTemplate({ name: 'bad', address: prometheus, query: 'bad' }),
      canaryRollout({
        name: 'measured-bad',
        replicas: 2,
        steps: [{ setWeight: 50 }, SHORT_PAUSE, { analysis: { templates: [{ templateName: 'bad' }] } }, PAUSE],
      }),
    ],
    play: async (scene) => {
      await scene.untilPhase('measured-bad', 'Healthy');
      await scene.setImage('measured-bad', 'shop:2');
      await scene.untilPhase('measured-bad', 'Degraded');
      await untilAllOnStable(scene, 'measured-bad', 2);
    },
  },
  {
    name: 'aborted-and-retried',
    manifests: () => [
      canaryRollout({
        name: 'aborted-and-retried',
        replicas: 4,
        steps: [{ setWeight: 25 }, PAUSE, { setWeight: 75 }, PAUSE],
      }),
    ],
    play: async (scene) => {
      const name = 'aborted-and-retried';
      await scene.untilPhase(name, 'Healthy');
      await scene.setImage(name, 'shop:2');
      await untilPausedAt(scene, name, 1);
      await scene.patchStatus(name, { abort: true });
      await scene.untilPhase(name, 'Degraded');
      await untilAllOnStable(scene, name, 4);
      await scene.patchStatus(name, { abort: false });
      await untilPausedAt(scene, name, 1);
      await scene.patchStatus(name, { pauseConditions: null });
      await untilPausedAt(scene, name, 3);
      await scene.patchStatus(name, { promoteFull: true });
      await scene.untilPhase(name, 'Healthy');
      await untilAllOnStable(scene, name, 4);
    },
  },
  {
    name: 'superseded',
    manifests: () => [canaryRollout({ name: 'superseded', replicas: 2, steps: [{ setWeight: 50 }, PAUSE] })],
    play: async (scene) => {
      await scene.untilPhase('superseded', 'Healthy');
      await scene.setImage('superseded', 'shop:2');
      await scene.untilPhase('superseded', 'Paused');
      await scene.setImage('superseded', 'shop:3');
      await scene.untilPhase('superseded', 'Paused');
      await scene.patchStatus('superseded', { pauseConditions: null });
      await scene.untilPhase('superseded', 'Healthy');
      await untilAllOnStable(scene, 'superseded', 2);
    },
  },
  {
    name: 'taken-back',
    manifests: () => [canaryRollout({ name: 'taken-back', replicas: 2, steps: [{ setWeight: 50 }, PAUSE] })],
    play: async (scene) => {
      await scene.untilPhase('taken-back', 'Healthy');
      await scene.setImage('taken-back', 'shop:2');
      await scene.untilPhase('taken-back', 'Paused');
      await scene.setImage('taken-back', 'shop:1');
      await scene.untilPhase('taken-back', 'Healthy');
      await untilAllOnStable(scene, 'taken-back', 2);
    },
  },
  {
    name: 'routed',
    manifests: () => routed('routed', [{ setWeight: 30 }, SHORT_PAUSE, { setWeight: 60 }, SHORT_PAUSE]),
    play: async (scene) => {
      await scene.untilPhase('routed', 'Healthy');
      await scene.setImage('routed', 'shop:2');
      await scene.untilPhase('routed', 'Healthy');
      await untilAllOnStable(scene, 'routed', 3);
    },
  },
  {
    name: 'routed-aborted',
    manifests: () => routed('routed-aborted', [{ setWeight: 30 }, SHORT_PAUSE, { setWeight: 60 }, PAUSE]),
    play: async (scene) => {
      await scene.untilPhase('routed-aborted', 'Healthy');
      await scene.setImage('routed-aborted', 'shop:2');
      await untilPausedAt(scene, 'routed-aborted', 3);
      await scene.patchStatus('routed-aborted', { abort: true });
      await scene.untilPhase('routed-aborted', 'Degraded');
      await untilAllOnStable(scene, 'routed-aborted', 3);
    },
  },
  {
    name: 'scaled-while-paused',
    manifests: () => [canaryRollout({ name: 'scaled-while-paused', replicas: 2, steps: [{ setWeight: 50 }, PAUSE] })],
    play: async (scene) => {
      const name = 'scaled-while-paused';
      await scene.untilPhase(name, 'Healthy');
      await scene.setImage(name, 'shop:2');
      await untilPausedAt(scene, name, 1);
      await scene.patchSpec(name, { replicas: 6 });
      await scene.untilRollout(name, 'scaled up', ({ status }) => status.availableReplicas === 6);
      await scene.patchStatus(name, { pauseConditions: null });
      await scene.untilPhase(name, 'Healthy');
      await untilAllOnStable(scene, name, 6);
    },
  },
];

/** A Rollout with an HTTPRoute that no data plane reads: a weight counts as obeyed after a while. */
function routed(name: string, steps: readonly unknown[]): readonly object[] {
  const services = { stable: `${name}-stable`, canary: `${name}-canary` };
  return [
    service(services.stable, name),
    service(services.canary, name),
    httpRoute(name, services),
    canaryRollout({
      name,
      replicas: 3,
      steps,
      canary: {
        stableService: services.stable,
        canaryService: services.canary,
        scaleDownDelaySeconds: 1,
        abortScaleDownDelaySeconds: 1,
        trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: name } } },
      },
    }),
  ];
}

function untilPausedAt(scene: Scene, name: string, stepIndex: number): Promise<Manifest> {
  return scene.untilRollout(name, `paused at step ${stepIndex}`, ({ metadata, status }) => {
    const observed = status.observedGeneration === String(metadata.generation);
    return observed && status.phase === 'Paused' && status.currentStepIndex === stepIndex;
  });
}

/** Nothing is left of other versions, and nothing is waited for but the user. */
function untilAllOnStable(scene: Scene, name: string, replicas: number): Promise<Manifest> {
  return scene.untilRollout(name, `of ${replicas} pods of the stable version`, ({ status }) => {
    const updated = status.currentPodHash === status.stableRS ? replicas : 0;
    const conditions = (status.conditions ?? []) as readonly { readonly type: string; readonly reason: string }[];
    return (
      status.replicas === replicas &&
      status.availableReplicas === replicas &&
      (status.updatedReplicas ?? 0) === updated &&
      conditions.every(({ type, reason }) => type !== 'Waiting' || reason === 'Retry')
    );
  });
}
