import { forbidden, type Problem } from './problem.ts';

/** Router plug-ins that are built in under the name that existing manifests use. */
export const GATEWAY_API_PLUGIN = 'argoproj-labs/gatewayAPI';
const BUILT_IN_PLUGINS: readonly string[] = [GATEWAY_API_PLUGIN];

export interface MissingFeature {
  /** Where the feature is asked for; `[*]` stands for every item, `["x"]` for a key with dots or slashes. */
  readonly path: string;
  readonly detail: string;
}

/*
 * What this version does not run yet. The API server keeps such fields, because they are part of the API; a Rollout that
 * uses one is refused by name instead of being run without it. To bring a feature, delete its line.
 */
const MISSING_IN_ROLLOUT: readonly MissingFeature[] = [
  missing('spec.strategy.canary.steps[*].plugin', 'run step plug-ins', 'use an analysis step'),
  missingRouter('istio', 'Istio'),
  missingRouter('alb', 'AWS load balancers'),
  missingRouter('smi', 'the Service Mesh Interface'),
  missingRouter('ambassador', 'Ambassador'),
  missingRouter('appMesh', 'AWS App Mesh'),
  missingRouter('traefik', 'Traefik'),
  missingRouter('apisix', 'APISIX'),
  missingGatewayField('tcpRoute', 'TCPRoute'),
  missingGatewayField('tcpRoutes', 'TCPRoute'),
  missingGatewayField('tlsRoute', 'TLSRoute'),
  missingGatewayField('tlsRoutes', 'TLSRoute'),
  missingGatewayField('tcpRouteSelector', 'routes found by their labels'),
  missingGatewayField('tlsRouteSelector', 'routes found by their labels'),
];

const MISSING_IN_METRICS: readonly MissingFeature[] = [missingProvider('plugin')];

const MISSING_IN_GIT_SOURCE: readonly MissingFeature[] = [];

/** Values of `spec.onAbort` of a GitSource that this version carries out. */
const ON_ABORT: readonly string[] = ['Push', 'None'];

/** Everything in a Rollout that this version refuses, for the reference page. */
export function missingInRollout(): readonly MissingFeature[] {
  return MISSING_IN_ROLLOUT;
}

/** The same of the metrics of an AnalysisTemplate. */
export function missingInMetrics(): readonly MissingFeature[] {
  return MISSING_IN_METRICS;
}

export function unsupportedInRollout(rollout: { readonly spec: unknown }): readonly Problem[] {
  return [...missingFeatures(rollout, '', MISSING_IN_ROLLOUT), ...unknownPlugins(rollout)];
}

/** `metrics` at `path`, such as `spec.metrics`. */
export function unsupportedInMetrics(metrics: unknown, path: string): readonly Problem[] {
  return missingFeatures(metrics, path, MISSING_IN_METRICS);
}

export function unsupportedInGitSource(source: { readonly spec: { readonly onAbort?: string } }): readonly Problem[] {
  const { onAbort } = source.spec;
  const problems = missingFeatures(source, '', MISSING_IN_GIT_SOURCE);
  if (onAbort === undefined || ON_ABORT.includes(onAbort)) return problems;
  const detail = sentence('open pull requests', 'use Push, or None to leave the repository alone');
  return [...problems, forbidden('spec.onAbort', detail)];
}

function unknownPlugins(rollout: { readonly spec: unknown }): readonly Problem[] {
  const path = 'spec.strategy.canary.trafficRouting.plugins';
  const [found] = matches(rollout, path.split('.'), '');
  const names = typeof found?.value === 'object' && found.value !== null ? Object.keys(found.value) : [];
  const known = BUILT_IN_PLUGINS.join(', ');
  return names
    .filter((name) => !BUILT_IN_PLUGINS.includes(name))
    .map((name) => forbidden(`${path}["${name}"]`, sentence('know this router', `the known ones are ${known}`)));
}

function missing(path: string, deed: string, advice: string): MissingFeature {
  return { path, detail: sentence(deed, advice) };
}

function missingRouter(field: string, name: string): MissingFeature {
  const advice = `use nginx, plugins["${GATEWAY_API_PLUGIN}"], or no trafficRouting`;
  return missing(`spec.strategy.canary.trafficRouting.${field}`, `steer ${name}`, advice);
}

function missingGatewayField(field: string, name: string): MissingFeature {
  const path = `spec.strategy.canary.trafficRouting.plugins["${GATEWAY_API_PLUGIN}"].${field}`;
  return missing(path, `steer ${name}`, 'use httpRoutes or grpcRoutes');
}

function missingProvider(field: string): MissingFeature {
  return missing(`[*].provider.${field}`, `measure with ${field}`, 'use prometheus or web');
}

function sentence(deed: string, advice: string): string {
  return `this version of Headgate does not ${deed} yet; ${advice}`;
}

function missingFeatures(root: unknown, path: string, features: readonly MissingFeature[]): readonly Problem[] {
  return features.flatMap((feature) =>
    matches(root, segmentsOf(feature.path), path).map((found) => forbidden(found.path, feature.detail)),
  );
}

interface Found {
  readonly path: string;
  readonly value: unknown;
}

function segmentsOf(path: string): readonly string[] {
  return path.match(/\[\*\]|\["[^"]+"\]|[^.[\]]+/g) ?? [];
}

/** The places below `value` that the segments lead to, except those where nothing is set. */
function matches(value: unknown, segments: readonly string[], path: string): readonly Found[] {
  if (value === undefined || value === null) return [];
  const [segment, ...rest] = segments;
  if (segment === undefined) return [{ path, value }];
  if (segment === '[*]') {
    return Array.isArray(value) ? value.flatMap((item, index) => matches(item, rest, `${path}[${index}]`)) : [];
  }
  if (typeof value !== 'object') return [];
  const key = segment.startsWith('[') ? segment.slice(2, -2) : segment;
  const step = segment.startsWith('[') || path === '' ? segment : `.${segment}`;
  return matches(Reflect.get(value, key), rest, path + step);
}
