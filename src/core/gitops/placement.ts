import type { KubeObject } from '../../api/kube-object.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import type { Manifest, ManifestProblem } from './manifest.ts';
import { identityOf, placeOf } from './manifest.ts';

export interface PlacementRules {
  /** Where namespaced objects go that name no namespace. */
  readonly defaultNamespace: string;
  /** The GitSource's own namespace. */
  readonly ownNamespace: string;
  /** Whether other namespaces and cluster-scoped kinds are allowed (a flag of the controller). */
  readonly scope: 'own-namespace' | 'cluster';
  /** Whether a kind is namespaced; undefined when the API server does not know it (yet). */
  readonly isNamespaced: (object: KubeObject) => boolean | undefined;
}

/** Gives every manifest its namespace and drops what may not be applied, each with its own problem. The first of two equal objects wins. */
export function placeObjects(
  manifests: readonly Manifest[],
  rules: PlacementRules,
): { readonly manifests: readonly Manifest[]; readonly problems: readonly ManifestProblem[] } {
  const placed = new Map<string, Manifest>();
  const problems: ManifestProblem[] = [];
  for (const manifest of manifests) {
    const result = place(manifest.object, rules);
    if ('refused' in result) {
      problems.push({ file: manifest.file, line: manifest.line, message: result.refused });
      continue;
    }
    const identity = identityOf(result.object, rules.defaultNamespace);
    const twin = placed.get(identity);
    if (twin === undefined) placed.set(identity, { ...manifest, object: result.object });
    else
      problems.push({
        file: manifest.file,
        line: manifest.line,
        message: `${identity} is declared already in ${placeOf(twin)}: keep one of them`,
      });
  }
  return { manifests: [...placed.values()], problems };
}

function place(
  object: KubeObject,
  rules: PlacementRules,
): { readonly object: KubeObject } | { readonly refused: string } {
  const title = `${object.kind} ${object.metadata.name}`;
  const namespaced = rules.isNamespaced(object) ?? true;
  if (!namespaced) {
    if (rules.scope === 'own-namespace')
      return {
        refused: `${title} belongs to the whole cluster; this controller applies namespaced kinds only (controller flag --git-allow-cluster-scope)`,
      };
    return { object: clean(object, undefined) };
  }
  const namespace = object.metadata.namespace ?? rules.defaultNamespace;
  if (rules.scope === 'own-namespace' && namespace !== rules.ownNamespace) {
    return {
      refused: `${title} is for namespace ${namespace}; a GitSource in ${rules.ownNamespace} applies to its own namespace only (controller flag --git-allow-cluster-scope)`,
    };
  }
  return { object: clean(object, namespace) };
}

/** Without what only the API server may say. */
function clean(object: KubeObject, namespace: string | undefined): KubeObject {
  const { status: _status, ...rest } = object;
  const { name, labels, annotations, finalizers, ownerReferences } = object.metadata;
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  };
}

/** The objects in one parsed document: one, the items of a List, or none; a message when it is no Kubernetes object. */
export function objectsOf(value: unknown): readonly KubeObject[] | string {
  if (value === null || value === undefined) return [];
  if (!isPlainObject(value))
    return 'this is no Kubernetes object: a mapping with apiVersion, kind and metadata is wanted';
  if (typeof value['apiVersion'] !== 'string' || value['apiVersion'] === '') return 'apiVersion is missing';
  if (typeof value['kind'] !== 'string' || value['kind'] === '') return 'kind is missing';
  if (value['kind'].endsWith('List') && Array.isArray(value['items'])) return listItems(value['items']);
  const metadata = value['metadata'];
  if (!isPlainObject(metadata)) return `metadata of this ${value['kind']} is missing`;
  if (typeof metadata['name'] !== 'string' || metadata['name'] === '') {
    return metadata['generateName'] === undefined
      ? `metadata.name of this ${value['kind']} is missing`
      : `generateName cannot be applied from Git: give this ${value['kind']} a name`;
  }
  for (const field of ['labels', 'annotations']) {
    const wrong = wrongEntry(metadata[field]);
    if (wrong !== undefined)
      return `metadata.${field}${wrong} of ${value['kind']} ${metadata['name']} must be text: put quotes around it`;
  }
  return [value as unknown as KubeObject];
}

function wrongEntry(entries: unknown): string | undefined {
  if (entries === undefined || entries === null) return undefined;
  if (!isPlainObject(entries)) return '';
  const key = Object.keys(entries).find((name) => typeof entries[name] !== 'string');
  return key === undefined ? undefined : `["${key}"]`;
}

function listItems(items: readonly unknown[]): readonly KubeObject[] | string {
  const objects: KubeObject[] = [];
  for (const item of items) {
    const found = objectsOf(item);
    if (typeof found === 'string') return found;
    objects.push(...found);
  }
  return objects;
}
