import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { planeIsBuilt } from '../support/plane.ts';
import { readPrinted } from './golden.ts';
import { runKubectl, withoutChance, type Printed } from './kubectl.ts';
import { conversationOf, isAboutObjects } from './recorded.ts';
import { COMMANDS } from './topics/kubectl.ts';
import { withEmbeddedListener } from './embedded.ts';

const skip = planeIsBuilt() ? undefined : 'the kubectl of the test plane is needed: npm run cluster -- build';

/** Discovery, OpenAPI and everything else that kubectl reads serve it as a real server's do: it prints the same. */
describe('kubectl prints at the embedded API what it printed at a real one', { skip }, () => {
  const listener = withEmbeddedListener();
  let printed: readonly Printed[] = [];

  before(async () => {
    const session = await runKubectl(listener(), COMMANDS);
    // What the server made up is learnt from the calls.
    conversationOf(session.calls.filter(isAboutObjects), session.symbols);
    printed = withoutChance(session.printed, session.symbols);
  });

  for (const [index, recorded] of readPrinted().entries()) {
    it(recorded.command, () => assert.deepEqual(printed[index], recorded));
  }
});
