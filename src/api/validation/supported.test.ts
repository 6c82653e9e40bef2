import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { unsupportedInGitSource, unsupportedInMetrics, unsupportedInRollout } from './supported.ts';

describe('features that this version lacks', () => {
  it('are refused by name, with what to do instead', () => {
    assert.deepEqual(refused({ strategy: { canary: { steps: [{ plugin: { name: 'x' } }] } } }), [
      'spec.strategy.canary.steps[0].plugin: Forbidden: this version of Headgate does not run step plug-ins yet; use an analysis step',
    ]);
  });

  it('are named with their place in a list', () => {
    const steps = [{ setWeight: 5 }, { plugin: { name: 'x' } }, { plugin: { name: 'y' } }];

    assert.deepEqual(places({ strategy: { canary: { steps } } }), [
      'spec.strategy.canary.steps[1].plugin',
      'spec.strategy.canary.steps[2].plugin',
    ]);
  });

  it('among routers are all but nginx and the Gateway API', () => {
    const trafficRouting = { nginx: {}, istio: {}, alb: { servicePort: 80 }, traefik: {} };

    assert.deepEqual(places({ strategy: { canary: { trafficRouting } } }), [
      'spec.strategy.canary.trafficRouting.istio',
      'spec.strategy.canary.trafficRouting.alb',
      'spec.strategy.canary.trafficRouting.traefik',
    ]);
  });

  it('among router plug-ins are those that are not built in', () => {
    const plugins = { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' }, 'acme/router': {} };

    assert.deepEqual(refused({ strategy: { canary: { trafficRouting: { plugins } } } }), [
      'spec.strategy.canary.trafficRouting.plugins["acme/router"]: Forbidden: this version of Headgate does not know this router yet; the known ones are argoproj-labs/gatewayAPI',
    ]);
  });

  it('of the Gateway API are all routes but HTTPRoutes and GRPCRoutes', () => {
    const plugins = { 'argoproj-labs/gatewayAPI': { httpRoutes: [{ name: 'web' }], grpcRoute: 'rpc', tcpRoute: 'db' } };

    assert.deepEqual(places({ strategy: { canary: { trafficRouting: { plugins } } } }), [
      'spec.strategy.canary.trafficRouting.plugins["argoproj-labs/gatewayAPI"].tcpRoute',
    ]);
  });

  it('among metric providers are plug-ins', () => {
    const metrics = [{ provider: { prometheus: { query: 'up' } } }, { provider: { plugin: { 'acme/metric': {} } } }];

    assert.deepEqual(
      unsupportedInMetrics(metrics, 'spec.metrics').map((problem) => problem.message),
      [
        'spec.metrics[1].provider.plugin: Forbidden: this version of Headgate does not measure with plugin yet; use prometheus or web',
      ],
    );
  });

  it('of a GitSource are pull requests', () => {
    assert.equal(unsupportedInGitSource({ spec: { onAbort: 'Push' } }).length, 0);
    assert.deepEqual(
      unsupportedInGitSource({ spec: { onAbort: 'PullRequest' } }).map((problem) => problem.message),
      [
        'spec.onAbort: Forbidden: this version of Headgate does not open pull requests yet; use Push, or None to leave the repository alone',
      ],
    );
  });
});

function refused(spec: unknown): readonly string[] {
  return unsupportedInRollout({ spec }).map((problem) => problem.message);
}

function places(spec: unknown): readonly string[] {
  return unsupportedInRollout({ spec }).map((problem) => problem.path);
}
