import type { KubeObject } from '../../api/kube-object.ts';
import type { Rollout } from '../../api/rollout.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import { withWorkload, workloadRefOf } from '../rollout/workload-reference.ts';
import { RESOURCE_OF } from '../versioned-config/plan-copies.ts';
import { versionedReferences } from '../versioned-config/resolve.ts';
import { namespaceIn } from './manifest.ts';

/** An object of the same namespace that a pod cannot start without. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
}

/** ConfigMaps and Secrets that a pod template refers to: volumes, projected volumes, env and envFrom of all containers. */
export function templateReferences(template: unknown): readonly Reference[] {
  const found = new Map<string, Reference>();
  collect(template, (reference) => found.set(`${reference.kind}/${reference.name}`, reference));
  return [...found.values()];
}

/** The same by their identities, for a template in `namespace`. */
export function referencedIdentities(template: unknown, namespace: string): readonly string[] {
  return templateReferences(template).map(({ kind, name }) => `/${kind} ${namespace}/${name}`);
}

/** Whether this is the identity of a ConfigMap or a Secret. */
export function isConfiguration(identity: string): boolean {
  return /^\/(ConfigMap|Secret) /.test(identity);
}

/** What a version of a Rollout is made of, as a declaration has it. */
export interface VersionParts {
  /** Identity of the workload that the Rollout refers to; undefined when it has a template of its own. */
  readonly workload: string | undefined;
  readonly template: unknown;
  /** Identities of the ConfigMaps and Secrets whose content belongs to the versions, because the Rollout asks for that. */
  readonly content: readonly string[];
}

/** What is declared under an identity. */
export type Find = (identity: string) => KubeObject | undefined;

/** The parts of what is declared under `id`; undefined where nothing is. */
export function partsIn(find: Find, id: string): VersionParts | undefined {
  const object = find(id);
  return object && versionParts(object, namespaceIn(id), find);
}

export function versionParts(object: KubeObject, namespace: string, find: Find): VersionParts {
  if (object.kind !== 'Rollout' || !isPlainObject(object['spec']))
    return { workload: undefined, template: undefined, content: [] };
  const ref = workloadRefOf(object as Rollout);
  const workload = ref === undefined ? undefined : `${ref.kind.group}/${ref.kind.kind} ${namespace}/${ref.name}`;
  const rollout = withWorkload(object as Rollout, workload === undefined ? undefined : find(workload));
  const content = versionedReferences(rollout, []).map(
    ({ kind, name }) => `/${RESOURCE_OF[kind].kind} ${namespace}/${name}`,
  );
  return { workload, template: rollout.spec.template, content: [...new Set(content)] };
}

/** The pod template of a workload, wherever its kind keeps it. */
export function templateOf(object: KubeObject): unknown {
  const spec = object['spec'];
  if (!isPlainObject(spec)) return undefined;
  if (object.kind === 'CronJob' && isPlainObject(spec['jobTemplate']) && isPlainObject(spec['jobTemplate']['spec']))
    return spec['jobTemplate']['spec']['template'];
  return object.kind === 'PodTemplate' ? object['template'] : spec['template'];
}

/** The fields by which pod specs name ConfigMaps and Secrets, with the key of the name inside. */
const REFERENCE_FIELDS: ReadonlyMap<string, { readonly kind: Reference['kind']; readonly name: string }> = new Map([
  ['configMap', { kind: 'ConfigMap', name: 'name' }],
  ['configMapRef', { kind: 'ConfigMap', name: 'name' }],
  ['configMapKeyRef', { kind: 'ConfigMap', name: 'name' }],
  ['secret', { kind: 'Secret', name: 'secretName' }],
  ['secretRef', { kind: 'Secret', name: 'name' }],
  ['secretKeyRef', { kind: 'Secret', name: 'name' }],
]);

function collect(value: unknown, found: (reference: Reference) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  if (!isPlainObject(value)) return;
  for (const [key, field] of Object.entries(value)) {
    const rule = REFERENCE_FIELDS.get(key);
    if (rule !== undefined && isPlainObject(field)) {
      const name = field[rule.name] ?? field['name'];
      if (typeof name === 'string') found({ kind: rule.kind, name });
    }
    collect(field, found);
  }
}
