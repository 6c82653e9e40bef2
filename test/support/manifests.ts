/** Small manifests that scenario tests start from. */
export interface RolloutInput {
  readonly name: string;
  readonly image?: string;
  readonly replicas?: number;
  readonly steps?: readonly unknown[];
  readonly canary?: Readonly<Record<string, unknown>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function canaryRollout(input: RolloutInput): Record<string, unknown> {
  const { name, image = 'shop:1', replicas = 1, steps = [], canary = {}, spec = {}, annotations } = input;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: podTemplate(name, image),
      strategy: { canary: { steps, ...canary } },
      ...spec,
    },
  };
}

export function blueGreenRollout(
  input: Omit<RolloutInput, 'steps' | 'canary'> & { readonly blueGreen?: Readonly<Record<string, unknown>> },
): Record<string, unknown> {
  const { blueGreen, spec, ...rest } = input;
  const { name } = input;
  const services = { activeService: `${name}-active`, previewService: `${name}-preview` };
  return canaryRollout({ ...rest, spec: { strategy: { blueGreen: { ...services, ...blueGreen } }, ...spec } });
}

export function podTemplate(app: string, image: string): Record<string, unknown> {
  return {
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 8080 }] }] },
  };
}

export function service(name: string, app: string): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

export function httpRoute(
  name: string,
  services: { readonly stable: string; readonly canary: string },
): Record<string, unknown> {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name },
    spec: {
      parentRefs: [{ name: 'gateway' }],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
          backendRefs: [
            { name: services.stable, port: 80, weight: 100 },
            { name: services.canary, port: 80, weight: 0 },
          ],
        },
      ],
    },
  };
}

/** A canary `shop` whose weights an HTTPRoute carries, and what is there for it. */
export const SHOP_ROUTED = {
  stableService: 'shop-stable',
  canaryService: 'shop-canary',
  trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } },
};
export const SHOP_ROUTE = [
  service('shop-stable', 'shop'),
  service('shop-canary', 'shop'),
  httpRoute('shop', { stable: 'shop-stable', canary: 'shop-canary' }),
];

export function grpcRoute(
  name: string,
  services: { readonly stable: string; readonly canary: string },
): Record<string, unknown> {
  const route = httpRoute(name, services) as { readonly spec: { readonly rules: readonly Record<string, unknown>[] } };
  const rules = route.spec.rules.map(({ matches: _matches, ...rule }) => rule);
  return { ...route, kind: 'GRPCRoute', spec: { ...route.spec, rules } };
}

export function ingress(name: string, backend: string): Record<string, unknown> {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'shop.test',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: backend, port: { number: 80 } } } }],
          },
        },
      ],
    },
  };
}

/** The step that measures by an AnalysisTemplate. */
export function measuredBy(templateName: string): Record<string, unknown> {
  return { analysis: { templates: [{ templateName }] } };
}

export interface TemplateInput {
  readonly name: string;
  readonly address: string;
  readonly query?: string;
  readonly metric?: Readonly<Record<string, unknown>>;
  readonly args?: readonly unknown[];
}

export function analysisTemplate({
  name,
  address,
  query = 'error_rate',
  metric = {},
  args,
}: TemplateInput): Record<string, unknown> {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name },
    spec: {
      ...(args === undefined ? {} : { args }),
      metrics: [
        {
          name: 'error-rate',
          successCondition: 'result[0] <= 0.05',
          provider: { prometheus: { address, query } },
          ...metric,
        },
      ],
    },
  };
}

/** A run of such a template by itself. */
export function analysisRun(input: TemplateInput): Record<string, unknown> {
  return { ...analysisTemplate(input), kind: 'AnalysisRun' };
}
