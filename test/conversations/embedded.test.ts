import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Agent } from 'undici';
import { createSystemClock } from '../../src/adapters/clock/system-clock.ts';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import { gatewayApiCrds } from '../../src/kube-memory/builtin/gateway-api.ts';
import { startKubeMemory, type KubeMemory } from '../../src/kube-memory/server.ts';
import { acceptanceOf, differencesBetween, textOf, type Difference } from './compare.ts';
import { ACCEPTED_DIFFERENCES, type AcceptedDifference } from './differences.ts';
import { readGolden, recordedTopics } from './golden.ts';
import { eventCountsOf, play, type Listener } from './play.ts';

/** The embedded API answers what a real kube-apiserver answered, as test/golden/conversations keeps it. */
describe('the embedded API answers as a real one did', () => {
  let server: KubeMemory;
  let listener: Listener & { readonly dispatcher: Agent };
  const used = new Set<AcceptedDifference>();

  before(async () => {
    server = await startKubeMemory({ clock: createSystemClock({ keepAlive: false }), collectsGarbage: false });
    for (const crd of [...customResourceDefinitions(), ...gatewayApiCrds])
      server.store.create('customresourcedefinitions.apiextensions.k8s.io', crd);
    listener = { url: server.url, headers: {}, dispatcher: new Agent() };
  });
  after(async () => {
    await listener.dispatcher.close();
    await server.stop();
  });

  for (const topic of recordedTopics()) {
    describe(topic, () => {
      for (const { title, exchanges } of readGolden(topic)) {
        it(title, async () => {
          const asks = exchanges.map(({ ask }) => ask);
          const told = await play({ listener, asks, eventCounts: eventCountsOf(exchanges) });
          assert.deepEqual(differencesBetween(exchanges, told).filter(isNotAccepted).map(textOf), []);
        });
      }
    });
  }

  it('accepts no difference that does not show', () => {
    const unneeded = ACCEPTED_DIFFERENCES.filter((accepted) => !used.has(accepted));
    assert.deepEqual(
      unneeded.map(({ what }) => what),
      [],
    );
  });

  function isNotAccepted(difference: Difference): boolean {
    const accepted = acceptanceOf(difference, ACCEPTED_DIFFERENCES);
    if (accepted !== undefined) used.add(accepted);
    return accepted === undefined;
  }
});
