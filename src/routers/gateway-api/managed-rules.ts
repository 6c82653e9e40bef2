import { ruleNameOf } from '../../api/managed-route-name.ts';
import type { BackendRef, RouteRule } from '../../api/workloads.ts';
import type { HeaderMatch, ManagedRoute, MirrorMatch } from '../../core/traffic.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/*
 * Rules that steps add to a route, beside those of its owner. Each is derived from one of the owner's rules that split
 * traffic between the two Services, and stands right before it: of two rules that fit equally well the first wins, and
 * the rules of others keep their place.
 */

/** What the rules of one route mean for a Rollout. */
export interface RuleContext {
  readonly kind: 'HTTPRoute' | 'GRPCRoute';
  readonly rules: readonly RouteRule[];
  readonly isCanary: (backend: BackendRef) => boolean;
  readonly isStable: (backend: BackendRef) => boolean;
  /** Whether the owner lets this rule be weighted. */
  readonly mayWeight: (rule: RouteRule) => boolean;
  readonly managedNames: readonly string[];
  /** Those of the steps' routes that this route takes. */
  readonly candidates: readonly ManagedRoute[];
}

/** A rule of the route as it is: whose it is, and what it does. */
export interface LiveRule {
  readonly index: number;
  readonly rule: RouteRule;
  /** The managed route that it belongs to; undefined for rules of the owner and of others. */
  readonly managed: string | undefined;
  /** It splits traffic between the two Services, and may be weighted. */
  readonly splits: boolean;
}

export function readRules(context: RuleContext): readonly LiveRule[] {
  return context.rules.map((rule, index) => {
    const managed = managedNameOf(rule, context);
    const splits = namesBoth(rule, context) && (managed !== undefined || context.mayWeight(rule));
    return { index, rule, managed, splits };
  });
}

/** A rule that should be there: one that is there already, or one of a managed route. */
export type WantedRule =
  | { readonly from: 'live'; readonly index: number }
  | { readonly from: 'step'; readonly rule: RouteRule };

export interface Weights {
  readonly canary: number;
  readonly stable: number;
}

/** All rules of the route in their order, with those of the managed routes and of no others. */
export function wantedRules(
  context: RuleContext,
  routes: readonly ManagedRoute[],
  weights: Weights,
): readonly WantedRule[] {
  const live = readRules(context);
  const taken = new Set(live.flatMap(({ rule, managed }) => (managed === undefined ? [rule.name ?? ''] : [])));
  const wanted: WantedRule[] = [];
  for (const { index, rule, managed, splits } of live) {
    if (managed !== undefined) continue;
    for (const route of splits ? routes : []) {
      const derived = derivedRule(weighted(rule, context, weights), route, context);
      if (derived === undefined) continue;
      const name = freeName(route.name, taken, context);
      taken.add(name);
      wanted.push({ from: 'step', rule: { name, ...derived } });
    }
    wanted.push({ from: 'live', index });
  }
  return wanted;
}

/** True when the rules that are there are the wanted ones. */
export function areInPlace(live: readonly LiveRule[], wanted: readonly WantedRule[]): boolean {
  if (live.length !== wanted.length) return false;
  return wanted.every((one, place) => {
    const there = live[place];
    if (there === undefined) return false;
    if (one.from === 'live') return there.index === one.index;
    return there.managed !== undefined && isSameRule(there.rule, one.rule);
  });
}

/** Whether the rules under this name are exactly those that the managed route asks for, whatever the weights. */
export function showsRoute(context: RuleContext, route: ManagedRoute): boolean {
  const live = readRules(context);
  const own = live.filter(({ managed }) => managed === route.name).map(({ rule }) => rule);
  const wanted = derivedRules(context, route);
  return (
    wanted.length > 0 &&
    own.length === wanted.length &&
    wanted.every((rule, place) => isSameRule(unweighted(own[place] ?? {}), unweighted(rule)))
  );
}

/** The rules that this managed route would add. */
export function derivedRules(context: RuleContext, route: ManagedRoute): readonly RouteRule[] {
  return readRules(context).flatMap(({ rule, managed, splits }): readonly RouteRule[] => {
    const derived = managed === undefined && splits ? derivedRule(rule, route, context) : undefined;
    return derived === undefined ? [] : [derived];
  });
}

