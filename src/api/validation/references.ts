import { MANAGED_BY_ANNOTATION, POD_TEMPLATE_HASH_LABEL } from '../labels.ts';
import { roleServicesOf } from '../role-services.ts';
import type { Rollout } from '../rollout.ts';
import type { HttpRoute, Ingress, Service } from '../workloads.ts';
import { validateReferencedAnalyses, type FoundTemplates, type Lookup } from './analysis-reference.ts';
import { invalid, type Problem } from './problem.ts';
import { GATEWAY_API_PLUGIN } from './supported.ts';

/** What was looked up for a Rollout, by name; null is what does not exist, absent is what nobody looked for. */
export interface References extends FoundTemplates {
  readonly services: Lookup<Service>;
  readonly ingresses?: Lookup<Ingress>;
  readonly httpRoutes?: Lookup<HttpRoute>;
  readonly grpcRoutes?: Lookup<HttpRoute>;
}

/** What is wrong with a Rollout given the objects that it names, in the order of the API. */
export function validateReferences(rollout: Rollout, found: References): readonly Problem[] {
  const services = serviceReferences(rollout);
  const ingresses = ingressReferences(rollout);
  return [
    ...services.flatMap(({ name, path }) =>
      found.services[name] === null ? [invalid(path, name, `service "${name}" not found`)] : [],
    ),
    ...services.flatMap((reference) => validateService(rollout, reference, found.services[reference.name])),
    ...validateReferencedAnalyses(rollout, found),
    ...ingresses.flatMap((reference) => validateIngress(rollout, reference, found.ingresses?.[reference.name])),
    ...routeReferences(rollout).flatMap((reference) =>
      validateRoute(rollout, reference, found[reference.lookup]?.[reference.name]),
    ),
  ];
}

interface Reference {
  readonly name: string;
  readonly path: string;
}

interface ServiceReference extends Reference {
  /** Labels that the pods behind this Service get besides those of the template. */
  readonly roleLabels: Readonly<Record<string, string>>;
}

/** The Services that a Rollout names, with the field that names them. */
export function serviceReferences(rollout: Rollout): readonly ServiceReference[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  const inCanary = 'spec.strategy.canary';
  const inBlueGreen = 'spec.strategy.blueGreen';
  const all = [
    { name: canary?.stableService, path: `${inCanary}.stableService`, added: canary?.stableMetadata },
    { name: canary?.canaryService, path: `${inCanary}.canaryService`, added: canary?.canaryMetadata },
    { name: canary?.pingPong?.pingService, path: `${inCanary}.pingPong.pingService`, added: undefined },
    { name: canary?.pingPong?.pongService, path: `${inCanary}.pingPong.pongService`, added: undefined },
    { name: blueGreen?.activeService, path: `${inBlueGreen}.activeService`, added: blueGreen?.activeMetadata },
    { name: blueGreen?.previewService, path: `${inBlueGreen}.previewService`, added: blueGreen?.previewMetadata },
  ];
  return all.flatMap(({ name = '', path, added }) =>
    name === '' ? [] : [{ name, path, roleLabels: added?.labels ?? {} }],
  );
}

function validateService(
  rollout: Rollout,
  reference: ServiceReference,
  service: Service | null | undefined,
): readonly Problem[] {
  if (service === null || service === undefined) return [];
  const { name, path, roleLabels } = reference;
  const labels = rollout.spec.template?.metadata?.labels ?? {};
  const unmatched = Object.entries(service.spec.selector ?? {})
    .filter(([key]) => key !== POD_TEMPLATE_HASH_LABEL)
    .filter(([key, value]) => labels[key] !== value && roleLabels[key] !== value)
    .map(([key]) => invalid(path, name, `Service "${name}" has unmatch label "${key}" in rollout`));
  const manager = service.metadata.annotations?.[MANAGED_BY_ANNOTATION];
  if (manager === undefined || manager === rollout.metadata.name) return unmatched;
  return [...unmatched, invalid(path, name, `Service "${name}" is managed by another Rollout`)];
}

