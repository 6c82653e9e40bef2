import type { KubeObject } from '../../api/kube-object.ts';
import type { Rollout } from '../../api/rollout.ts';
import { versionedConfigOf } from '../../api/versioned-config.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

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

/** Those of them whose content belongs to the versions of a Rollout, because it asks for that. */
export function versionedNames(object: KubeObject): readonly Reference[] {
  const wanted = object.kind === 'Rollout' ? versionedConfigOf(object as Rollout) : undefined;
  if (wanted === undefined) return [];
  return templateReferences(templateOf(object)).filter(
    ({ kind, name }) => wanted === 'all' || wanted.has(`${kind.toLowerCase()}/${name}`),
  );
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
