import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { AnalysisTemplate, AnalysisTemplateSpec, Metric } from '../analysis.ts';
import type { CanaryStrategy, Rollout } from '../rollout.ts';
import type { HttpRoute, Ingress, Service } from '../workloads.ts';
import { validateReferences, type References } from './references.ts';

const CANARY = 'spec.strategy.canary';

describe('validateReferences', () => {
  const routed = rollout({
    stableService: 'stable',
    canaryService: 'canary',
    trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' } } },
  });
  const bothServices = { stable: service('stable'), canary: service('canary') };

  it('finds nothing wrong when all is there', () => {
    assert.deepEqual(
      messages(routed, { services: bothServices, httpRoutes: { web: route(['stable', 'canary']) } }),
      [],
    );
  });

  it('says nothing of what nobody looked for', () => {
    assert.deepEqual(messages(routed, {}), []);
  });

  it('names a Service that does not exist', () => {
    assert.deepEqual(messages(routed, { services: { ...bothServices, canary: null } }), [
      `${CANARY}.canaryService: Invalid value: "canary": service "canary" not found`,
    ]);
  });

  it('names a Service that selects other pods', () => {
    const stray = service('canary', { selector: { app: 'other', 'rollouts-pod-template-hash': 'abc' } });

    assert.deepEqual(messages(routed, { services: { ...bothServices, canary: stray } }), [
      `${CANARY}.canaryService: Invalid value: "canary": Service "canary" has unmatch label "app" in rollout`,
    ]);
  });

  it('accepts a selector by labels that only pods of this role have', () => {
    const labelled = rollout({ canaryService: 'canary', canaryMetadata: { labels: { role: 'canary' } } });
    const strict = service('canary', { selector: { app: 'web', role: 'canary' } });

    assert.deepEqual(messages(labelled, { services: { canary: strict } }), []);
  });

  it('names a Service that another Rollout steers', () => {
    const taken = service('stable', {}, { 'argo-rollouts.argoproj.io/managed-by-rollouts': 'other' });

    assert.deepEqual(messages(routed, { services: { ...bothServices, stable: taken } }), [
      `${CANARY}.stableService: Invalid value: "stable": Service "stable" is managed by another Rollout`,
    ]);
  });

  it('looks for the rule and in the namespace that the settings name', () => {
    const [two, both] = [route(['stable']), route(['stable', 'canary'])];
    const rules = [{ name: 'live', ...two.spec.rules?.[0] }, ...(both.spec.rules ?? [])];
    const web = { ...two, metadata: { name: 'web', namespace: 'edge' }, spec: { rules } };
    const settings = (config: object): CanaryStrategy => ({
      stableService: 'stable',
      canaryService: 'canary',
      trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': config } },
    });
    const path = `${CANARY}.trafficRouting.plugins["argoproj-labs/gatewayAPI"]`;

    const named = rollout(settings({ grpcRoutes: [{ name: 'web', ruleName: 'live' }], namespace: 'edge' }));
    assert.deepEqual(messages(named, { grpcRoutes: { web } }), [
      `${path}.grpcRoutes[0].name: Invalid value: "web": GRPCRoute "web" has no rule named live whose backendRefs name both stable and canary; add both to one rule`,
    ]);
    assert.deepEqual(messages(rollout(settings({ grpcRoute: 'web', namespace: 'edge' })), { grpcRoutes: { web } }), []);
    const elsewhere = rollout(settings({ grpcRoute: 'web', grpcRouteRuleName: 'live', namespace: 'other' }));
    assert.deepEqual(messages(elsewhere, { grpcRoutes: { web } }), []);
  });

  it('finds a rule with both ping-pong Services', () => {
    const pingPong = rollout({
      pingPong: { pingService: 'ping', pongService: 'pong' },
      trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' } } },
    });
    assert.deepEqual(messages(pingPong, { httpRoutes: { web: route(['pong', 'ping']) } }), []);
    assert.equal(messages(pingPong, { httpRoutes: { web: route(['stable', 'canary']) } }).length, 1);
  });

  it('names an HTTPRoute that does not exist or has no rule with both Services', () => {
    const path = `${CANARY}.trafficRouting.plugins["argoproj-labs/gatewayAPI"].httpRoute`;

    assert.deepEqual(messages(routed, { httpRoutes: { web: null } }), [
      `${path}: Invalid value: "web": httproute.gateway.networking.k8s.io "web" not found`,
    ]);
    assert.deepEqual(messages(routed, { httpRoutes: { web: route(['stable']) } }), [
      `${path}: Invalid value: "web": HTTPRoute "web" has no rule whose backendRefs name both stable and canary; add both to one rule`,
    ]);
  });

  it('names an Ingress that does not lead to the stable Service', () => {
    const nginx = rollout({ stableService: 'stable', trafficRouting: { nginx: { stableIngress: 'web' } } });
    const path = `${CANARY}.trafficRouting.nginx.stableIngress`;

    assert.deepEqual(messages(nginx, { ingresses: { web: ingress('stable') } }), []);
    const catchAll = { ...ingress('other'), spec: { defaultBackend: { service: { name: 'stable' } } } };
    assert.deepEqual(messages(nginx, { ingresses: { web: catchAll } }), []);
    assert.deepEqual(messages(nginx, { ingresses: { web: ingress('other') } }), [
      `${path}: Invalid value: "web": ingress \`web\` has no rules using service stable backend`,
    ]);
    assert.deepEqual(messages(nginx, { ingresses: { web: null } }), [
      `${path}: Invalid value: "web": ingress.networking.k8s.io "web" not found`,
    ]);
  });
});

