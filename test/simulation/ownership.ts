import type { KubeObject } from '../../src/api/kube-object.ts';
import { isPlainObject } from '../../src/lib/merge-patch.ts';

/** The only managed route in the stories. */
const MANAGED_RULE = 'testers';

/** Paths of leaves that differ, `spec.selector.app`; of a list `spec.rules[0].backendRefs[1].weight`. */
export function changedPaths(before: KubeObject, after: KubeObject): readonly string[] {
  return [...differences('', withoutManaged(before), withoutManaged(after))].filter(
    (path) => !/^metadata\.(managedFields|resourceVersion|generation)/.test(path),
  );
}

/** Rules of a route that steps add have names of their own; the others are told by their place, which those move. */
function withoutManaged(object: KubeObject): KubeObject {
  const spec = object['spec'] as { readonly rules?: readonly { readonly name?: string }[] } | undefined;
  if (object.kind !== 'HTTPRoute' || spec?.rules === undefined) return object;
  const rules = spec.rules.filter(({ name }) => name !== MANAGED_RULE);
  return { ...object, spec: { ...spec, rules } } as KubeObject;
}

function* differences(path: string, before: unknown, after: unknown): Generator<string> {
  if (before === after) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1)
      yield* differences(`${path}[${index}]`, before[index], after[index]);
    return;
  }
  if (isPlainObject(before) && isPlainObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* differences(path === '' ? key : `${path}.${key}`, before[key], after[key]);
    return;
  }
  yield path;
}

const OURS: Readonly<Record<string, RegExp>> = {
  Rollout:
    /^status(\.|$)|^metadata\.annotations(\.(rollout\.argoproj\.io\/(revision|workload-generation)|notified\.notifications\.argoproj\.io|headgate\.dev\/pending-notice))?$/,
  GitSource: /^status(\.|$)/,
  Service:
    /^metadata\.annotations(\.argo-rollouts\.argoproj\.io\/managed-by-rollouts)?$|^spec\.selector\.rollouts-pod-template-hash$/,
  HTTPRoute:
    /^spec\.rules\[\d+\]\.backendRefs\[\d+\]\.weight$|^metadata\.(labels(\.rollouts\.argoproj\.io\/gatewayapi-canary)?|annotations(\.rollouts\.argoproj\.io\/gatewayapi-active-rollouts)?)$/,
  Ingress: /^metadata\.annotations\.nginx\.ingress\.kubernetes\.io\/canary/,
  ReplicaSet: /^spec\.replicas$|^spec\.minReadySeconds$|^metadata\.annotations|^metadata\.ownerReferences/,
  AnalysisRun: /^status(\.|$)|^spec\.terminate$/,
  Experiment: /^status(\.|$)|^spec\.terminate$/,
};

/** Whether a controller of ours may change this path of an object of this kind that exists. */
export function isOurs(kind: string, path: string): boolean {
  return OURS[kind]?.test(path) === true;
}
