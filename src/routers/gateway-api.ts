import { refKey, type KubeObject, type ObjectRef, type ResourceKind } from '../api/kube-object.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import { KINDS } from '../api/kinds.ts';
import { GATEWAY_API_PLUGIN } from '../api/validation/supported.ts';
import type { BackendRef, HttpRoute, RouteRule } from '../api/workloads.ts';
import type {
  AdditionalDestination,
  LeftTarget,
  ManagedRoute,
  ShownRoute,
  TrafficObservation,
  TrafficPlan,
  TrafficTarget,
} from '../core/traffic.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import {
  assertPlan,
  servicesProblem,
  shownTogether,
  stableWeightOf,
  type Among,
  type CurrentObjects,
  type ShownSplit,
  type TrafficRouter,
} from './contract.ts';
import { acceptanceOf } from './gateway-api/acceptance.ts';
import {
  areInPlace,
  derivedRules,
  readRules,
  showsRoute,
  wantedRules,
  type RuleContext,
} from './gateway-api/managed-rules.ts';
import {
  markOf,
  namespaceOf,
  selectedKinds,
  settingsOf,
  settingsPath,
  takes,
  type Mark,
  type NamedRoute,
} from './gateway-api/settings.ts';

/**
 * Routes of the Gateway API: in every rule that names both Services, their backendRefs get the weights. Rules that name
 * only one of them (a header match that leads to the canary alone) and all other backendRefs are left as they are. What
 * steps ask for beside the weight are rules of our own in the same routes (`gateway-api/managed-rules.ts`).
 */
export const gatewayApi: TrafficRouter = {
  id: GATEWAY_API_PLUGIN,
  configOf,
  reads,
  desired,
  observed,
  among,
  kinds: [KINDS.httpRoute, KINDS.grpcRoute],
  leave,
};

function configOf(trafficRouting: Readonly<Record<string, unknown>>): unknown {
  const plugins = trafficRouting['plugins'];
  if (!isPlainObject(plugins) || !Object.hasOwn(plugins, GATEWAY_API_PLUGIN)) return undefined;
  return plugins[GATEWAY_API_PLUGIN] ?? {};
}

function reads(target: TrafficTarget): readonly ObjectRef[] {
  return settingsOf(target).routes.map(({ ref }) => ref);
}

function among(target: TrafficTarget): readonly Among[] {
  return selectedKinds(target).map((kind) => ({ kind, namespace: namespaceOf(target) }));
}

function desired(plan: TrafficPlan, target: TrafficTarget, current: CurrentObjects): readonly KubeWrite[] {
  assertPlan(plan);
  const settings = settingsOf(target, current);
  const planned = (plan.additional ?? []).map(({ service }) => service);
  const known = { ...target, additionalServices: [...new Set([...(target.additionalServices ?? []), ...planned])] };
  return settings.routes.flatMap((named): readonly KubeWrite[] => {
    const found = findSplits(named, known, current);
    if ('problem' in found) return [];
    const { route, splits, context } = found;
    const managed = (plan.managedRoutes ?? []).filter((one) => takes(named, one));
    const active = isSplitting(plan) || managed.length > 0;
    const changes = [
      ...splits.filter(isOwners).flatMap((split) => weightChanges(split, plan)),
      ...ruleChanges(context, managed, plan),
      ...markChanges(route, settings.mark, { active, rollout: identityOf(target) }),
    ];
    if (changes.length === 0) return [];
    return [{ verb: 'patch', ref: named.ref, patchType: 'json', body: [...versionGuard(route), ...changes] }];
  });
}

