import { refKey, type KubeObject, type ObjectRef, type ResourceKind } from '../api/kube-object.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import { KINDS } from '../api/kinds.ts';
import { ROUTE_ACTIVE_ROLLOUTS_ANNOTATION, ROUTE_IN_PROGRESS_LABEL, ROUTE_IN_PROGRESS_VALUE } from '../api/labels.ts';
import { GATEWAY_API_PLUGIN } from '../api/validation/supported.ts';
import type { BackendRef, HttpRoute, RouteParentStatus, RouteRule } from '../api/workloads.ts';
import type {
  LeftTarget,
  ManagedRoute,
  ShownRoute,
  TrafficObservation,
  TrafficPlan,
  TrafficTarget,
} from '../core/traffic.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import {
  areInPlace,
  derivedRules,
  readRules,
  showsRoute,
  wantedRules,
  type RuleContext,
} from './gateway-api/managed-rules.ts';
import { assertPlan, shownTogether, type CurrentObjects, type ShownSplit, type TrafficRouter } from './contract.ts';

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
  kinds: [KINDS.httpRoute, KINDS.grpcRoute],
  leave,
};

/** Which fields of the settings name routes of which kind. */
const ROUTE_FIELDS: readonly {
  readonly kind: ResourceKind;
  readonly one: string;
  readonly ruleOfOne: string;
  readonly several: string;
}[] = [
  { kind: KINDS.httpRoute, one: 'httpRoute', ruleOfOne: 'httpRouteRuleName', several: 'httpRoutes' },
  { kind: KINDS.grpcRoute, one: 'grpcRoute', ruleOfOne: 'grpcRouteRuleName', several: 'grpcRoutes' },
];

function configOf(trafficRouting: Readonly<Record<string, unknown>>): unknown {
  const plugins = trafficRouting['plugins'];
  if (!isPlainObject(plugins) || !Object.hasOwn(plugins, GATEWAY_API_PLUGIN)) return undefined;
  return plugins[GATEWAY_API_PLUGIN] ?? {};
}

function reads(target: TrafficTarget): readonly ObjectRef[] {
  return settingsOf(target).routes.map(({ ref }) => ref);
}

function desired(plan: TrafficPlan, target: TrafficTarget, current: CurrentObjects): readonly KubeWrite[] {
  assertPlan(plan);
  const settings = settingsOf(target);
  return settings.routes.flatMap((named): readonly KubeWrite[] => {
    const found = findSplits(named, target, current);
    if ('problem' in found) return [];
    const { route, splits, context } = found;
    const managed = (plan.managedRoutes ?? []).filter((one) => takes(named, one));
    const active = isSplitting(plan) || managed.length > 0;
    const changes = [
      ...splits.filter((split) => split.managed === undefined).flatMap((split) => weightChanges(split, plan)),
      ...ruleChanges(context, managed, plan),
      ...markChanges(route, settings.mark, { active, rollout: identityOf(target) }),
    ];
    if (changes.length === 0) return [];
    return [{ verb: 'patch', ref: named.ref, patchType: 'json', body: [...versionGuard(route), ...changes] }];
  });
}