describe('the templates that a Rollout measures with', () => {
  const PATH = `${CANARY}.steps[0].analysis.templates`;
  const measured = (args: readonly { name: string; value: string }[] = []) =>
    rollout({ steps: [{ analysis: { templates: [{ templateName: 'errors' }], args } }] });

  it('must exist, also those that another one names', () => {
    assert.deepEqual(messages(measured(), { analysisTemplates: { errors: null } }), [
      `${PATH}: Invalid value: "errors": AnalysisTemplate 'errors' not found`,
    ]);
    const outer = template({ templates: [{ templateName: 'shared', clusterScope: true }] });
    assert.deepEqual(
      messages(measured(), { analysisTemplates: { errors: outer }, clusterAnalysisTemplates: { shared: null } }),
      [`${PATH}: Invalid value: "shared": ClusterAnalysisTemplate 'shared' not found`],
    );
  });

  it('may name each other in a circle', () => {
    const circle = template({ metrics: [metric({})], templates: [{ templateName: 'errors' }] });

    assert.deepEqual(messages(measured(), { analysisTemplates: { errors: circle } }), []);
  });

  it('must get a value for each argument', () => {
    const open = template({ metrics: [metric({})], args: [{ name: 'host' }] });

    assert.deepEqual(messages(measured(), { analysisTemplates: { errors: open } }), [
      `${PATH}: Invalid value: "templateNames: [errors]": args.host was not resolved`,
    ]);
    assert.deepEqual(messages(measured([{ name: 'host', value: 'a' }]), { analysisTemplates: { errors: open } }), []);
  });

  it('must not have two metrics of one name', () => {
    const twice = template({ metrics: [metric({}), metric({})] });

    assert.deepEqual(messages(measured(), { analysisTemplates: { errors: twice } }), [
      `${PATH}: Invalid value: "templateNames: [errors]": two metrics have the same name 'rate'`,
    ]);
  });

  it('must not have two rules for one name, also together with those of the Rollout', () => {
    const tried = template({ metrics: [metric({})], dryRun: [{ metricName: 'rate' }] });
    const kept = template({ metrics: [metric({})], measurementRetention: [{ metricName: 'rate', limit: 5 }] });
    const templates = [{ templateName: 'errors' }];
    const dryRun = [{ metricName: 'rate' }];
    const measurementRetention = [{ metricName: 'rate', limit: 3 }];

    assert.deepEqual(messages(measured(), { analysisTemplates: { errors: tried } }), []);
    assert.deepEqual(
      messages(rollout({ steps: [{ analysis: { templates, dryRun } }] }), { analysisTemplates: { errors: tried } }),
      [`${PATH}: Invalid value: "templateNames: [errors]": two Dry-Run metric rules have the same name 'rate'`],
    );
    assert.deepEqual(
      messages(rollout({ analysis: { templates, measurementRetention } }), { analysisTemplates: { errors: kept } }),
      [
        `${CANARY}.analysis.templates: Invalid value: "templateNames: [errors]": two Measurement Retention metric rules have the same name 'rate'`,
      ],
    );
    const analyses = [{ name: 'a', templateName: 'errors' }];
    const experiment = { templates: [{ name: 'canary', specRef: 'canary' as const }], analyses, dryRun };
    assert.deepEqual(messages(rollout({ steps: [{ experiment }] }), { analysisTemplates: { errors: tried } }), [
      `${CANARY}.steps[0].experiment.analyses[0].templateName: Invalid value: "templateNames: [errors]": two Dry-Run metric rules have the same name 'rate'`,
    ]);
  });

  it('must end in a step, but not beside the steps', () => {
    const endless = template({ metrics: [metric({ interval: '30s' })] });
    const background = rollout({ analysis: { templates: [{ templateName: 'errors' }] } });

    assert.deepEqual(messages(measured(), { analysisTemplates: { errors: endless } }), [
      `${PATH}: Invalid value: "errors": AnalysisTemplate errors has metric rate which runs indefinitely. Invalid value for count: <nil>`,
    ]);
    assert.deepEqual(messages(background, { analysisTemplates: { errors: endless } }), []);
  });

  it('must use a provider that this version has', () => {
    const plugin = template({ metrics: [metric({ provider: { plugin: { 'acme/metric': {} } } })] });

    assert.deepEqual(messages(measured(), { analysisTemplates: { errors: plugin } }), [
      `${PATH}: Invalid value: "errors": AnalysisTemplate errors: spec.metrics[0].provider.plugin: Forbidden: this version of Headgate does not measure with plugin yet; use prometheus or web`,
    ]);
  });
});

