import {
  apiVersionOf,
  controllerReference,
  refKey,
  type KubeObject,
  type ObjectRef,
  type ResourceKind,
} from '../api/kube-object.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import { KINDS } from '../api/kinds.ts';
import type { TrafficRouting } from '../api/rollout.ts';
import type { Problem } from '../api/validation/problem.ts';
import { ingressLeadsElsewhere, ingressNotFound } from '../api/validation/references.ts';
import type { Ingress, IngressBackend, IngressRule } from '../api/workloads.ts';
import type { LeftTarget, TrafficObservation, TrafficPlan, TrafficTarget } from '../core/traffic.ts';
import { deepEqual } from '../lib/deep-equal.ts';
import {
  assertPlan,
  servicesProblem,
  shownTogether,
  type CurrentObjects,
  type ShownSplit,
  type TrafficRouter,
} from './contract.ts';

/**
 * ingress-nginx: beside each stable Ingress stands a canary Ingress of our own with the same hosts and paths, whose
 * annotations carry the weight. It stays at weight 0 when nothing is under way, so that raising needs no new object.
 */
export const nginx: TrafficRouter = {
  id: 'nginx',
  configOf,
  reads,
  desired,
  observed,
  kinds: [KINDS.ingress],
  leave,
};

type NginxSettings = NonNullable<TrafficRouting['nginx']>;

const SETTINGS_PATH = 'spec.strategy.canary.trafficRouting.nginx';
const PREFIX_DEFAULT = 'nginx.ingress.kubernetes.io';
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const NAME_SUFFIX = '-canary';
/** Names of Ingresses are DNS subdomains. */
const NAME_LENGTH_MAX = 253;
/** What ingress-nginx takes for all traffic where canary-weight-total is not set. */
const WEIGHT_TOTAL_DEFAULT = 100;

function configOf(trafficRouting: Readonly<Record<string, unknown>>): unknown {
  return trafficRouting['nginx'] ?? undefined;
}

function reads(target: TrafficTarget): readonly ObjectRef[] {
  return pairsOf(target).flatMap(({ stable, canary }) => [stable, canary]);
}

function desired(plan: TrafficPlan, target: TrafficTarget, current: CurrentObjects): readonly KubeWrite[] {
  assertPlan(plan);
  return pairsOf(target).flatMap((pair): readonly KubeWrite[] => {
    const found = findIngresses(pair, target, current);
    if ('problem' in found) return plan.canaryWeight === 0 ? backToStable(pair, target, current) : [];
    const { live } = found;
    const wanted = canaryIngress(plan, target, { ...found, ref: pair.canary });
    // One that is there, though it was not seen, is neither taken over nor given another weight.
    if (live === null) return [{ verb: 'create', kind: KINDS.ingress, object: wanted }];
    const leftover = leftoverPatch(live, wanted, target);
    const removal: readonly KubeWrite[] =
      leftover === undefined ? [] : [{ verb: 'patch', ref: pair.canary, patchType: 'merge', body: leftover }];
    if (shows(live, wanted)) return removal;
    // What is removed first gives it another version.
    const metadata = removal.length > 0 ? wanted.metadata : { ...wanted.metadata, ...versionOf(live) };
    return [...removal, { verb: 'apply', ref: pair.canary, object: { ...wanted, metadata }, force: true }];
  });
}

