import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { CanaryStep, CanaryStrategy, Rollout, RolloutSpec, TrafficRouting } from '../rollout.ts';
import { invalidSpecMessage } from './problem.ts';
import { validateRollout } from './rollout.ts';

const STRATEGY = 'spec.strategy';
const CANARY = `${STRATEGY}.canary`;
const ROUTING = `${CANARY}.trafficRouting`;
const podSpec = { containers: [{ name: 'main', image: 'a' }] };
const nginx = { nginx: { stableIngress: 'web' } };
const services = { stableService: 'stable', canaryService: 'canary' };
const TESTERS = { name: 'testers', match: [{ headerName: 'X-Canary', headerValue: { exact: 'yes' } }] };

describe('validateRollout', () => {
  it('finds nothing wrong with a sound Rollout', () => {
    assert.deepEqual(messages(rollout({})), []);
    assert.deepEqual(messages(canary({ ...services, trafficRouting: nginx })), []);
    assert.deepEqual(messages(canary({ ...services, trafficRouting: gateway({ httpRoute: 'web' }) })), []);
  });

  it('makes the condition’s message of the first problem', () => {
    const broken = rollout({ selector: undefined, template: undefined });

    assert.equal(
      invalidSpecMessage('Rollout', 'web', validateRollout(broken)),
      `The Rollout "web" is invalid: spec.selector: Required value: Rollout has missing field '.spec.selector'`,
    );
    assert.equal(invalidSpecMessage('Rollout', 'web', []), undefined);
  });

  const cases: readonly (readonly [string, Rollout, string])[] = [
    [
      'negative replicas',
      rollout({ replicas: -1 }),
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
    [
      'an empty selector',
      rollout({ selector: {} }),
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ],
    [
      'a selector that misses the template',
      rollout({ selector: { matchLabels: { app: 'other' } } }),
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ],
    [
      'an unknown operator',
      rollout({ selector: { matchExpressions: [{ key: 'app', operator: 'Like', values: ['w'] }] } }),
      'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
    ],
    [
      'a template without containers',
      rollout({ template: { metadata: { labels: { app: 'web' } }, spec: {} } }),
      'spec.template.spec.containers: Required value',
    ],
    [
      'a container without an image',
      rollout({ template: template([{ name: 'main' }]) }),
      'spec.template.spec.containers[0].image: Required value',
    ],
    [
      'two containers of one name',
      rollout({
        template: template([
          { name: 'main', image: 'a' },
          { name: 'main', image: 'b' },
        ]),
      }),
      'spec.template.spec.containers[1].name: Duplicate value: "main"',
    ],
    [
      'a mount of a volume that is not there',
      rollout({
        template: template([{ name: 'main', image: 'a', volumeMounts: [{ name: 'data', mountPath: '/data' }] }]),
      }),
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
    ],
    [
      'a restart policy of its own',
      rollout({
        template: { ...template([{ name: 'main', image: 'a' }]), spec: { ...podSpec, restartPolicy: 'Never' } },
      }),
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
    [
      'a deadline that readiness alone exceeds',
      rollout({ minReadySeconds: 600 }),
      'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
    ],
    [
      'no strategy',
      rollout({ strategy: {} }),
      "spec.strategy.strategy: Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
    ],
    [
      'a template of its own beside that of a workload',
      rollout({ workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } }),
      'template must be empty for workload reference rollout',
    ],
    [
      'no template',
      rollout({ template: undefined }),
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
    ],
    [
      'an active Service without a name',
      rollout({ strategy: { blueGreen: { activeService: '' } } }),
      `${STRATEGY}.activeService: Invalid value: "": This rollout uses the same service for the active and preview services, but two different services are required.`,
    ],
    [
      'no room to move',
      canary({ maxSurge: 0, maxUnavailable: '0%' }),
      `spec.strategy.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero`,
    ],
    [
      'one Service for both versions',
      canary({ stableService: 'web', canaryService: 'web' }),
      `${STRATEGY}.stableService: Invalid value: "web": This rollout uses the same service for the stable and canary services, but two different services are required.`,
    ],
    [
      'ping-pong Services behind a router that has no use for them',
      canary({ ...services, pingPong: { pingService: 'ping', pongService: 'pong' }, trafficRouting: nginx }),
      `${STRATEGY}.trafficRouting.alb: Invalid value: null: Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only`,
    ],
    [
      'a router without Services',
      canary({ trafficRouting: nginx }),
      `${STRATEGY}.stableService: Invalid value: "": Canary service and Stable service must to be set to use Traffic Routing`,
    ],
    [
      'a scale-down delay without a router',
      canary({ scaleDownDelaySeconds: 10 }),
      `${STRATEGY}.scaleDownDelaySeconds: Invalid value: 10: Canary scaleDownDelaySeconds can only be used with traffic routing`,
    ],
    [
      'a dynamic stable scale without a router',
      canary({ dynamicStableScale: true }),
      `${STRATEGY}.dynamicStableScale: Invalid value: true: Canary dynamicStableScale can only be used with traffic routing`,
    ],
    [
      'a dynamic stable scale with a delay',
      canary({ ...services, trafficRouting: nginx, dynamicStableScale: true, scaleDownDelaySeconds: 5 }),
      `${STRATEGY}.dynamicStableScale: Invalid value: true: Canary dynamicStableScale cannot be used with scaleDownDelaySeconds`,
    ],
    [
      'no stable Ingress',
      canary({ ...services, trafficRouting: { nginx: {} } }),
      `${ROUTING}.nginx: Internal error: Either StableIngress or StableIngresses must be configured. Neither are configured.`,
    ],
    [
      'a background analysis that never starts',
      canary({ steps: [{ setWeight: 10 }], analysis: { startingStep: 4 } }),
      `${CANARY}.analysis.startingStep: Invalid value: 4: the analysis would never start; steps are counted from 0 and there are 1`,
    ],
    [
      'a weight over 100',
      steps({ setWeight: 120 }),
      `${STRATEGY}.steps[0].setWeight: Invalid value: 120: SetWeight needs to be between 0 and 100`,
    ],
    [
      'a weight under 0, in the second step',
      steps({ setWeight: 10 }, { setWeight: -1 }),
      `${STRATEGY}.steps[1].setWeight: Invalid value: -1: SetWeight needs to be between 0 and 100`,
    ],
    [
      'a weight over the router’s own maximum',
      canary({ ...services, steps: [{ setWeight: 120 }], trafficRouting: { ...nginx, maxTrafficWeight: 110 } }),
      `${STRATEGY}.steps[0].setWeight: Invalid value: 120: SetWeight needs to be between 0 and 110`,
    ],
    [
      'a pause that is no duration',
      steps({ pause: { duration: '10 minutes' } }),
      `${STRATEGY}.steps[0].pause.duration: Invalid value: -1: Duration needs to be greater than 0`,
    ],
    [
      'a pause of negative length',
      steps({ pause: { duration: -5 } }),
      `${STRATEGY}.steps[0].pause.duration: Invalid value: -5: Duration needs to be greater than 0`,
    ],
    [
      'an empty step',
      steps({}),
      `${STRATEGY}.steps[0]: Invalid value: "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true": Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause`,
    ],
    [
      'a step with two deeds',
      steps({ setWeight: 5, pause: {} }),
      `${STRATEGY}.steps[0]: Invalid value: "step.Experiment: false step.Pause: true step.SetWeight: true step.Analysis: false": Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause`,
    ],
    [
      'setCanaryScale without a router',
      steps({ setCanaryScale: { weight: 25 } }),
      `${STRATEGY}.trafficRouting: Required value: SetCanaryScale requires TrafficRouting to be set`,
    ],
    [
      'setHeaderRoute behind a router that cannot match headers',
      canary({ ...services, steps: [{ setHeaderRoute: TESTERS }], trafficRouting: nginx }),
      `${STRATEGY}.steps[0].setHeaderRoute: Invalid value: {"name":"testers","match":[{"headerName":"X-Canary","headerValue":{"exact":"yes"}}]}: SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix`,
    ],
    [
      'setMirrorRoute behind a router that cannot mirror',
      canary({ ...services, steps: [{ setMirrorRoute: { name: 'shadow' } }], trafficRouting: nginx }),
      `${STRATEGY}.steps[0].setMirrorRoute: Invalid value: {"name":"shadow"}: SetMirrorRoute requires TrafficRouting, supports Istio and Plugins`,
    ],
    [
      'setHeaderRoute without managed routes',
      routeStep({ setHeaderRoute: TESTERS }, { managedRoutes: undefined }),
      `${STRATEGY}.trafficRouting.managedRoutes: Required value: Rollout has missing field '${CANARY}.trafficRouting.managedRoutes'`,
    ],
    [
      'setHeaderRoute with a name that is not managed',
      routeStep({ setHeaderRoute: { ...TESTERS, name: 'others' } }),
      `${STRATEGY}.steps[0].setHeaderRoute: Invalid value: "others": Steps define a route that does not exist in ${CANARY}.trafficRouting.managedRoutes`,
    ],
    [
      'setHeaderRoute that compares with nothing',
      routeStep({ setHeaderRoute: { name: 'testers', match: [{ headerName: 'X-Canary', headerValue: {} }] } }),
      `${STRATEGY}.steps[0].setHeaderRoute.match[0]: Invalid value: {}: StringMatch value missed, match value must have one of the following: exact, regex, prefix`,
    ],
    [
      'setHeaderRoute that no route takes',
      routeStep({ setHeaderRoute: TESTERS }, gateway({ httpRoutes: [{ name: 'web' }] })),
      `${STRATEGY}.steps[0].setHeaderRoute: Invalid value: "testers": no route takes header routes; set useHeaderRoutes: true for those in httpRoutes or grpcRoutes that should`,
    ],
    [
      'setMirrorRoute without an HTTPRoute',
      routeStep({ setMirrorRoute: { name: 'shadow', match: [{}] } }, gateway({ grpcRoute: 'web' })),
      `${STRATEGY}.steps[0].setMirrorRoute: Invalid value: "shadow": only an HTTPRoute can mirror; name one in httpRoutes, or remove the step`,
    ],
    [
      'setMirrorRoute with part of a method',
      routeStep({ setMirrorRoute: { name: 'shadow', match: [{ method: { prefix: 'P' } }] } }),
      `${STRATEGY}.steps[0].setMirrorRoute.match[0].method: Invalid value: {"prefix":"P"}: the Gateway API compares methods as a whole; use exact`,
    ],
    [
      'managed routes that would have rules of the same name',
      routeStep({ setWeight: 5 }, { managedRoutes: [{ name: 'to_canary' }, { name: 'To-Canary' }] }),
      `${CANARY}.trafficRouting.managedRoutes[1].name: Invalid value: "To-Canary": an earlier managed route has rules of the name to-canary too; give each its own name`,
    ],
    [
      'a selector of routes that is none',
      routeStep({ setWeight: 5 }, gateway({ httpRouteSelector: { matchLabels: ['web'] } })),
      `${ROUTING}.plugins["argoproj-labs/gatewayAPI"].httpRouteSelector: Invalid value: {"matchLabels":["web"]}: use matchLabels and matchExpressions, as in the selector of a Deployment`,
    ],
    [
      'a selector of routes with an unknown operator',
      routeStep(
        { setWeight: 5 },
        gateway({ grpcRouteSelector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } }),
      ),
      `${ROUTING}.plugins["argoproj-labs/gatewayAPI"].grpcRouteSelector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator`,
    ],
    [
      'more weight than a route can have',
      canary({ ...services, trafficRouting: { ...gateway({ httpRoute: 'web' }), maxTrafficWeight: 1_000_001 } }),
      `${CANARY}.trafficRouting.maxTrafficWeight: Invalid value: 1000001: the Gateway API has weights up to 1000000`,
    ],
    [
      'an argument from metadata that cannot be read',
      steps({ analysis: { args: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.color' } } }] } }),
      `${STRATEGY}.steps[0].analyses: Invalid value: [{"name":"a","valueFrom":{"fieldRef":{"fieldPath":"metadata.color"}}}]: Analyses arguments must refer to valid object metadata supported by downwardAPI`,
    ],
  ];
  for (const [title, object, message] of cases) {
    it(`refuses ${title}`, () => {
      assert.ok(messages(object).includes(message), `${message}\nis not among\n${messages(object).join('\n')}`);
    });
  }

  const sound: readonly CanaryStep[] = [
    { setWeight: 0 },
    { setWeight: 100 },
    { pause: {} },
    { pause: { duration: 0 } },
    { pause: { duration: '30' } },
    { pause: { duration: '1h30m' } },
    { analysis: { args: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }] } },
    { analysis: { args: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'status.stableRS' } } }] } },
  ];
  for (const step of sound) {
    it(`accepts the step ${JSON.stringify(step)}`, () => {
      assert.deepEqual(messages(steps(step)), []);
    });
  }
});

function messages(object: Rollout): readonly string[] {
  return validateRollout(object).map((problem) => problem.message);
}

function rollout(spec: Partial<RolloutSpec>): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: template(podSpec.containers),
      strategy: { canary: {} },
      ...spec,
    },
  };
}

function template(containers: NonNullable<NonNullable<RolloutSpec['template']>['spec']>['containers']) {
  return { metadata: { labels: { app: 'web' } }, spec: { containers } };
}

function canary(strategy: CanaryStrategy): Rollout {
  return rollout({ strategy: { canary: strategy } });
}

function steps(...list: readonly CanaryStep[]): Rollout {
  return canary({ steps: list });
}

function gateway(settings: object) {
  return { plugins: { 'argoproj-labs/gatewayAPI': settings } };
}

/** One step behind the Gateway API, with managed routes for it. */
function routeStep(step: CanaryStep, routing: TrafficRouting = {}): Rollout {
  const managedRoutes = [{ name: 'testers' }, { name: 'shadow' }];
  const trafficRouting = { ...gateway({ httpRoute: 'web' }), managedRoutes, ...routing };
  return canary({ ...services, steps: [step], trafficRouting });
}