function ingressReferences(rollout: Rollout): readonly Reference[] {
  const nginx = rollout.spec.strategy?.canary?.trafficRouting?.nginx;
  const path = 'spec.strategy.canary.trafficRouting.nginx';
  const one = (nginx?.stableIngress ?? '') === '' ? [] : [nginx?.stableIngress ?? ''];
  return [
    ...one.map((name) => ({ name, path: `${path}.stableIngress` })),
    ...(nginx?.stableIngresses ?? []).map((name) => ({ name, path: `${path}.stableIngresses` })),
  ];
}

function validateIngress(
  rollout: Rollout,
  { name, path }: Reference,
  ingress: Ingress | null | undefined,
): readonly Problem[] {
  if (ingress === undefined) return [];
  if (ingress === null) return [ingressNotFound({ path, name })];
  const service = rollout.spec.strategy?.canary?.stableService ?? '';
  const paths = (ingress.spec.rules ?? []).flatMap((rule) => rule.http?.paths ?? []);
  const backends = [ingress.spec.defaultBackend, ...paths.map(({ backend }) => backend)];
  return backends.some((backend) => backend?.service?.name === service)
    ? []
    : [ingressLeadsElsewhere({ path, name }, service)];
}

export function ingressNotFound({ path, name }: Reference): Problem {
  return invalid(path, name, `ingress.networking.k8s.io "${name}" not found`);
}

export function ingressLeadsElsewhere({ path, name }: Reference, service: string): Problem {
  return invalid(path, name, `ingress \`${name}\` has no rules using service ${service} backend`);
}

interface RouteReference extends Reference {
  readonly lookup: 'httpRoutes' | 'grpcRoutes';
  /** Where the settings say that it is. */
  readonly namespace: string | undefined;
  /** Only the rule of this name is meant. */
  readonly ruleName: string | undefined;
}

/** The routes that the Gateway API router of a Rollout names. */
function routeReferences(rollout: Rollout): readonly RouteReference[] {
  const settings: unknown = rollout.spec.strategy?.canary?.trafficRouting?.plugins?.[GATEWAY_API_PLUGIN];
  const path = `spec.strategy.canary.trafficRouting.plugins["${GATEWAY_API_PLUGIN}"]`;
  const namespace = textIn(settings, 'namespace') ?? rollout.metadata.namespace;
  return (['httpRoute', 'grpcRoute'] as const).flatMap((field) => {
    const several: unknown = fieldIn(settings, `${field}s`);
    const items: readonly unknown[] = Array.isArray(several) ? several : [];
    const named = [
      { name: textIn(settings, field), ruleName: textIn(settings, `${field}RuleName`), path: `${path}.${field}` },
      ...items.map((item, index) => ({
        name: textIn(item, 'name'),
        ruleName: textIn(item, 'ruleName'),
        path: `${path}.${field}s[${index}].name`,
      })),
    ];
    return named.flatMap(({ name, ...rest }): readonly RouteReference[] =>
      name === undefined ? [] : [{ name, namespace, lookup: `${field}s`, ...rest }],
    );
  });
}

function fieldIn(object: unknown, field: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, field) : undefined;
}

function textIn(object: unknown, field: string): string | undefined {
  const value = fieldIn(object, field);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function validateRoute(
  rollout: Rollout,
  { name, path, namespace, ruleName, lookup }: RouteReference,
  route: HttpRoute | null | undefined,
): readonly Problem[] {
  if (route === undefined) return [];
  if (route === null) {
    return [invalid(path, name, `${lookup.toLowerCase().slice(0, -1)}.gateway.networking.k8s.io "${name}" not found`)];
  }
  // One of the same name somewhere else is not the one that is meant.
  const place = route.metadata.namespace;
  if (namespace !== undefined && place !== undefined && place !== namespace) return [];
  const { stable = '', canary = '' } = roleServicesOf(rollout.spec.strategy?.canary ?? {}, undefined);
  const rules = (route.spec.rules ?? []).filter((rule) => ruleName === undefined || rule.name === ruleName);
  const backends = rules.map((rule) => (rule.backendRefs ?? []).map((backend) => backend.name));
  if (backends.some((names) => names.includes(stable) && names.includes(canary))) return [];
  const kind = lookup === 'httpRoutes' ? 'HTTPRoute' : 'GRPCRoute';
  const which = ruleName === undefined ? 'no rule' : `no rule named ${ruleName}`;
  const detail = `${kind} "${name}" has ${which} whose backendRefs name both ${stable} and ${canary}; add both to one rule`;
  return [invalid(path, name, detail)];
}
