import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Metric } from '../analysis.ts';
import { validateAnalysisTemplate } from './analysis-template.ts';
import { metricsFault } from './metric.ts';

describe('metricsFault', () => {
  const cases: readonly (readonly [Partial<Metric>, string | undefined])[] = [
    [{}, undefined],
    [{ count: 3, interval: '1m' }, undefined],
    [{ count: '3', interval: '1m', failureLimit: '3' }, undefined],
    [{ interval: '{{args.interval}}', count: '{{args.count}}' }, undefined],
    [{ failureLimit: -1, consecutiveSuccessLimit: 2 }, undefined],
    [{ count: 3 }, 'interval must be specified when count > 1'],
    [{ count: 1, failureLimit: 2 }, 'count (1) must be >= failureLimit + consecutiveSuccessLimit (2 + 0) if both >= 0'],
    [
      { count: 3, interval: '1m', failureLimit: 2, consecutiveSuccessLimit: 2 },
      'count (3) must be >= failureLimit + consecutiveSuccessLimit (2 + 2) if both >= 0',
    ],
    [
      { count: 2, interval: '1m', failureLimit: -1, consecutiveSuccessLimit: 3 },
      'count must be >= consecutiveSuccessLimit',
    ],
    [{ count: 1, inconclusiveLimit: 2 }, 'count must be >= inconclusiveLimit'],
    [{ interval: 'often' }, 'invalid interval string: time: invalid duration "often"'],
    [{ initialDelay: '5' }, 'invalid startDelay string: time: missing unit in duration "5"'],
    [{ interval: '5d' }, 'invalid interval string: time: unknown unit "d" in duration "5d"'],
    [{ failureLimit: -1 }, 'failureLimit and consecutiveSuccessLimit cannot both be disabled'],
    [{ failureLimit: -2 }, 'failureLimit must be >= 0, or -1 to be disabled'],
    [{ consecutiveSuccessLimit: -1 }, 'consecutiveSuccessLimit must be >= 0'],
    [{ inconclusiveLimit: -1 }, 'inconclusiveLimit must be >= 0'],
    [{ consecutiveErrorLimit: -1 }, 'consecutiveErrorLimit must be >= 0'],
    [{ provider: {} }, 'no provider specified'],
    [{ provider: { prometheus: {}, graphite: {} } }, 'multiple providers specified'],
  ];
  for (const [changes, fault] of cases) {
    it(`finds ${fault ?? 'nothing wrong'} in ${JSON.stringify(changes)}`, () => {
      assert.equal(metricsFault([metric(changes)]), fault === undefined ? undefined : `metrics[0]: ${fault}`);
    });
  }

  it('wants at least one metric, and each name once', () => {
    assert.equal(metricsFault([]), 'no metrics specified');
    assert.equal(metricsFault([metric({}), metric({})]), "metrics[1]: duplicate name 'rate'");
  });
});

describe('validateAnalysisTemplate', () => {
  it('accepts a template that only names others', () => {
    assert.deepEqual(validateAnalysisTemplate({ spec: { templates: [{ templateName: 'other' }] } }), []);
    assert.equal(validateAnalysisTemplate({ spec: {} }).length, 1);
  });

  it('refuses an argument with two sources', () => {
    const args = [{ name: 'host', value: 'a', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];

    assert.deepEqual(
      validateAnalysisTemplate({ spec: { metrics: [metric({})], args } }).map((problem) => problem.message),
      ["spec.args: Internal error: arg 'host' has both Value and ValueFrom fields"],
    );
  });
});

function metric(changes: Partial<Metric>): Metric {
  return { name: 'rate', provider: { prometheus: { query: 'up' } }, ...changes };
}
