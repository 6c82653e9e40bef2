import type { KubeObject, ObjectRef, ResourceKind } from './kube-object.ts';

/** Every write that Headgate can make, as data: decided in pure code, carried out by the writer. */
export type KubeWrite =
  | {
      readonly verb: 'create';
      readonly kind: ResourceKind;
      readonly object: KubeObject;
    }
  /** Server-side apply of an object that is wholly ours, with our field manager. */
  | {
      readonly verb: 'apply';
      readonly ref: ObjectRef;
      readonly object: KubeObject;
      readonly force: boolean;
    }
  /**
   * Single leaves of an object that others share. A merge or strategic body guards itself with
   * `metadata.resourceVersion`, a JSON patch with `test` operations.
   */
  | {
      readonly verb: 'patch';
      readonly ref: ObjectRef;
      readonly patchType: 'merge' | 'strategic' | 'json';
      readonly subresource?: 'status' | 'scale';
      readonly body: unknown;
    }
  | {
      readonly verb: 'delete';
      readonly ref: ObjectRef;
      readonly uid?: string;
      readonly resourceVersion?: string;
      readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
    }
  | { readonly verb: 'evict'; readonly ref: ObjectRef; readonly uid?: string };

/** The deletion of an object as it was seen, and of what it owns after it. */
export function deletionOf(kind: ResourceKind, { metadata }: KubeObject): KubeWrite {
  const { name, namespace = '', uid, resourceVersion } = metadata;
  return { verb: 'delete', ref: { kind, namespace, name }, uid, resourceVersion, propagationPolicy: 'Background' };
}

/** What tells an AnalysisRun or an Experiment, as it was seen, to end. */
export function terminationOf(kind: ResourceKind, { metadata }: KubeObject): KubeWrite {
  const { name, namespace = '', resourceVersion } = metadata;
  return {
    verb: 'patch',
    ref: { kind, namespace, name },
    patchType: 'merge',
    body: { metadata: { resourceVersion }, spec: { terminate: true } },
  };
}

/** An occurrence to tell users about, posted in the background; it never delays a decision. */
export interface EventNotice {
  readonly type: 'Normal' | 'Warning';
  /** The API's reason, e.g. `RolloutStepCompleted`. */
  readonly reason: string;
  readonly message: string;
}
