import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_CHRONICLE } from './chronicle.ts';
import type { RolloutView } from './rollout-view.ts';
import { judge } from './verdict.ts';
import type { Evidence } from './verdict.ts';

const rollout: RolloutView = {
  tag: '1.1.0',
  phase: 'Healthy',
  message: '',
  stepIndex: 7,
  steps: [],
  stableHash: 'good',
  currentHash: 'good',
  aborted: false,
  observed: true,
  desired: 4,
  available: 4,
  paused: false,
};

const asItShouldBe: Evidence = {
  goodTag: '1.1.0',
  badTag: '1.2.0-bad',
  chronicle: { ...EMPTY_CHRONICLE, promoted: ['1.0.0', '1.1.0'], aborted: [{ tag: '1.2.0-bad', hash: 'bad' }] },
  rollout,
  answeredAfterPromotion: ['1.1.0'],
  answeredAtEnd: ['1.1.0'],
  load: {
    requests: 1_000,
    lost: 0,
    losses: [],
    byVersion: new Map([['1.2.0-bad', { answered: 50, failed: 18 }]]),
    recent: { seconds: 5, byVersion: new Map() },
  },
  slackMessages: 1,
  commitsAfterBad: [{ sha: 'revert', tree: 'stable-tree' }],
  goodTree: 'stable-tree',
  waitedInVain: [],
};

test('a story that ended as it should is true in every point', () => {
  assert.deepEqual(judge(asItShouldBe), {
    result: { promoted: true, aborted: true, reverted: 'revert', slackMessages: 1, requests: 1_000, lost: 0 },
    failures: [],
  });
});

const WRONG: readonly (readonly [
  what: string,
  change: Partial<Evidence>,
  failure: RegExp,
  field?: keyof ReturnType<typeof judge>['result'],
])[] = [
  ['never promoted', { chronicle: { ...asItShouldBe.chronicle, promoted: ['1.0.0'] } }, /never promoted/, 'promoted'],
  ['old version still answering', { answeredAfterPromotion: ['1.0.0', '1.1.0'] }, /1\.0\.0, 1\.1\.0/, 'promoted'],
  ['nobody answering', { answeredAfterPromotion: [] }, /answered: none/, 'promoted'],
  ['never aborted', { chronicle: { ...asItShouldBe.chronicle, aborted: [] } }, /never aborted/, 'aborted'],
  [
    'bad version still answering',
    { answeredAtEnd: ['1.1.0', '1.2.0-bad'] },
    /in the end these versions answered/,
    'aborted',
  ],
  [
    'bad version promoted',
    { chronicle: { ...asItShouldBe.chronicle, promoted: ['1.1.0', '1.2.0-bad'] } },
    /was promoted/,
  ],
  [
    'good version aborted',
    {
      chronicle: {
        ...asItShouldBe.chronicle,
        aborted: [...asItShouldBe.chronicle.aborted, { tag: '1.1.0', hash: 'x' }],
      },
    },
    /1\.1\.0 was aborted/,
  ],
  [
    'weight risen after the abort',
    { chronicle: { ...asItShouldBe.chronicle, roseAfterAbort: [{ tag: 'x', from: 0, to: 10 }] } },
    /rose after an abort: 0 to 10/,
  ],
  ['bad version never reached', { load: { ...asItShouldBe.load, byVersion: new Map() } }, /never got a request/],
  ['no revert', { commitsAfterBad: [] }, /0 commits after the bad one/, 'reverted'],
  [
    'two reverts',
    { commitsAfterBad: [...asItShouldBe.commitsAfterBad, { sha: 'again', tree: 'stable-tree' }] },
    /2 commits after/,
  ],
  [
    'a revert with another tree',
    { commitsAfterBad: [{ sha: 'revert', tree: 'other' }] },
    /does not have the tree/,
    'reverted',
  ],
  ['a Rollout that is not at rest', { rollout: { ...rollout, phase: 'Degraded' } }, /is Degraded with 1\.1\.0/],
  ['no Rollout', { rollout: undefined }, /is absent/],
  ['no message', { slackMessages: 0 }, /Slack got 0 messages/],
  ['two messages', { slackMessages: 2 }, /Slack got 2 messages/],
  ['lost requests', { load: { ...asItShouldBe.load, lost: 3 } }, /3 requests were lost/],
  ['no requests', { load: { ...asItShouldBe.load, requests: 0 } }, /no request was sent/],
  ['a wait in vain', { waitedInVain: ['Slack is told'] }, /waited in vain for: Slack is told/],
];

for (const [what, change, failure, field] of WRONG) {
  test(`says what was not true: ${what}`, () => {
    const { result, failures } = judge({ ...asItShouldBe, ...change });

    assert.ok(
      failures.some((text) => failure.test(text)),
      failures.join('\n'),
    );
    if (field !== undefined) assert.ok(result[field] === false || result[field] === null);
  });
}