function observed(target: TrafficTarget, current: CurrentObjects): TrafficObservation {
  const pairs = pairsOf(target);
  const found = pairs.map((pair) => findIngresses(pair, target, current));
  const problems = found.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (found.length === 0) problems.push(`${SETTINGS_PATH} names no Ingress; set stableIngress`);
  if (problems.length > 0) {
    const problem = found.flatMap((one) => ('problem' in one && one.known !== undefined ? [one.known] : []))[0];
    const message = problems.join('; ');
    return { routerId: nginx.id, state: 'unusable', message, ...(problem === undefined ? {} : { problem }) };
  }
  const lives = found.flatMap((one) => ('problem' in one ? [] : [one.live]));
  if (lives.every((live) => live === null)) return { routerId: nginx.id, state: 'absent' };
  const splits = lives.map((live, index) => shownBy(live, target, pairs[index]?.canary.name ?? ''));
  const { canaryWeight, weightTotal, disagreement } = shownTogether(splits);
  return {
    routerId: nginx.id,
    state: 'known',
    canaryWeight,
    weightTotal,
    ...(disagreement === undefined ? { acceptance: 'unknown' } : { acceptance: 'pending', message: disagreement }),
    drifted: desired({ canaryWeight, weightTotal }, target, current).length > 0,
  };
}

/** The canary Ingresses go: at weight 0 they would still steer by header or cookie. */
function leave(left: LeftTarget, kind: ResourceKind, objects: readonly KubeObject[]): readonly KubeWrite[] {
  return objects
    .filter((object) => object.metadata.namespace === left.namespace && isOurs(object, left))
    .map(({ metadata: { name, uid } }) => ({ verb: 'delete', ref: { kind, namespace: left.namespace, name }, uid }));
}

interface IngressPair {
  readonly stable: ObjectRef;
  readonly canary: ObjectRef;
}

function settingsOf(target: TrafficTarget): NginxSettings {
  // The schema of the kind has checked it.
  return target.config as NginxSettings;
}

function pairsOf(target: TrafficTarget): readonly IngressPair[] {
  const { stableIngress = '', stableIngresses } = settingsOf(target);
  const names = new Set([stableIngress, ...(stableIngresses ?? [])].filter((name) => name !== ''));
  return [...names].map((name) => ({
    stable: { kind: KINDS.ingress, namespace: target.namespace, name },
    canary: { kind: KINDS.ingress, namespace: target.namespace, name: canaryName(target.rolloutName, name) },
  }));
}

/** `<rollout>-<ingress>-canary`; the front is cut where it is too long, and not right after a dot or a dash. */
function canaryName(rolloutName: string, stableIngress: string): string {
  const front = `${rolloutName}-${stableIngress}`;
  const frontMax = NAME_LENGTH_MAX - NAME_SUFFIX.length;
  return (front.length > frontMax ? front.slice(0, frontMax).replace(/[-.]+$/, '') : front) + NAME_SUFFIX;
}

type FoundIngresses =
  | { readonly stable: Ingress; readonly live: Ingress | null }
  /** `known` is what the API says of the same. */
  | { readonly problem: string; readonly known?: Problem };

function findIngresses(pair: IngressPair, target: TrafficTarget, current: CurrentObjects): FoundIngresses {
  const { stableService } = target;
  const unsplit = servicesProblem(target);
  if (unsplit !== undefined) return { problem: unsplit };
  const stable = ingressAt(pair.stable, current);
  const live = ingressAt(pair.canary, current);
  const title = titleOf(pair.stable);
  if (stable === null) {
    const known = ingressNotFound({ path: fieldOf(pair, target), name: pair.stable.name });
    return { problem: `${title} does not exist; create it or correct ${SETTINGS_PATH}`, known };
  }
  if (!leadsTo(stable.spec.defaultBackend, stableService) && copiedRules(stable, target).length === 0) {
    return {
      problem: `${title} has no path to Service "${stableService}"; add one or correct ${SETTINGS_PATH}`,
      known: ingressLeadsElsewhere({ path: fieldOf(pair, target), name: pair.stable.name }, stableService),
    };
  }
  if (live !== null && !isOurs(live, target)) {
    const theirs = `${titleOf(pair.canary)} exists but does not belong to Rollout "${target.rolloutName}"`;
    return { problem: `${theirs}; delete it, so that it can be made for the canary` };
  }
  return { stable, live };
}