function observed(target: TrafficTarget, current: CurrentObjects): TrafficObservation {
  const settings = settingsOf(target, current);
  const found = settings.routes.map((named) => findSplits(named, target, current));
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (found.length === 0) problems.push(noRoute(target));
  if (problems.length > 0) return { routerId: GATEWAY_API_PLUGIN, state: 'unusable', message: problems.join('; ') };
  const usable = found.flatMap((one) => ('problem' in one ? [] : [one]));
  const managedRoutes = shownRoutes(target, usable);
  const { canaryWeight, weightTotal, disagreement } = shownTogether(
    usable.flatMap(({ splits }) => splits.map(shownIn)),
  );
  const additional = shownAdditional(usable.flatMap(({ splits }) => splits.filter(isOwners)));
  const shown = { canaryWeight, weightTotal, managedRoutes: asAsked(managedRoutes), additional };
  const acceptance = acceptanceOf(usable.map(({ route }) => route));
  return {
    routerId: GATEWAY_API_PLUGIN,
    state: 'known',
    canaryWeight,
    weightTotal,
    ...(disagreement === undefined ? acceptance : { acceptance: 'pending', message: disagreement }),
    drifted: desired(shown, target, current).length > 0,
    managedRoutes,
    additional,
  };
}

function leave(left: LeftTarget, kind: ResourceKind, objects: readonly KubeObject[]): readonly KubeWrite[] {
  const plan: TrafficPlan = { canaryWeight: 0, weightTotal: left.weightTotal };
  const target: TrafficTarget = { ...left, config: {} };
  return objects.flatMap((object): readonly KubeWrite[] => {
    const { namespace = '', name } = object.metadata;
    const ref = { kind, namespace, name };
    const current = new Map([[refKey(ref), object]]);
    const found = findSplits({ ref, field: '', ruleNames: undefined, takesHeaders: true }, target, current);
    const splits = 'problem' in found ? [] : found.splits;
    const route = object as HttpRoute;
    const changes = [
      ...splits.flatMap((split) => weightChanges(split, plan)),
      ...markChanges(route, markOf({}), { active: false, rollout: identityOf(target) }),
    ];
    return changes.length === 0
      ? []
      : [{ verb: 'patch', ref, patchType: 'json', body: [...versionGuard(route), ...changes] }];
  });
}

function noRoute(target: TrafficTarget): string {
  if (selectedKinds(target).length === 0)
    return `${settingsPath('httpRoute')} names no route; name the HTTPRoute or GRPCRoute to weight`;
  const where = `namespace ${namespaceOf(target)}`;
  return `no route of ${where} has the labels that ${settingsPath('httpRouteSelector')} selects; label the routes to weight`;
}

/** One rule that names both Services. */
interface Split {
  readonly where: string;
  readonly canary: Backend;
  readonly stable: Backend;
  /** Of the additional Services, those that are there. */
  readonly additional: readonly Backend[];
  /** The whole reference to the canary Service, which that to an additional one is modelled on. */
  readonly model: BackendRef;
  /** The managed route that the rule is made for. */
  readonly managed: string | undefined;
}

interface Backend {
  readonly pointer: string;
  readonly name: string;
  /** Undefined where the route says nothing, which means 1. */
  readonly weight: number | undefined;
}

interface UsableRoute {
  readonly named: NamedRoute;
  readonly route: HttpRoute;
  readonly splits: readonly Split[];
  readonly context: RuleContext;
}

type FoundSplits = UsableRoute | { readonly problem: string };