/** Names are left out by definitions of the Gateway API that do not know them, so there the rest has to tell. */
function managedNameOf(rule: RouteRule, context: RuleContext): string | undefined {
  if (!isOfAStep(rule, context)) return undefined;
  const { name } = rule;
  if (name !== undefined) return ownerOfName(name, context);
  const bases = context.rules.filter((base) => base !== rule && namesBoth(base, context));
  const found = context.candidates.find((route) =>
    bases.some((base) => {
      const derived = derivedRule(base, route, context);
      return derived !== undefined && isSameRule(unweighted(rule), unweighted(derived));
    }),
  );
  return found?.name;
}

/** It has the shape of a rule that a step adds: all to one of the two Services, or a copy to one of them. */
function isOfAStep(rule: RouteRule, context: RuleContext): boolean {
  const { isCanary, isStable } = context;
  const [only, ...others] = rule.backendRefs ?? [];
  if (only === undefined) return false;
  if (others.length === 0) return isCanary(only) || isStable(only);
  return namesBoth(rule, context) && (rule.filters ?? []).some((filter) => mirrorsTo(filter, context));
}

function mirrorsTo(filter: Readonly<Record<string, unknown>>, { isCanary, isStable }: RuleContext): boolean {
  const mirror = filter['requestMirror'];
  const backend = isPlainObject(mirror) ? mirror['backendRef'] : undefined;
  if (!isPlainObject(backend) || typeof backend['name'] !== 'string') return false;
  const ref = { ...backend, name: backend['name'] };
  return isCanary(ref) || isStable(ref);
}

function namesBoth(rule: RouteRule, { isCanary, isStable }: RuleContext): boolean {
  const backends = rule.backendRefs ?? [];
  return backends.some(isCanary) && backends.some(isStable);
}

/** The managed route whose rules have such a name. */
function ownerOfName(name: string, { managedNames }: RuleContext): string | undefined {
  const exact = managedNames.find((managed) => ruleNameOf(managed) === name);
  if (exact !== undefined) return exact;
  const [, front] = /^(.+)-\d+$/.exec(name) ?? [];
  return managedNames.find((managed) => ruleNameOf(managed) === front);
}

/** No route has more rules, so twice as many names suffice. */
const RULES_MAX = 16;

/** `<name>`, then `<name>-1` and on: names are unique within a route, and tell whose rule it is. */
function freeName(managed: string, taken: ReadonlySet<string>, context: RuleContext): string {
  const name = ruleNameOf(managed);
  const numbered = Array.from({ length: 2 * RULES_MAX }, (_, number) => (number === 0 ? name : `${name}-${number}`));
  return numbered.find((free) => !taken.has(free) && ownerOfName(free, context) === managed) ?? name;
}

function weighted(rule: RouteRule, { isCanary, isStable }: RuleContext, weights: Weights): RouteRule {
  const backendRefs = (rule.backendRefs ?? []).map((backend) => {
    if (isCanary(backend)) return { ...backend, weight: weights.canary };
    return isStable(backend) ? { ...backend, weight: weights.stable } : backend;
  });
  return { ...rule, backendRefs };
}

function unweighted(rule: RouteRule): RouteRule {
  const backendRefs = (rule.backendRefs ?? []).map((backend) => ({ ...backend, weight: undefined }));
  return { ...rule, backendRefs };
}

function isSameRule(live: RouteRule, wanted: RouteRule): boolean {
  const { name: _live, ...left } = live;
  const { name: _wanted, ...right } = wanted;
  return deepEqual(left, right);
}

/** The rule that a managed route adds before this one; undefined where no request could meet both. */
function derivedRule(base: RouteRule, route: ManagedRoute, context: RuleContext): RouteRule | undefined {
  // Two rules cannot give the same client a session of the same name.
  const { name: _name, sessionPersistence: _session, matches, ...rest } = base;
  const canary = (base.backendRefs ?? []).find(context.isCanary);
  if (canary === undefined) return undefined;
  const asked = matches === undefined || matches.length === 0 ? [anyRequest(context)] : matches;
  switch (route.kind) {
    case 'header': {
      const narrowed = asked.flatMap((match) => withHeaders(match, route.match.map(headerOf)));
      if (narrowed.length === 0) return undefined;
      return { ...rest, matches: narrowed, backendRefs: [{ ...canary, weight: 1 }] };
    }
    case 'mirror': {
      const narrowed = asked.flatMap((match) => route.match.flatMap((mirrored) => bothMatches(match, mirrored)));
      if (narrowed.length === 0 || context.kind !== 'HTTPRoute') return undefined;
      return { ...rest, matches: narrowed, filters: [...(rest.filters ?? []), mirrorFilter(canary, route.percentage)] };
    }
  }
}