function messages(object: Rollout, found: Partial<References>): readonly string[] {
  const all = { services: {}, analysisTemplates: {}, clusterAnalysisTemplates: {}, ...found };
  return validateReferences(object, all).map((problem) => problem.message);
}

function rollout(canary: CanaryStrategy): Rollout {
  const labels = { app: 'web' };
  return {
    ...named('Rollout', 'web'),
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels } }, strategy: { canary } },
  };
}

function service(name: string, spec: Service['spec'] = { selector: { app: 'web' } }, annotations = {}): Service {
  return { ...named('Service', name, annotations), spec };
}

function route(backends: readonly string[]): HttpRoute {
  return { ...named('HTTPRoute', 'web'), spec: { rules: [{ backendRefs: backends.map((name) => ({ name })) }] } };
}

function ingress(backend: string): Ingress {
  const paths = [{ pathType: 'Prefix', backend: { service: { name: backend } } }];
  return { ...named('Ingress', 'web'), spec: { rules: [{ http: { paths } }] } };
}

function template(spec: AnalysisTemplateSpec): AnalysisTemplate {
  return { ...named('AnalysisTemplate', 'errors'), spec };
}

function metric(changes: Partial<Metric>): Metric {
  return { name: 'rate', provider: { prometheus: { query: 'up' } }, ...changes };
}

function named(kind: string, name: string, annotations: Readonly<Record<string, string>> = {}) {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', annotations } };
}
