import { openApiClient } from '../test/support/api-client.ts';
import { startPlane } from '../test/support/plane.ts';
import { installKinds } from '../test/support/world.ts';
import { targetOfKubeconfig } from '../test/contract/api-server/client.ts';
import { writeGolden } from '../test/conversations/golden.ts';
import { play } from '../test/conversations/play.ts';
import { TOPICS } from '../test/conversations/topics/all.ts';

/**
 * Asks a real kube-apiserver everything in test/conversations/topics and writes down what it answers, in
 * test/golden/conversations. Names of topics as arguments leave the others as they are.
 */
const chosen = process.argv.slice(2);
const plane = await startPlane({ bare: true });
try {
  const api = openApiClient(plane.kubeconfig);
  await installKinds(api);
  await api.close();
  const listener = targetOfKubeconfig(plane.kubeconfig);
  for (const [topic, scripts] of Object.entries(TOPICS)) {
    if (chosen.length > 0 && !chosen.includes(topic)) continue;
    const conversations = [];
    for (const { title, asks } of scripts) {
      conversations.push({ title, exchanges: await play({ listener, asks }) });
    }
    writeGolden(topic, conversations);
    process.stdout.write(`${topic}: ${conversations.length} conversations\n`);
  }
  await listener.dispatcher.close();
} finally {
  await plane.stop();
}