type RouteMatch = Readonly<Record<string, unknown>>;

const EVERY_PATH = { type: 'PathPrefix', value: '/' };

function anyRequest({ kind }: RuleContext): RouteMatch {
  return kind === 'HTTPRoute' ? { path: EVERY_PATH } : {};
}

interface NamedValue {
  readonly type: 'Exact' | 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

function headerOf({ headerName, headerValue }: HeaderMatch): NamedValue {
  return { ...valueOf(headerValue), name: headerName };
}

function valueOf({ exact = '', prefix = '', regex = '' }: HeaderMatch['headerValue']): Omit<NamedValue, 'name'> {
  if (exact !== '') return { type: 'Exact', value: exact };
  return { type: 'RegularExpression', value: prefix === '' ? regex : `${escaped(prefix)}.*` };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

/** The match with these headers too. One header can have one condition: if the owner has another for it, none fits both. */
function withHeaders(match: RouteMatch, headers: readonly NamedValue[]): readonly RouteMatch[] {
  const present = Array.isArray(match['headers']) ? (match['headers'] as readonly NamedValue[]) : [];
  const added: NamedValue[] = [];
  for (const header of headers) {
    const same = [...present, ...added].find(({ name }) => name.toLowerCase() === header.name.toLowerCase());
    if (same === undefined) added.push(header);
    else if (same.value !== header.value || (same.type ?? 'Exact') !== header.type) return [];
  }
  return [{ ...match, ...(present.length + added.length === 0 ? {} : { headers: [...present, ...added] }) }];
}

/** What fits the owner's match and the one of the step; nothing where they exclude each other. */
function bothMatches(match: RouteMatch, { method, path, headers }: MirrorMatch): readonly RouteMatch[] {
  const asked = method?.exact;
  if (asked !== undefined && match['method'] !== undefined && match['method'] !== asked) return [];
  const narrowed = path === undefined ? (match['path'] ?? EVERY_PATH) : bothPaths(match['path'], path);
  if (narrowed === undefined) return [];
  const named = Object.entries(headers ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
  const both = { ...match, path: narrowed, ...(asked === undefined ? {} : { method: asked }) };
  return withHeaders(
    both,
    named.map(([name, value]) => ({ ...valueOf(value), name })),
  );
}

interface PathMatch {
  readonly type: string;
  readonly value: string;
}

/** The narrower of two paths. A regular expression is compared with nothing, so it stands only where every path fits. */
function bothPaths(owners: unknown, steps: NonNullable<MirrorMatch['path']>): PathMatch | undefined {
  const { type = 'PathPrefix', value = '/' } = (owners ?? EVERY_PATH) as Partial<PathMatch>;
  const { exact = '', prefix = '', regex = '' } = steps;
  if (regex !== '')
    return value === '/' && type === 'PathPrefix' ? { type: 'RegularExpression', value: regex } : undefined;
  if (type === 'RegularExpression') return prefix === '/' ? { type, value } : undefined;
  if (exact !== '') {
    const fits = type === 'Exact' ? exact === value : isUnder(exact, value);
    return fits ? { type: 'Exact', value: exact } : undefined;
  }
  if (isUnder(value, prefix)) return { type, value };
  return type === 'PathPrefix' && isUnder(prefix, value) ? { type, value: prefix } : undefined;
}

/** Prefixes count in whole elements: /shop is under /shop and /, not under /sho. */
function isUnder(path: string, prefix: string): boolean {
  const root = prefix.replace(/\/+$/, '');
  return path === root || path === prefix || path.startsWith(`${root}/`);
}

function mirrorFilter(canary: BackendRef, percentage: number): RouteMatch {
  const { group = '', kind = 'Service', name, namespace, port } = canary;
  const backendRef = {
    group,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(port === undefined ? {} : { port }),
  };
  const part = percentage === 100 ? {} : { percent: percentage };
  return { type: 'RequestMirror', requestMirror: { backendRef, ...part } };
}
