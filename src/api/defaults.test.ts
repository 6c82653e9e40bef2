import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import {
  abortScaleDownDelayOf,
  metricLimitsOf,
  podCountOf,
  scaleDownDelaySecondsOf,
  updateBoundsOf,
  type IntOrPercent,
} from './defaults.ts';
import type { RolloutSpec } from './rollout.ts';

describe('what unset fields mean', () => {
  it('rounds surge up and unavailability down', () => {
    assert.deepEqual(updateBoundsOf({}, 10), { surge: 3, unavailable: 2 });
  });

  it('lets one pod be unavailable when both round to 0', () => {
    assert.deepEqual(updateBoundsOf({ maxSurge: '0%', maxUnavailable: '1%' }, 5), { surge: 0, unavailable: 1 });
  });

  it('never counts more unavailable pods than there are replicas', () => {
    assert.deepEqual(updateBoundsOf({ maxSurge: 0, maxUnavailable: 4 }, 2), { surge: 0, unavailable: 2 });
    assert.deepEqual(updateBoundsOf({ maxSurge: 0, maxUnavailable: 0 }, 0), { surge: 0, unavailable: 0 });
  });

  const counts: readonly (readonly [IntOrPercent, number, 'up' | 'down', number])[] = [
    [3, 10, 'up', 3],
    ['25%', 10, 'up', 3],
    ['25%', 10, 'down', 2],
    ['25', 10, 'down', 2],
    ['many', 10, 'up', 0],
  ];
  for (const [value, total, rounding, expected] of counts) {
    it(`takes ${JSON.stringify(value)} of ${total}, rounded ${rounding}, as ${expected} pods`, () => {
      assert.equal(podCountOf(value, total, rounding), expected);
    });
  }

  it('keeps old pods 30 seconds only where a router may still send them traffic', () => {
    const canary = (more: object): RolloutSpec => ({ strategy: { canary: more } });

    assert.equal(scaleDownDelaySecondsOf(canary({})), 0);
    assert.equal(scaleDownDelaySecondsOf(canary({ trafficRouting: { nginx: {} } })), 30);
    assert.equal(scaleDownDelaySecondsOf({ strategy: { blueGreen: { activeService: 'a' } } }), 30);
  });

  it('tells an abort delay of 0 from one that is not written', () => {
    assert.deepEqual(abortScaleDownDelayOf({ strategy: { canary: {} } }), { seconds: 30, explicit: false });
    assert.deepEqual(abortScaleDownDelayOf({ strategy: { canary: { abortScaleDownDelaySeconds: 0 } } }), {
      seconds: 0,
      explicit: true,
    });
  });

  it('measures once without an interval and without end with one', () => {
    const metric = { name: 'm', provider: {} };

    assert.equal(metricLimitsOf(metric).count, 1);
    assert.equal(metricLimitsOf({ ...metric, interval: '1m' }).count, undefined);
    assert.equal(metricLimitsOf({ ...metric, interval: '1m', count: '5' }).count, 5);
    assert.equal(metricLimitsOf(metric).consecutiveErrorLimit, 4);
  });
});
