import type { KubeObject } from '../../api/kube-object.ts';

/** One object as the repository declares it. */
export interface Manifest {
  readonly object: KubeObject;
  /** From the root of the repository; for rendered objects the folder of the kustomization. */
  readonly file: string;
  /** The first line of the document, from 1; 0 for rendered objects. */
  readonly line: number;
}

/** Something in the repository that cannot be used. It harms only what it is about. */
export interface ManifestProblem {
  readonly file: string;
  /** From 1; absent when the whole file is meant. */
  readonly line?: number;
  readonly message: string;
}

/** Where a problem is, as editors and compilers write it: `app/rollout.yaml:12`. */
export function placeOf(where: { readonly file: string; readonly line?: number }): string {
  return where.line === undefined || where.line === 0 ? where.file : `${where.file}:${where.line}`;
}

/** `group/Kind namespace/name`: the same object in any version of the repository. */
export function identityOf(object: KubeObject, defaultNamespace: string): string {
  const group = groupOf(object.apiVersion);
  return `${group}/${object.kind} ${object.metadata.namespace ?? defaultNamespace}/${object.metadata.name}`;
}

/** The namespace in an identity. */
export function namespaceIn(identity: string): string {
  return identity.slice(identity.indexOf(' ') + 1, identity.lastIndexOf('/'));
}

export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}