function findSplits(named: NamedRoute, target: TrafficTarget, current: CurrentObjects): FoundSplits {
  const { ref, field, ruleNames } = named;
  const title = `${ref.kind.kind} "${ref.namespace}/${ref.name}"`;
  const { canaryService, stableService } = target;
  const unsplit = servicesProblem(target);
  if (unsplit !== undefined) return { problem: unsplit };
  const route = current.get(refKey(ref)) as HttpRoute | null | undefined;
  if (route === null || route === undefined) {
    return { problem: `${title} does not exist; create it or correct ${settingsPath(field)}` };
  }
  const splits: Split[] = [];
  const context = contextOf(named, target, route);
  for (const { index, rule, managed, splits: isSplit } of readRules(context)) {
    if (!isSplit) continue;
    const canary = backendsTo(canaryService, rule, { index, target, ref });
    const stable = backendsTo(stableService, rule, { index, target, ref });
    if (canary.length > 1 || stable.length > 1) {
      const twice = canary.length > 1 ? canaryService : stableService;
      return { problem: `${title} names Service "${twice}" more than once in rule ${index}; name it once` };
    }
    const [toCanary] = canary;
    const [toStable] = stable;
    if (toCanary === undefined || toStable === undefined) continue;
    const additional = (target.additionalServices ?? []).flatMap((service) =>
      backendsTo(service, rule, { index, target, ref }),
    );
    const where = `${title} rule ${index}`;
    const model = (rule.backendRefs ?? []).find(context.isCanary) ?? { name: canaryService };
    splits.push({ where, canary: toCanary, stable: toStable, additional, model, managed });
  }
  if (splits.some(({ managed }) => managed === undefined)) {
    const unmet = context.candidates.find((one) => derivedRules(context, one).length === 0);
    if (unmet === undefined) return { named, route, splits, context };
    return {
      problem: `${title} has no rule that requests of the managed route "${unmet.name}" could meet; change one`,
    };
  }
  const among = ruleNames === undefined ? 'no rule' : `no rule named ${ruleNames.join(' or ')}`;
  const both = `Service "${stableService}" and Service "${canaryService}" of namespace ${target.namespace}`;
  return { problem: `${title} has ${among} whose backendRefs name both ${both}; add both to one rule` };
}

function contextOf(named: NamedRoute, target: TrafficTarget, route: HttpRoute): RuleContext {
  const { ref, ruleNames } = named;
  const to = (service: string) => (backend: BackendRef) =>
    leadsTo(backend, { service, namespace: target.namespace, routeNamespace: ref.namespace });
  return {
    kind: ref.kind.kind === KINDS.grpcRoute.kind ? 'GRPCRoute' : 'HTTPRoute',
    rules: route.spec.rules ?? [],
    isCanary: to(target.canaryService),
    isStable: to(target.stableService),
    mayWeight: (rule) => ruleNames === undefined || ruleNames.includes(rule.name ?? ''),
    managedNames: [...new Set(target.managedNames)],
    candidates: (target.routesOfSteps ?? []).filter((one) => takes(named, one)),
  };
}

/** Each managed route of which there is a rule somewhere: as a step asks for it in all routes that take it, or not. */
function shownRoutes(target: TrafficTarget, usable: readonly UsableRoute[]): readonly ShownRoute[] {
  return [...new Set(target.managedNames)].flatMap((name): readonly ShownRoute[] => {
    const holders = usable.filter(({ context }) => readRules(context).some(({ managed }) => managed === name));
    if (holders.length === 0) return [];
    const shown = (target.routesOfSteps ?? []).find((asked) => {
      if (asked.name !== name) return false;
      const takers = usable.filter(({ named }) => takes(named, asked));
      return takers.length === holders.length && takers.every(({ context }) => showsRoute(context, asked));
    });
    return [shown ?? { kind: 'other', name }];
  });
}

function asAsked(shown: readonly ShownRoute[]): readonly ManagedRoute[] {
  return shown.flatMap((route) => (route.kind === 'other' ? [] : [route]));
}

interface RulePlace {
  readonly index: number;
  readonly target: TrafficTarget;
  readonly ref: ObjectRef;
}

function backendsTo(service: string, rule: RouteRule, { index, target, ref }: RulePlace): readonly Backend[] {
  return (rule.backendRefs ?? []).flatMap((backend, place) => {
    if (!leadsTo(backend, { service, namespace: target.namespace, routeNamespace: ref.namespace })) return [];
    const pointer = `/spec/rules/${index}/backendRefs/${place}`;
    return [{ pointer, name: backend.name, weight: backend.weight }];
  });
}

interface ServicePlace {
  readonly service: string;
  readonly namespace: string;
  readonly routeNamespace: string;
}

