import { KILL_STORIES, type KillStory } from '../../support/kill-stories.ts';
import { analysisTemplate, blueGreenRollout, service } from '../../support/manifests.ts';

/** Lives of Rollouts whose every call is recorded: of Headgate, of Kubernetes' controllers, of the scheduler and of the kubelets. */
export const STORIES: readonly KillStory[] = [
  ...['measured-bad', 'routed-aborted'].map(told),
  {
    name: 'blue-green',
    manifests: (prometheus) => [
      analysisTemplate({ name: 'good', address: prometheus, query: 'good' }),
      service('blue-green-active', 'blue-green'),
      service('blue-green-preview', 'blue-green'),
      blueGreenRollout({
        name: 'blue-green',
        replicas: 1,
        blueGreen: { scaleDownDelaySeconds: 1, prePromotionAnalysis: { templates: [{ templateName: 'good' }] } },
      }),
    ],
    play: async (scene) => {
      await scene.untilPhase('blue-green', 'Healthy');
      await scene.setImage('blue-green', 'shop:2');
      await scene.untilPhase('blue-green', 'Healthy');
    },
  },
];

function told(name: string): KillStory {
  const story = KILL_STORIES.find((each) => each.name === name);
  if (story === undefined) throw new Error(`there is no story ${name}`);
  return story;
}