function ingressAt(ref: ObjectRef, current: CurrentObjects): Ingress | null {
  return (current.get(refKey(ref)) as Ingress | null | undefined) ?? null;
}

function isOurs(live: KubeObject, target: { readonly rolloutUid: string }): boolean {
  const owners = live.metadata.ownerReferences ?? [];
  return owners.some(({ uid, controller }) => controller === true && uid === target.rolloutUid);
}

/** Which of the two settings names this Ingress. */
function fieldOf({ stable }: IngressPair, target: TrafficTarget): string {
  const among = settingsOf(target).stableIngresses?.includes(stable.name) === true;
  return `${SETTINGS_PATH}.${among ? 'stableIngresses' : 'stableIngress'}`;
}

function titleOf(ref: ObjectRef): string {
  return `Ingress "${ref.namespace}/${ref.name}"`;
}

/** The stable Ingress is of no use; a canary Ingress of ours gives up its traffic all the same. */
function backToStable({ canary }: IngressPair, target: TrafficTarget, current: CurrentObjects): readonly KubeWrite[] {
  const live = ingressAt(canary, current);
  if (live === null || !isOurs(live, target)) return [];
  const annotation = `${prefixOf(target)}/canary-weight`;
  if (live.metadata.annotations?.[annotation] === '0') return [];
  const metadata = { ...versionOf(live), annotations: { [annotation]: '0' } };
  return [{ verb: 'patch', ref: canary, patchType: 'merge', body: { metadata } }];
}

/** Guards a merge patch or an apply by what was read. */
function versionOf(live: Ingress): { readonly resourceVersion?: string } {
  const { resourceVersion } = live.metadata;
  return resourceVersion === undefined ? {} : { resourceVersion };
}

interface CanarySource {
  readonly ref: ObjectRef;
  readonly stable: Ingress;
  readonly live: Ingress | null;
}

function canaryIngress(plan: TrafficPlan, target: TrafficTarget, { ref, stable, live }: CanarySource): Ingress {
  const { ingressClassName, defaultBackend, tls } = stable.spec;
  const rules = copiedRules(stable, target);
  return {
    apiVersion: apiVersionOf(KINDS.ingress),
    kind: KINDS.ingress.kind,
    metadata: {
      name: ref.name,
      namespace: ref.namespace,
      annotations: canaryAnnotations(plan, target, { stable, live }),
      ownerReferences: [controllerReference(KINDS.rollout, { name: target.rolloutName, uid: target.rolloutUid })],
    },
    spec: {
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
      ...(defaultBackend !== undefined && leadsTo(defaultBackend, target.stableService)
        ? { defaultBackend: toCanary(defaultBackend, target) }
        : {}),
      ...(tls === undefined ? {} : { tls }),
      ...(rules.length === 0 ? {} : { rules }),
    },
  };
}

/** The rules of the stable Ingress, reduced to the paths that lead to the stable Service, led to the canary's. */
function copiedRules(stable: Ingress, target: TrafficTarget): readonly IngressRule[] {
  return (stable.spec.rules ?? []).flatMap((rule) => {
    const paths = (rule.http?.paths ?? []).filter(({ backend }) => leadsTo(backend, target.stableService));
    if (paths.length === 0) return [];
    const led = paths.map((path) => ({ ...path, backend: toCanary(path.backend, target) }));
    return [{ ...rule, http: { ...rule.http, paths: led } }];
  });
}

function leadsTo(backend: IngressBackend | undefined, service: string): boolean {
  return backend?.service?.name === service;
}

function toCanary(backend: IngressBackend, target: TrafficTarget): IngressBackend {
  return { ...backend, service: { ...backend.service, name: target.canaryService } };
}