/** Whether a backendRef means this Service: without a namespace it means one beside the route. */
function leadsTo(backend: BackendRef, { service, namespace, routeNamespace }: ServicePlace): boolean {
  if ((backend.group ?? '') !== '' || (backend.kind ?? 'Service') !== 'Service') return false;
  return backend.name === service && (backend.namespace ?? routeNamespace) === namespace;
}

function isOwners({ managed }: Split): boolean {
  return managed === undefined;
}

function shownIn({ where, canary, stable, additional }: Split): ShownSplit {
  const canaryWeight = weightOf(canary);
  const others = additional.reduce((sum, backend) => sum + weightOf(backend), 0);
  return { where, canaryWeight, weightTotal: canaryWeight + weightOf(stable) + others };
}

/** Each with the part that it has in the first rule that names it; rules that disagree are not in order. */
function shownAdditional(splits: readonly Split[]): readonly AdditionalDestination[] {
  const byName = new Map<string, AdditionalDestination>();
  for (const backend of splits.flatMap(({ additional }) => additional)) {
    const shown = byName.get(backend.name) ?? { service: backend.name, weight: weightOf(backend) };
    byName.set(backend.name, shown);
  }
  return [...byName.values()];
}

function weightOf(backend: Backend): number {
  return backend.weight ?? 1;
}