function observed(target: TrafficTarget, current: CurrentObjects): TrafficObservation {
  const settings = settingsOf(target);
  const found = settings.routes.map((named) => findSplits(named, target, current));
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (found.length === 0)
    problems.push(`${settingsPath('httpRoute')} names no route; name the HTTPRoute or GRPCRoute to weight`);
  if (problems.length > 0) return { routerId: GATEWAY_API_PLUGIN, state: 'unusable', message: problems.join('; ') };
  const usable = found.flatMap((one) => ('problem' in one ? [] : [one]));
  const managedRoutes = shownRoutes(target, usable);
  const { canaryWeight, weightTotal, disagreement } = shownTogether(
    usable.flatMap(({ splits }) => splits.map(shownIn)),
  );
  const acceptance = acceptanceOf(usable.map(({ route }) => route));
  return {
    routerId: GATEWAY_API_PLUGIN,
    state: 'known',
    canaryWeight,
    weightTotal,
    ...(disagreement === undefined ? acceptance : { acceptance: 'pending', message: disagreement }),
    drifted: desired({ canaryWeight, weightTotal, managedRoutes: asAsked(managedRoutes) }, target, current).length > 0,
    managedRoutes,
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

interface Settings {
  readonly routes: readonly NamedRoute[];
  readonly mark: Mark | undefined;
}

interface NamedRoute {
  readonly ref: ObjectRef;
  /** The field that names it, for messages. */
  readonly field: string;
  /** Only rules with these names; undefined means every rule. */
  readonly ruleNames: readonly string[] | undefined;
  /** Whether setHeaderRoute adds rules here. */
  readonly takesHeaders: boolean;
}

/** How a route is marked while its traffic is split, so that whoever applies it from Git leaves the weights alone. */
interface Mark {
  readonly labelKey: string;
  readonly labelValue: string;
  /** Lists, separated by commas, the Rollouts that split traffic here: the last one to finish removes the label. */
  readonly annotationKey: string;
}

function settingsOf(target: TrafficTarget): Settings {
  const config = isPlainObject(target.config) ? target.config : {};
  const namespace = textOf(config, 'namespace') ?? target.namespace;
  const routes = new Map<string, NamedRoute>();
  for (const named of ROUTE_FIELDS.flatMap((fields) => routesNamed(config, fields, namespace))) {
    const key = refKey(named.ref);
    const same = routes.get(key);
    routes.set(key, same === undefined ? named : together(same, named));
  }
  return { routes: [...routes.values()], mark: markOf(config) };
}

function routesNamed(
  config: Readonly<Record<string, unknown>>,
  { kind, one, ruleOfOne, several }: (typeof ROUTE_FIELDS)[number],
  namespace: string,
): readonly NamedRoute[] {
  const listed: unknown = config[several];
  const items: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const wanted = [
    { name: textOf(config, one), ruleName: textOf(config, ruleOfOne), field: one, takesHeaders: true },
    ...items.map((item, index) => ({
      name: isPlainObject(item) ? textOf(item, 'name') : undefined,
      ruleName: isPlainObject(item) ? textOf(item, 'ruleName') : undefined,
      field: `${several}[${index}].name`,
      takesHeaders: isPlainObject(item) && item['useHeaderRoutes'] === true,
    })),
  ];
  return wanted.flatMap(({ name, ruleName, field, takesHeaders }) => {
    if (name === undefined) return [];
    const ruleNames = ruleName === undefined ? undefined : [ruleName];
    return [{ ref: { kind, namespace, name }, field, ruleNames, takesHeaders }];
  });
}

/** A route that is named twice. */
function together(left: NamedRoute, right: NamedRoute): NamedRoute {
  return {
    ...left,
    ruleNames: bothRules(left.ruleNames, right.ruleNames),
    takesHeaders: left.takesHeaders || right.takesHeaders,
  };
}

function takes({ ref, takesHeaders }: NamedRoute, route: ManagedRoute): boolean {
  return route.kind === 'header' ? takesHeaders : ref.kind.kind === KINDS.httpRoute.kind;
}

function bothRules(
  left: readonly string[] | undefined,
  right: readonly string[] | undefined,
): readonly string[] | undefined {
  return left === undefined || right === undefined ? undefined : [...left, ...right];
}

function markOf(config: Readonly<Record<string, unknown>>): Mark | undefined {
  if (config['disableInProgressLabel'] === true) return undefined;
  return {
    labelKey: textOf(config, 'inProgressLabelKey') ?? ROUTE_IN_PROGRESS_LABEL,
    labelValue: textOf(config, 'inProgressLabelValue') ?? ROUTE_IN_PROGRESS_VALUE,
    annotationKey: textOf(config, 'activeRolloutsAnnotationKey') ?? ROUTE_ACTIVE_ROLLOUTS_ANNOTATION,
  };
}

/** A field's text; an empty one counts as absent. */
function textOf(object: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = object[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** One rule that names both Services. */
interface Split {
  readonly where: string;
  readonly canary: Backend;
  readonly stable: Backend;
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
  if (canaryService === '' || stableService === '' || canaryService === stableService) {
    return { problem: 'canaryService and stableService must name two Services for traffic to be split between them' };
  }
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
    splits.push({ where: `${title} rule ${index}`, canary: toCanary, stable: toStable, managed });
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

function shownIn({ where, canary, stable }: Split): ShownSplit {
  const canaryWeight = weightOf(canary);
  return { where, canaryWeight, weightTotal: canaryWeight + weightOf(stable) };
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

function weightChanges({ canary, stable }: Split, plan: TrafficPlan): readonly PatchOperation[] {
  return [...weightChange(canary, plan.canaryWeight), ...weightChange(stable, plan.weightTotal - plan.canaryWeight)];
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
  { canaryWeight, weightTotal }: TrafficPlan,
): readonly PatchOperation[] {
  const live = readRules(context);
  const wanted = wantedRules(context, routes, { canary: canaryWeight, stable: weightTotal - canaryWeight });
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

function isSplitting({ canaryWeight, weightTotal }: TrafficPlan): boolean {
  return canaryWeight > 0 && canaryWeight < weightTotal;
}

function identityOf(target: TrafficTarget): string {
  return `${target.namespace}/${target.rolloutName}`;
}

type Acceptance = { readonly acceptance: 'accepted' | 'pending' | 'unknown'; readonly message?: string };

/** The least that any Gateway of any route says. */
function acceptanceOf(routes: readonly HttpRoute[]): Acceptance {
  const answers = routes.flatMap(answersOf);
  const pending = answers.find(({ acceptance }) => acceptance === 'pending');
  if (pending !== undefined) return pending;
  const accepted = answers.length > 0 && answers.every(({ acceptance }) => acceptance === 'accepted');
  return { acceptance: accepted ? 'accepted' : 'unknown' };
}

function answersOf(route: HttpRoute): readonly Acceptance[] {
  const statuses = route.status?.parents ?? [];
  const parents = route.spec.parentRefs ?? [];
  if (parents.length === 0) return [{ acceptance: 'unknown' }];
  return parents.flatMap((parent): readonly Acceptance[] => {
    const answers = statuses.filter(({ parentRef }) => isSameParent(parentRef, parent, route.metadata.namespace));
    return answers.length === 0 ? [{ acceptance: 'unknown' }] : answers.map((answer) => answerOf(answer, route));
  });
}

function isSameParent(
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
  routeNamespace: string | undefined,
): boolean {
  const same = (field: string, fallback?: unknown): boolean => (left[field] ?? fallback) === (right[field] ?? fallback);
  return (
    same('name') &&
    same('namespace', routeNamespace) &&
    same('kind', 'Gateway') &&
    same('group', KINDS.httpRoute.group) &&
    same('sectionName') &&
    same('port')
  );
}

/**
 * Some data planes never fill observedGeneration: then True is no statement about this version of the route, and only
 * time can tell. False holds back in any case.
 */
function answerOf(answer: RouteParentStatus, route: HttpRoute): Acceptance {
  const generation = route.metadata.generation ?? 0;
  let acceptance: Acceptance['acceptance'] = 'accepted';
  for (const type of ['Accepted', 'ResolvedRefs']) {
    const condition = answer.conditions?.find((candidate) => candidate.type === type);
    const seen = condition?.observedGeneration ?? 0;
    if (condition?.status === 'False') return pendingAt(answer, route, `${type} is False: ${condition.message ?? ''}`);
    if (seen > 0 && seen < generation) {
      return pendingAt(answer, route, `it has seen generation ${seen} of ${generation}`);
    }
    if (condition?.status !== 'True' || seen === 0) acceptance = 'unknown';
  }
  return { acceptance };
}

function pendingAt(answer: RouteParentStatus, route: HttpRoute, what: string): Acceptance {
  const gateway = textOf(answer.parentRef, 'name') ?? answer.controllerName;
  const { kind, metadata } = route;
  const message = `${kind} "${metadata.namespace ?? ''}/${metadata.name}" is not in effect at ${gateway}: ${what}`;
  return { acceptance: 'pending', message };
}

function settingsPath(field: string): string {
  return `spec.strategy.canary.trafficRouting.plugins["${GATEWAY_API_PLUGIN}"].${field}`;
}
