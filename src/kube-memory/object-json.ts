import type { KubeObject } from '../api/kube-object.ts';
import type { ResourceDefinition } from './resource.ts';

const jsonByObject = new WeakMap<object, string>();
const objectByVersion = new WeakMap<object, Map<string, KubeObject>>();

/** The JSON text of a stored version, made once however many watchers and lists ask for it. */
export function jsonOf(object: KubeObject): string {
  let json = jsonByObject.get(object);
  if (json === undefined) {
    json = JSON.stringify(object);
    jsonByObject.set(object, json);
  }
  return json;
}

/** The JSON text as an item of a list of a built-in kind, where an API server leaves out apiVersion and kind. */
export function listItemJson(object: KubeObject): string {
  const json = jsonOf(object);
  const typeMeta = `{"apiVersion":${JSON.stringify(object.apiVersion)},"kind":${JSON.stringify(object.kind)},`;
  return json.startsWith(typeMeta) ? `{${json.slice(typeMeta.length)}` : json;
}

/** The stored object as the given version of its kind shows it; conversion changes apiVersion alone. */
export function inVersion(object: KubeObject, definition: ResourceDefinition): KubeObject {
  const apiVersion = apiVersionOf(definition);
  if (object.apiVersion === apiVersion) return object;
  let versions = objectByVersion.get(object);
  if (versions === undefined) objectByVersion.set(object, (versions = new Map()));
  let converted = versions.get(apiVersion);
  if (converted === undefined) {
    converted = Object.freeze({ ...object, apiVersion });
    versions.set(apiVersion, converted);
  }
  return converted;
}

/** `v1`, or `apps/v1`. */
export function apiVersionOf(definition: Pick<ResourceDefinition, 'group' | 'version'>): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`;
}
