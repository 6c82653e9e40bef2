import type { Ask } from '../conversation.ts';

/** The words that topics are written in. Paths within the namespace of the conversation start after it: `pods/a`. */
export const MERGE = 'application/merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';
export const STRATEGIC = 'application/strategic-merge-patch+json';
export const APPLY = 'application/apply-patch+yaml';
export const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
export const PARTIAL = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json';
export const PARTIAL_LIST = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

/** The path of a resource in the conversation's namespace, e.g. of `configmaps/c` or `rollouts.argoproj.io/r?dryRun=All`. */
export function at(resource: string): string {
  const [, plural = '', group = '', rest = ''] = /^([a-z]+)(?:\.([a-z0-9.]+))?(.*)$/s.exec(resource) ?? [];
  return `${rootOf(group)}/namespaces/{namespace}/${plural}${rest}`;
}

function rootOf(group: string): string {
  if (group === '') return '/api/v1';
  if (group === 'autoscaling') return '/apis/autoscaling/v2';
  return `/apis/${group}/${group === 'argoproj.io' || group === 'headgate.dev' ? 'v1alpha1' : 'v1'}`;
}

export function get(resource: string, accept?: string): Ask {
  return { call: `GET ${at(resource)}`, ...(accept === undefined ? {} : { accept }) };
}

export function post(resource: string, body: unknown, type?: string): Ask {
  return { call: `POST ${at(resource)}`, body, ...(type === undefined ? {} : { type }) };
}

export function put(resource: string, body: unknown): Ask {
  return { call: `PUT ${at(resource)}`, body };
}

export function patch(resource: string, type: string, body: unknown): Ask {
  return { call: `PATCH ${at(resource)}`, type, body };
}

export function apply(resource: string, body: unknown): Ask {
  return patch(resource, APPLY, body);
}

export function remove(resource: string, body?: unknown): Ask {
  return { call: `DELETE ${at(resource)}`, ...(body === undefined ? {} : { body }) };
}

export function watch(resource: string): Ask {
  return { call: `GET ${at(resource)}${resource.includes('?') ? '&' : '?'}watch=1` };
}
