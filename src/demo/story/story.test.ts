import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import type { DemoRepository } from '../git-repository/demo-repository.ts';
import { LoadStatistics } from '../load/load-statistics.ts';
import { repeat } from '../terminal/display.ts';
import { EMPTY_CHRONICLE } from './chronicle.ts';
import type { Chronicle } from './chronicle.ts';
import { playStory } from './story.ts';
import type { Stage } from './story.ts';
import { judge } from './verdict.ts';
import type { Evidence } from './verdict.ts';
import type { World } from './world.ts';

/** A world in which Headgate does what it should, as fast as the story looks. */
class ScriptedWorld {
  readonly clock = new VirtualClock();
  readonly load = new LoadStatistics();
  readonly control = new AbortController();
  commits = [{ sha: 'first', subject: 'Deploy', author: 'Developer' }];
  chronicle: Chronicle = { ...EMPTY_CHRONICLE, promoted: ['1.0.0'] };
  running = '1.0.0';
  slack: string[] = [];
  loadStopped = false;
  /** What Headgate does about a commit. */
  react: (tag: string) => void = (tag) => (tag.endsWith('-bad') ? this.abort(tag) : this.promote(tag));

  promote(tag: string): void {
    this.running = tag;
    this.chronicle = { ...this.chronicle, promoted: [...this.chronicle.promoted, tag] };
  }

  abort(tag: string): void {
    this.load.record({ type: 'answered', status: 500, version: tag, pod: 'p' }, this.clock.nowMs() - 5_000);
    this.chronicle = { ...this.chronicle, aborted: [{ tag, hash: tag }] };
    this.commits = [{ sha: 'revert', subject: 'Revert', author: 'Headgate' }, ...this.commits];
    this.slack = ['aborted'];
  }

  readonly world = (): World => ({
    atMs: this.clock.nowMs(),
    elapsedMs: this.clock.nowMs(),
    headline: '',
    rollout: {
      tag: this.running,
      phase: 'Healthy',
      message: '',
      stepIndex: 0,
      steps: [],
      stableHash: this.running,
      currentHash: this.running,
      aborted: false,
      observed: true,
      desired: 1,
      available: 1,
      paused: false,
    },
    weights: { stable: 100, canary: 0 },
    revisions: [{ hash: this.running, revision: '1', tag: this.running, role: 'stable', ready: 1, pods: 1, wanted: 1 }],
    measurements: [],
    load: this.load.snapshot(this.clock.nowMs()),
    commits: this.commits,
    slack: this.slack,
    controller: { pid: 1, restarts: 0 },
  });

  readonly repository: DemoRepository = {
    url: '',
    branch: 'main',
    bareDirectory: '',
    commitTag: (tag, subject) => {
      this.commits = [{ sha: tag, subject, author: 'Developer' }, ...this.commits];
      this.react(tag);
      return Promise.resolve(tag);
    },
    log: () => Promise.resolve(this.commits),
    head: () => Promise.resolve(this.commits[0]?.sha ?? ''),
    treeOf: (sha) => Promise.resolve(sha === 'revert' || sha === '1.1.0' ? 'good-tree' : sha),
    messageOf: () => Promise.resolve(''),
    fileAt: () => Promise.resolve(''),
  };

  /** Plays the story with steady load and the clock running on as soon as nothing else is to be done. */
  async play(): Promise<Evidence | undefined> {
    const stage: Stage = {
      clock: this.clock,
      world: this.world,
      chronicle: () => this.chronicle,
      repository: this.repository,
      say: () => undefined,
      stopLoad: () => {
        this.loadStopped = true;
        return Promise.resolve();
      },
      signal: this.control.signal,
      endByMs: this.clock.nowMs() + 112_000,
    };
    const stopLoad = repeat(this.clock, 200, () => {
      this.load.record({ type: 'answered', status: 200, version: this.running, pod: 'p' }, this.clock.nowMs());
    });
    let done = false;
    const playing = playStory(stage).finally(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.step();
    }
    stopLoad();
    return playing;
  }
}

test('plays good, then bad, and finds everything true where Headgate does its work', async () => {
  const world = new ScriptedWorld();

  const evidence = await world.play();

  assert.ok(evidence !== undefined && world.loadStopped);
  assert.deepEqual(judge(evidence).failures, []);
  assert.equal(judge(evidence).result.reverted, 'revert');
});

test('ends in time and says what it waited for where nothing happens', async () => {
  const world = new ScriptedWorld();
  world.react = () => undefined;
  const startMs = world.clock.nowMs();

  const evidence = await world.play();

  assert.deepEqual(evidence?.waitedInVain, ['1.1.0 is promoted']);
  assert.ok(world.clock.nowMs() - startMs < 112_000);
  assert.equal(judge(evidence).result.promoted, false);
});

test('does not take a bad version that was promoted for an abort', async () => {
  const world = new ScriptedWorld();
  world.react = (tag) => world.promote(tag);

  const evidence = await world.play();

  assert.deepEqual(evidence?.waitedInVain, ['1.2.0-bad is aborted']);
  assert.equal(judge(evidence).result.aborted, false);
});

test('stops when the user takes over', async () => {
  const world = new ScriptedWorld();
  world.react = () => world.control.abort();

  assert.equal(await world.play(), undefined);
  assert.equal(world.loadStopped, false);
});
