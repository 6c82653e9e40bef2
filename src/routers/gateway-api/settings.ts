import { refKey, type ObjectRef, type ResourceKind } from '../../api/kube-object.ts';
import { KINDS } from '../../api/kinds.ts';
import {
  ROUTE_ACTIVE_ROLLOUTS_ANNOTATION,
  ROUTE_IN_PROGRESS_LABEL,
  ROUTE_IN_PROGRESS_VALUE,
} from '../../api/labels.ts';
import type { LabelSelector } from '../../api/rollout.ts';
import { selectorMatches } from '../../api/validation/label-selector.ts';
import { GATEWAY_API_PLUGIN } from '../../api/validation/supported.ts';
import type { ManagedRoute, TrafficTarget } from '../../core/traffic.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import type { CurrentObjects } from '../contract.ts';

/** Which fields of the settings name routes of which kind. */
const ROUTE_FIELDS: readonly {
  readonly kind: ResourceKind;
  readonly one: string;
  readonly ruleOfOne: string;
  readonly several: string;
  readonly selector: string;
}[] = [
  {
    kind: KINDS.httpRoute,
    one: 'httpRoute',
    ruleOfOne: 'httpRouteRuleName',
    several: 'httpRoutes',
    selector: 'httpRouteSelector',
  },
  {
    kind: KINDS.grpcRoute,
    one: 'grpcRoute',
    ruleOfOne: 'grpcRouteRuleName',
    several: 'grpcRoutes',
    selector: 'grpcRouteSelector',
  },
];

export interface Settings {
  readonly routes: readonly NamedRoute[];
  readonly mark: Mark | undefined;
}

export interface NamedRoute {
  readonly ref: ObjectRef;
  /** The field that names it, for messages. */
  readonly field: string;
  /** Only rules with these names; undefined means every rule. */
  readonly ruleNames: readonly string[] | undefined;
  /** Whether setHeaderRoute adds rules here. */
  readonly takesHeaders: boolean;
}

/** How a route is marked while its traffic is split, so that whoever applies it from Git leaves the weights alone. */
export interface Mark {
  readonly labelKey: string;
  readonly labelValue: string;
  /** Lists, separated by commas, the Rollouts that split traffic here: the last one to finish removes the label. */
  readonly annotationKey: string;
}

/** What the spec says; `current` has the routes among which its selectors choose. */
export function settingsOf(target: TrafficTarget, current: CurrentObjects = new Map()): Settings {
  const config = fieldsOf(target.config);
  const namespace = namespaceOf(target);
  const routes = new Map<string, NamedRoute>();
  const all = ROUTE_FIELDS.flatMap((fields) => [
    ...routesNamed(config, fields, namespace),
    ...routesSelected(config, fields, { namespace, current }),
  ]);
  for (const named of all) {
    const key = refKey(named.ref);
    const same = routes.get(key);
    routes.set(key, same === undefined ? named : together(same, named));
  }
  return { routes: [...routes.values()], mark: markOf(config) };
}

/** Kinds of which all routes of the namespace have to be read, because their labels decide. */
export function selectedKinds(target: TrafficTarget): readonly ResourceKind[] {
  const config = fieldsOf(target.config);
  return ROUTE_FIELDS.filter(({ selector }) => isPlainObject(config[selector])).map(({ kind }) => kind);
}

export function namespaceOf(target: TrafficTarget): string {
  return (isPlainObject(target.config) ? textOf(target.config, 'namespace') : undefined) ?? target.namespace;
}

function routesSelected(
  config: Readonly<Record<string, unknown>>,
  { kind, selector: field }: (typeof ROUTE_FIELDS)[number],
  { namespace, current }: { readonly namespace: string; readonly current: CurrentObjects },
): readonly NamedRoute[] {
  const selector = config[field];
  if (!isPlainObject(selector)) return [];
  const prefix = refKey({ kind, namespace, name: '' });
  const routes = [...current].flatMap(([key, route]) => (route !== null && key.startsWith(prefix) ? [route] : []));
  return routes
    .filter((route) => selectorMatches(selector as LabelSelector, route.metadata.labels ?? {}))
    .map((route) => ({
      ref: { kind, namespace, name: route.metadata.name },
      field,
      ruleNames: undefined,
      takesHeaders: false,
    }));
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

export function takes({ ref, takesHeaders }: NamedRoute, route: ManagedRoute): boolean {
  return route.kind === 'header' ? takesHeaders : ref.kind.kind === KINDS.httpRoute.kind;
}

function bothRules(
  left: readonly string[] | undefined,
  right: readonly string[] | undefined,
): readonly string[] | undefined {
  return left === undefined || right === undefined ? undefined : [...left, ...right];
}

export function markOf(config: Readonly<Record<string, unknown>>): Mark | undefined {
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

export function settingsPath(field: string): string {
  return `spec.strategy.canary.trafficRouting.plugins["${GATEWAY_API_PLUGIN}"].${field}`;
}
