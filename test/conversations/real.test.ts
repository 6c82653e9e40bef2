import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { targetOfKubeconfig } from '../contract/api-server/client.ts';
import { openApiClient } from '../support/api-client.ts';
import { startPlane, type Plane } from '../support/plane.ts';
import { clusterSkipReason, installKinds } from '../support/world.ts';
import { differencesBetween, textOf } from './compare.ts';
import { readGolden, recordedTopics } from './golden.ts';
import { eventCountsOf, play, type Listener } from './play.ts';

const skip =
  clusterSkipReason() ??
  (process.env['HEADGATE_TEST_KUBECONFIG'] === undefined
    ? undefined
    : 'an API server of its own is needed, which nobody else changes: unset HEADGATE_TEST_KUBECONFIG');

/** What is kept as the answers of a real kube-apiserver is what one answers. */
describe('a real kube-apiserver answers as it was recorded', { skip }, () => {
  let plane: Plane | undefined;
  let listener: ReturnType<typeof targetOfKubeconfig> | undefined;

  before(async () => {
    plane = await startPlane({ bare: true });
    const api = openApiClient(plane.kubeconfig);
    await installKinds(api);
    await api.close();
    listener = targetOfKubeconfig(plane.kubeconfig);
  });
  after(async () => {
    await listener?.dispatcher.close();
    await plane?.stop();
  });

  for (const topic of recordedTopics()) {
    describe(topic, () => {
      for (const { title, exchanges } of readGolden(topic)) {
        it(title, async () => {
          const asks = exchanges.map(({ ask }) => ask);
          const told = await play({ listener: listener as Listener, asks, eventCounts: eventCountsOf(exchanges) });
          assert.deepEqual(differencesBetween(exchanges, told).map(textOf), []);
        });
      }
    });
  }
});
