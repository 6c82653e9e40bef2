import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { forkInNamespace, namespaceRefusal } from '../support/network-namespace.ts';
import { nginxRefusal } from '../support/nginx.ts';
import { dataPlaneFiles } from '../support/plane.ts';
import type { StoryTold } from '../support/traffic-lab.ts';
import { TRAFFIC_STORIES } from '../support/traffic-stories.ts';

const LAB = join(import.meta.dirname, '..', 'support', 'traffic-lab.ts');
const STORY_MS_MAX = 240_000;

describe('on real data planes', { skip: skipReason(), concurrency: 2 }, () => {
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
      const told = await tell(lab, number);
      for (const line of told.report) t.diagnostic(line);
      if (told.failure !== undefined) assert.fail(told.failure);
    });
  }
});

/** Stories are told two at a time; each answer bears the number of its story. */
function tell(lab: ChildProcess, number: number): Promise<StoryTold> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the lab ended'));
    const heard = (told: StoryTold): void => {
      if (told.number !== number) return;
      lab.off('message', heard).off('exit', ended);
      resolve(told);
    };
    lab.on('message', heard).on('exit', ended);
    lab.send(number);
  });
}

/** Only a real plane that is our own will do: everything has to be inside its namespace. */
function skipReason(): string | undefined {
  if (process.env['HEADGATE_CLUSTER'] === 'required') return undefined;
  if (process.env['HEADGATE_CLUSTER'] !== 'auto' || dataPlaneFiles() === undefined)
    return 'set HEADGATE_CLUSTER=required (after npm run cluster -- build) to send traffic through a real data plane';
  return nginxRefusal() ?? namespaceRefusal();
}
