import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { targetOfKubeconfig } from '../contract/api-server/client.ts';
import { openApiClient } from '../support/api-client.ts';
import { startControllerProcess } from '../support/controller-process.ts';
import { startFakePrometheus } from '../support/fake-prometheus.ts';
import type { KillStory } from '../support/kill-stories.ts';
import { startPlane } from '../support/plane.ts';
import { startRecordingProxy, type RecordedCall, type RecordingProxy } from '../support/recording-proxy.ts';
import { installKinds, Scene } from '../support/world.ts';
import type { Conversation } from './conversation.ts';
import { kubeconfigFor } from './kubectl.ts';
import { conversationOf } from './recorded.ts';
import { Symbols } from './symbols.ts';

const PATIENCE = { waitMsMax: 60_000, pollMs: 250 };
/** So long the controllers get to come to rest. */
const REST_MS = 3_000;
const STORYTELLER = 'headgate-test';

/** Plays each story on a real control plane on which everybody goes through one proxy, and tells what was said in its namespace. */
export async function recordStories(stories: readonly KillStory[]): Promise<readonly Conversation[]> {
  let proxy: RecordingProxy | undefined;
  let proxied = '';
  const plane = await startPlane({
    through: async (kubeconfig) => {
      proxy = await startRecordingProxy(targetOfKubeconfig(kubeconfig));
      proxied = `${kubeconfig}.proxied`;
      writeFileSync(proxied, kubeconfigFor(proxy.url));
      return proxied;
    },
  });
  const api = openApiClient(plane.kubeconfig);
  try {
    await installKinds(api);
    const conversations: Conversation[] = [];
    for (const story of stories)
      conversations.push(await recordStory(story, { kubeconfig: proxied, calls: proxy?.calls ?? [] }));
    return conversations;
  } finally {
    await api.close();
    await proxy?.close();
    await plane.stop();
  }
}

async function recordStory(
  story: KillStory,
  world: { readonly kubeconfig: string; readonly calls: readonly RecordedCall[] },
): Promise<Conversation> {
  const api = openApiClient(world.kubeconfig);
  const prometheus = await startFakePrometheus();
  prometheus.answer('good', { value: 0.01 });
  prometheus.answer('bad', { value: 0.5 });
  const from = world.calls.length;
  const scene = await Scene.open(api, 'story', PATIENCE);
  const { namespace } = scene;
  const controller = startControllerProcess({
    kubeconfig: world.kubeconfig,
    args: ['--leader-elect=false', '--namespaced', `--namespace=${namespace}`, '--weight-verification-min-delay=100ms'],
  });
  try {
    await scene.apply(...story.manifests(prometheus.url));
    await story.play(scene);
    await delay(REST_MS);
    await api.delete(scene.path('rollouts.argoproj.io', story.name));
    await delay(REST_MS);
    const calls = world.calls.slice(from).filter((call) => isOfStory(call, namespace));
    return { title: story.name, exchanges: conversationOf(calls, new Symbols(namespace)) };
  } finally {
    await controller.stop();
    await prometheus.close();
    await scene.close();
    await api.close();
  }
}

/** All that was said of the namespace, but for the looks of whoever tells the story, and the scheduler's events of a group that only it uses. */
function isOfStory({ call, agent }: RecordedCall, namespace: string): boolean {
  const isLook = agent.startsWith(STORYTELLER) && call.startsWith('GET ');
  return !isLook && call.includes(`/namespaces/${namespace}/`) && !call.includes('/events.k8s.io/');
}
