import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { acceptanceOf, differencesBetween, textOf, type Difference } from './compare.ts';
import { ACCEPTED_DIFFERENCES, type AcceptedDifference } from './differences.ts';
import { withEmbeddedListener } from './embedded.ts';
import { readGolden, recordedTopics } from './golden.ts';
import { eventCountsOf, play } from './play.ts';

/** The embedded API answers what a real kube-apiserver answered, as test/golden/conversations keeps it. */
describe('the embedded API answers as a real one did', () => {
  const listener = withEmbeddedListener();
  const used = new Set<AcceptedDifference>();

  for (const topic of recordedTopics()) {
    describe(topic, () => {
      for (const { title, exchanges } of readGolden(topic)) {
        it(title, async () => {
          const asks = exchanges.map(({ ask }) => ask);
          const told = await play({ listener: listener(), asks, eventCounts: eventCountsOf(exchanges) });
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