interface PatchOperation {
  readonly op: 'test' | 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

function versionGuard(route: HttpRoute): readonly PatchOperation[] {
  const { resourceVersion } = route.metadata;
  return resourceVersion === undefined ? [] : [check('/metadata/resourceVersion', resourceVersion)];
}

function weightChanges(split: Split, plan: TrafficPlan): readonly PatchOperation[] {
  return [
    ...weightChange(split.canary, plan.canaryWeight),
    ...weightChange(split.stable, stableWeightOf(plan)),
    ...additionalChanges(split, plan.additional ?? []),
  ];
}

/** What stays keeps its place until the end, so that places hold: new ones come last, and what goes goes from the back. */
function additionalChanges(
  { canary, additional, model }: Split,
  wanted: readonly AdditionalDestination[],
): readonly PatchOperation[] {
  const list = canary.pointer.replace(/\/\d+$/, '');
  const there = new Map(additional.map((backend) => [backend.name, backend]));
  const kept = new Set(wanted.map(({ service }) => service));
  const changed = wanted.flatMap(({ service, weight }): readonly PatchOperation[] => {
    const backend = there.get(service);
    return backend === undefined ? [] : weightChange(backend, weight);
  });
  const added = wanted
    .filter(({ service }) => !there.has(service))
    .map((one): PatchOperation => ({ op: 'add', path: `${list}/-`, value: referenceTo(one, model) }));
  const removed = additional
    .filter(({ name }) => !kept.has(name))
    .toSorted((left, right) => placeOf(right) - placeOf(left))
    .flatMap(({ pointer, name }): readonly PatchOperation[] => [
      check(`${pointer}/name`, name),
      { op: 'remove', path: pointer },
    ]);
  return [...changed, ...added, ...removed];
}

function placeOf({ pointer }: Backend): number {
  return Number(pointer.slice(pointer.lastIndexOf('/') + 1));
}

/** In the same words as that to the canary Service, but for filters, which are the owner's. */
function referenceTo({ service, weight, ports = {} }: AdditionalDestination, model: BackendRef): BackendRef {
  const { group, kind, namespace, port } = model;
  const own = port === undefined ? undefined : (ports[String(port)] ?? port);
  return {
    ...(group === undefined ? {} : { group }),
    ...(kind === undefined ? {} : { kind }),
    name: service,
    ...(namespace === undefined ? {} : { namespace }),
    ...(own === undefined ? {} : { port: own }),
    weight,
  };
}

function weightChange(backend: Backend, wanted: number): readonly PatchOperation[] {
  if (weightOf(backend) === wanted) return [];
  const op = backend.weight === undefined ? 'add' : 'replace';
  return [check(`${backend.pointer}/name`, backend.name), { op, path: `${backend.pointer}/weight`, value: wanted }];
}

/** Takes away all rules that steps once added and puts in those of the plan, unless they are in their place already. */
function ruleChanges(
  context: RuleContext,
  routes: readonly ManagedRoute[],
  plan: TrafficPlan,
): readonly PatchOperation[] {
  const live = readRules(context);
  const wanted = wantedRules(context, routes, { canary: plan.canaryWeight, stable: stableWeightOf(plan) });
  if (areInPlace(live, wanted)) return [];
  const removed = live.flatMap(({ index, managed }) => (managed === undefined ? [] : [index]));
  return [
    ...removed.toReversed().map((index): PatchOperation => ({ op: 'remove', path: `/spec/rules/${index}` })),
    ...wanted.flatMap((one, index): readonly PatchOperation[] =>
      one.from === 'step' ? [{ op: 'add', path: `/spec/rules/${index}`, value: one.rule }] : [],
    ),
  ];
}

interface Splitting {
  readonly active: boolean;
  readonly rollout: string;
}

/**
 * A route that several Rollouts share stays marked until the last of them has finished; otherwise each would undo what
 * the other wrote, for ever. A label with a value that is not ours is left alone while others are active.
 */
function markChanges(route: HttpRoute, mark: Mark | undefined, own: Splitting): readonly PatchOperation[] {
  if (mark === undefined) return [];
  const listed = route.metadata.annotations?.[mark.annotationKey];
  const others = (listed ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && entry !== own.rollout);
  const active = [...new Set(own.active ? [...others, own.rollout] : others)].sort();
  const label = route.metadata.labels?.[mark.labelKey];
  return [
    ...entryChange(route, { map: 'labels', key: mark.labelKey, wanted: labelWanted(label, mark, own, others.length) }),
    ...entryChange(route, {
      map: 'annotations',
      key: mark.annotationKey,
      wanted: listsSame(listed, active) ? listed : active.length === 0 ? undefined : active.join(','),
    }),
  ];
}

function labelWanted(label: string | undefined, mark: Mark, own: Splitting, otherCount: number): string | undefined {
  if (otherCount > 0) return own.active ? (label ?? mark.labelValue) : label;
  if (own.active) return mark.labelValue;
  return label === mark.labelValue ? undefined : label;
}

/** Equal but for order, blanks and repetition, which are another controller's way of writing the same. */
function listsSame(listed: string | undefined, active: readonly string[]): boolean {
  if (listed === undefined) return active.length === 0;
  const entries = new Set(listed.split(',').map((entry) => entry.trim()));
  return entries.size === active.length && active.every((entry) => entries.has(entry));
}

interface EntryWanted {
  readonly map: 'labels' | 'annotations';
  readonly key: string;
  readonly wanted: string | undefined;
}

function entryChange(route: HttpRoute, { map, key, wanted }: EntryWanted): readonly PatchOperation[] {
  const entries = route.metadata[map];
  const present = entries?.[key];
  if (present === wanted) return [];
  const path = `/metadata/${map}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  if (wanted === undefined) return [check(path, present), { op: 'remove', path }];
  if (present !== undefined) return [check(path, present), { op: 'replace', path, value: wanted }];
  if (entries === undefined) return [{ op: 'add', path: `/metadata/${map}`, value: { [key]: wanted } }];
  return [{ op: 'add', path, value: wanted }];
}

function check(path: string, value: unknown): PatchOperation {
  return { op: 'test', path, value };
}

function isSplitting({ canaryWeight, weightTotal, additional = [] }: TrafficPlan): boolean {
  return (canaryWeight > 0 && canaryWeight < weightTotal) || additional.length > 0;
}

function identityOf(target: TrafficTarget): string {
  return `${target.namespace}/${target.rolloutName}`;
}
