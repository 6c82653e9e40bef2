import { readWords } from './read-options.ts';
import { targetOfKubeconfig } from '../test/contract/api-server/client.ts';
import { writeGolden, writePrinted } from '../test/conversations/golden.ts';
import { runKubectl, withoutChance } from '../test/conversations/kubectl.ts';
import { play, type Listener } from '../test/conversations/play.ts';
import { conversationOf, isAboutObjects } from '../test/conversations/recorded.ts';
import { recordStories } from '../test/conversations/story.ts';
import { TOPICS } from '../test/conversations/topics/all.ts';
import { COMMANDS } from '../test/conversations/topics/kubectl.ts';
import { STORIES } from '../test/conversations/topics/stories.ts';
import { openApiClient } from '../test/support/api-client.ts';
import { startPlane } from '../test/support/plane.ts';
import { installKinds } from '../test/support/world.ts';

/**
 * Asks a real kube-apiserver everything in test/conversations/topics, lets kubectl loose on it, and writes down what it answers in
 * test/golden. Then the stories are played on a whole control plane, and every call about them is written down as well.
 */
const USAGE = `
  npx node scripts/record-conversations.ts [TOPIC ...]    all topics, or those that are named: the others stay as they are
`;
const chosen = readWords(USAGE, [...Object.keys(TOPICS), 'kubectl', 'stories']);
const plane = await startPlane({ bare: true });
try {
  const api = openApiClient(plane.kubeconfig);
  await installKinds(api);
  await api.close();
  const listener = targetOfKubeconfig(plane.kubeconfig);
  for (const topic of Object.keys(TOPICS)) if (isChosen(topic)) await recordTopic(listener, topic);
  if (isChosen('kubectl')) await recordKubectl(listener);
  await listener.dispatcher.close();
} finally {
  await plane.stop();
}

if (isChosen('stories')) {
  const conversations = await recordStories(STORIES);
  writeGolden('stories', conversations);
  const requests = conversations.reduce((sum, { exchanges }) => sum + exchanges.length, 0);
  process.stdout.write(`stories: ${conversations.length}, ${requests} requests\n`);
}

function isChosen(topic: string): boolean {
  return chosen.length === 0 || chosen.includes(topic);
}

async function recordTopic(listener: Listener, topic: string): Promise<void> {
  const conversations = [];
  for (const { title, asks } of TOPICS[topic] ?? []) {
    conversations.push({ title, exchanges: await play({ listener, asks }) });
  }
  writeGolden(topic, conversations);
  process.stdout.write(`${topic}: ${conversations.length} conversations\n`);
}

async function recordKubectl(listener: Listener): Promise<void> {
  const { printed, calls, symbols } = await runKubectl(listener, COMMANDS);
  const exchanges = conversationOf(calls.filter(isAboutObjects), symbols);
  writeGolden('kubectl', [{ title: 'kubectl', exchanges }]);
  writePrinted(withoutChance(printed, symbols));
  process.stdout.write(`kubectl: ${printed.length} commands, ${exchanges.length} requests\n`);
}
