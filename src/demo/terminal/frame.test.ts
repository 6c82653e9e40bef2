import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { World } from '../story/world.ts';
import { renderFrame } from './frame.ts';
import type { FrameOptions } from './frame.ts';
import { KEYS_HELP } from './keys.ts';
import { newsBetween } from './news.ts';
import { bar, paint, renderLine } from './segments.ts';

const world: World = {
  atMs: 1_000_000,
  elapsedMs: 83_000,
  headline: 'a developer commits 1.2.0-bad',
  rollout: {
    tag: '1.2.0-bad',
    phase: 'Progressing',
    message: 'more replicas need to be updated',
    stepIndex: 1,
    steps: ['weight 10', 'pause 5s', 'analysis'],
    stableHash: 'aaa',
    currentHash: 'bbb',
    aborted: false,
    observed: true,
    desired: 4,
    available: 5,
    paused: false,
  },
  weights: { stable: 90, canary: 10 },
  revisions: [
    { hash: 'bbb', revision: '3', tag: '1.2.0-bad', role: 'canary', ready: 1, pods: 2, wanted: 2 },
    { hash: 'aaa', revision: '2', tag: '1.1.0', role: 'stable', ready: 4, pods: 4, wanted: 4 },
  ],
  measurements: [{ metric: 'error-rate', phase: 'Running', value: '[0.347826086956]' }],
  load: {
    requests: 4_000,
    lost: 0,
    losses: [],
    byVersion: new Map(),
    recent: {
      seconds: 5,
      byVersion: new Map([
        ['1.1.0', { answered: 360, failed: 0 }],
        ['1.2.0-bad', { answered: 40, failed: 14 }],
      ]),
    },
  },
  commits: [{ sha: '0123456789abcdef', subject: 'Release 1.2.0', author: 'Demo Developer' }],
  slack: ['shop was aborted\nerror-rate 0.35'],
  controller: { pid: 4711, restarts: 1 },
};

const options: FrameOptions = {
  columns: 110,
  rows: 40,
  colors: false,
  keys: ['q quit', 'q'],
  places: {
    kubeconfigPath: '/tmp/kc',
    gatewayUrl: 'http://gateway',
    prometheusUrl: 'http://prometheus',
    repository: '/tmp/shop.git',
  },
};

test('shows traffic, steps, errors, analysis, pods, requests, commits and messages', () => {
  assert.deepEqual(renderFrame(world, options), [
    'Headgate  a developer commits 1.2.0-bad  01:23',
    '',
    'Traffic    stable 1.1.0       ███████████████████████████░░░  90 %   measured  90 %   errors 0.0 %',
    '           canary 1.2.0-bad   ███░░░░░░░░░░░░░░░░░░░░░░░░░░░  10 %   measured  10 %   errors 35.0 %',
    '',
    'Rollout    Progressing  more replicas need to be updated',
    'Steps      ✓ weight 10  ▸ pause 5s  · analysis',
    'Analysis   error-rate     Running     [0.3478]',
    '',
    'Pods       revision 3   1.2.0-bad   ●○  1/2 canary',
    '           revision 2   1.1.0       ●●●●  4/4 stable',
    'Requests   4000  (80/s)   lost 0',
    '',
    'Git        01234567 Release 1.2.0  Demo Developer',
    'Slack      shop was aborted',
    '           error-rate 0.35',
    '',
    'Controller process 4711  started again 1 times',
    'Look       kubectl --kubeconfig /tmp/kc -n demo get rollouts,pods -w',
    '           Prometheus http://prometheus   gateway http://gateway   git /tmp/shop.git',
    '',
    'q quit',
  ]);
});

test('fits into any screen', () => {
  const lines = renderFrame(world, { ...options, columns: 30, rows: 8 });

  assert.equal(lines.length, 8);
  assert.ok(lines.every((line) => line.length <= 30));
  assert.equal(lines[2], 'Traffic    stable 1.1.0      …');
  assert.equal(lines.at(-1), 'q quit');
});

test('on 80 columns, measured numbers and every key are still there', () => {
  const lines = renderFrame(world, { ...options, columns: 80, keys: KEYS_HELP });

  assert.equal(lines[3], '           canary 1.2.0-bad   █░░░░░░░░░  10 %   measured  10 %   errors 35.0 %');
  assert.match(lines.at(-1) ?? '', /q quit$/);
  assert.ok(lines.every((line) => line.length <= 80));
});

test('shows something before anything is deployed', () => {
  const empty: World = {
    ...world,
    rollout: undefined,
    weights: undefined,
    revisions: [],
    measurements: [],
    commits: [],
    slack: [],
  };

  assert.match(renderFrame(empty, options).join('\n'), /nothing is deployed yet/);
});

test('an abort leaves no step done, a rest all of them', () => {
  const { rollout } = world;
  assert.ok(rollout !== undefined);
  const stepsOf = (change: Partial<typeof rollout>): string | undefined =>
    renderFrame({ ...world, rollout: { ...rollout, ...change } }, options).find((line) => line.startsWith('Steps'));

  assert.equal(stepsOf({ aborted: true, stepIndex: 0 }), 'Steps      · weight 10  · pause 5s  · analysis');
  assert.equal(stepsOf({ currentHash: 'aaa', stepIndex: 3 }), 'Steps      ✓ weight 10  ✓ pause 5s  ✓ analysis');
});

test('colours change no width', () => {
  assert.equal(renderLine([paint('ab', 'red'), paint('cd')], { columns: 4, colors: true }), '\x1b[31mab\x1b[0mcd');
  assert.equal(renderLine([paint('abc', 'red'), paint('de')], { columns: 4, colors: true }), '\x1b[31mabc\x1b[0m…');
  assert.equal(bar(1.2, 4) + bar(-1, 4) + bar(0.5, 4), '████░░░░██░░');
});

test('without a screen, tells what is new and nothing twice', () => {
  assert.deepEqual(newsBetween(undefined, world), [
    '  83.0s  == a developer commits 1.2.0-bad',
    '  83.0s  git: 01234567 Release 1.2.0 (Demo Developer)',
    '  83.0s  rollout: wants 1.2.0-bad',
    '  83.0s  rollout: Progressing: more replicas need to be updated',
    '  83.0s  rollout: step 2/3: pause 5s',
    '  83.0s  traffic: stable 90 %, canary 10 %',
    '  83.0s  analysis: error-rate [0.347826086956] Running',
    '  83.0s  slack: shop was aborted | error-rate 0.35',
    '  83.0s  controller: started again (process 4711)',
  ]);
  assert.deepEqual(newsBetween(world, world), []);
  const lost = { ...world.load, lost: 2, losses: [{ atMs: 1, reason: 'socket hang up' }] };
  assert.deepEqual(newsBetween(world, { ...world, load: lost }), ['  83.0s  requests: 2 of 4000 lost: socket hang up']);
});
