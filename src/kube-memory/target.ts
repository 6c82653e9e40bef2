import type { KubeObject } from '../api/kube-object.ts';
import type { ResourceDefinition } from './resource.ts';
import type { ServedResource } from './registry.ts';

/** What a request addresses: a resource in one of its versions, perhaps in a namespace, perhaps one object of it. */
export interface Target {
  readonly resource: ServedResource;
  readonly definition: ResourceDefinition;
  /** Undefined for cluster-scoped kinds and for requests over all namespaces. */
  readonly namespace: string | undefined;
  readonly name: string;
}

/** How a write is to be made. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  /** Server-side apply: take fields over from other managers. */
  readonly force: boolean;
  readonly subresource: '' | 'status' | 'scale';
}

export interface Written {
  readonly object: KubeObject;
  readonly created: boolean;
  readonly warnings: readonly string[];
}

export function hasStatusSubresource(definition: ResourceDefinition): boolean {
  return definition.subresources.some((each) => each.name === 'status');
}