/** The user's annotations never win over the weight. A total stays written where one is, because it changes the meaning. */
function canaryAnnotations(
  plan: TrafficPlan,
  target: TrafficTarget,
  { stable, live }: Pick<CanarySource, 'stable' | 'live'>,
): Readonly<Record<string, string>> {
  const { additionalIngressAnnotations, canaryIngressAnnotations } = settingsOf(target);
  const prefix = prefixOf(target);
  const ingressClass = stable.metadata.annotations?.[CLASS_ANNOTATION];
  const totalIsWritten = live?.metadata.annotations?.[`${prefix}/canary-weight-total`] !== undefined;
  const needsTotal = plan.weightTotal !== WEIGHT_TOTAL_DEFAULT || totalIsWritten;
  return {
    ...(ingressClass === undefined ? {} : { [CLASS_ANNOTATION]: ingressClass }),
    ...prefixed(additionalIngressAnnotations ?? {}, prefix),
    ...canaryIngressAnnotations,
    [`${prefix}/canary`]: 'true',
    [`${prefix}/canary-weight`]: String(plan.canaryWeight),
    ...(needsTotal ? { [`${prefix}/canary-weight-total`]: String(plan.weightTotal) } : {}),
  };
}

function prefixOf(target: TrafficTarget): string {
  const { annotationPrefix = '' } = settingsOf(target);
  return annotationPrefix === '' ? PREFIX_DEFAULT : annotationPrefix;
}

function prefixed(annotations: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key.startsWith(prefix) ? key : `${prefix}/${key}`, value]),
  );
}

/** What steers the canary Ingress; everything else in it may be somebody's own. */
const SPEC_FIELDS = ['ingressClassName', 'defaultBackend', 'tls', 'rules'] as const;

function shows(live: Ingress, wanted: Ingress): boolean {
  const annotations = live.metadata.annotations ?? {};
  return (
    Object.entries(wanted.metadata.annotations ?? {}).every(([key, value]) => annotations[key] === value) &&
    SPEC_FIELDS.every((field) => wanted.spec[field] === undefined || deepEqual(live.spec[field], wanted.spec[field]))
  );
}

/**
 * A merge patch that removes what steers traffic and is wanted no longer, or undefined. An apply alone would keep what
 * another controller wrote before us, e.g. a canary-by-header that left the spec since.
 */
function leftoverPatch(live: Ingress, wanted: Ingress, target: TrafficTarget): unknown {
  const steering = `${prefixOf(target)}/canary`;
  const annotations = Object.keys(live.metadata.annotations ?? {}).filter(
    (key) =>
      (key === steering || key.startsWith(`${steering}-`) || key === CLASS_ANNOTATION) &&
      wanted.metadata.annotations?.[key] === undefined,
  );
  const fields = SPEC_FIELDS.filter((field) => live.spec[field] !== undefined && wanted.spec[field] === undefined);
  if (annotations.length === 0 && fields.length === 0) return undefined;
  return {
    metadata: {
      ...versionOf(live),
      ...(annotations.length === 0 ? {} : { annotations: nulls(annotations) }),
    },
    ...(fields.length === 0 ? {} : { spec: nulls(fields) }),
  };
}

function nulls(keys: readonly string[]): Readonly<Record<string, null>> {
  return Object.fromEntries(keys.map((key) => [key, null]));
}

/** An Ingress that is not there sends nothing to the canary; one whose weight cannot be read may send everything. */
function shownBy(live: Ingress | null, target: TrafficTarget, name: string): ShownSplit {
  const where = `Ingress "${target.namespace}/${name}"`;
  if (live === null) return { where, canaryWeight: 0, weightTotal: WEIGHT_TOTAL_DEFAULT };
  const prefix = prefixOf(target);
  const weightTotal = readWeight(live, `${prefix}/canary-weight-total`) ?? WEIGHT_TOTAL_DEFAULT;
  const canaryWeight = readWeight(live, `${prefix}/canary-weight`) ?? weightTotal;
  return { where, canaryWeight: Math.min(canaryWeight, weightTotal), weightTotal };
}

function readWeight(live: Ingress, annotation: string): number | undefined {
  const text = live.metadata.annotations?.[annotation] ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
