import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { forkInNamespace, namespaceRefusal } from '../support/network-namespace.ts';
import { dataPlaneFiles } from '../support/plane.ts';
import type { StoryTold } from '../support/traffic-lab.ts';
import { TRAFFIC_STORIES } from '../support/traffic-stories.ts';

const LAB = join(import.meta.dirname, '..', 'support', 'traffic-lab.ts');
const STORY_MS_MAX = 240_000;

describe('on a real data plane', { skip: skipReason() }, () => {
  let lab: ChildProcess;

  before(async () => {
    lab = forkInNamespace(LAB);
    const [word] = (await Promise.race([once(lab, 'message'), once(lab, 'exit')])) as readonly unknown[];
    assert.equal(word, 'ready', 'the lab opened');
  });
  after(async () => {
    if (lab.exitCode !== null || lab.signalCode !== null) return;
    const ended = once(lab, 'exit');
    lab.disconnect();
    const stubborn = setTimeout(() => lab.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(stubborn);
  });

  for (const [number, { title }] of TRAFFIC_STORIES.entries()) {
    it(title, { timeout: STORY_MS_MAX }, async (t) => {
      const answered = once(lab, 'message');
      lab.send(number);
      const [told] = (await answered) as [StoryTold];
      for (const line of told.report) t.diagnostic(line);
      if (told.failure !== undefined) assert.fail(told.failure);
    });
  }
});

/** Only a real plane that is our own will do: everything has to be inside its namespace. */
function skipReason(): string | undefined {
  if (process.env['HEADGATE_CLUSTER'] === 'required') return undefined;
  if (process.env['HEADGATE_CLUSTER'] !== 'auto' || dataPlaneFiles() === undefined)
    return 'set HEADGATE_CLUSTER=required (after npm run cluster -- build) to send traffic through a real data plane';
  return namespaceRefusal();
}
