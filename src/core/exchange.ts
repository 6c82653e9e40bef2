import type { KubeObject, ObjectRef, ResourceKind } from '../api/kube-object.ts';

/**
 * One question to the world outside, as data. Metric providers, notifiers and routers of cloud APIs return exchanges;
 * the shell carries them out with time-outs, TLS, size limits, retries, metrics and logs, and hands back the response.
 */
export type Exchange = HttpExchange | KubeObjectExchange | KubeListExchange | WaitExchange;

export interface HttpExchange {
  readonly type: 'http';
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, http or https. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From sending to the last byte of the answer. */
  readonly timeoutMs: number;
  /** A longer answer is a failure, never cut off. */
  readonly maxResponseBytes: number;
  readonly tls?: { readonly insecureSkipVerify?: boolean };
  /** Texts inside url, headers or body that must never be logged, shown or recorded. */
  readonly secrets: readonly string[];
}

/** Something that happens in Kubernetes, such as the Job of a metric. Never a Secret. */
export interface KubeObjectExchange {
  readonly type: 'kubeObject';
  readonly deed: 'apply' | 'observe' | 'delete';
  readonly ref: ObjectRef;
  /** For `apply`. */
  readonly object?: KubeObject;
}

/** Objects that others made for one of ours, such as the pods of a Job. Never Secrets. */
export interface KubeListExchange {
  readonly type: 'kubeList';
  readonly kind: ResourceKind;
  readonly namespace: string;
  readonly labelSelector: string;
}

/** Nothing to do until then: the state is recorded, and the provider is asked again. */
export interface WaitExchange {
  readonly type: 'wait';
  readonly resumeAtMs: number;
  /** What the provider needs to know then; recorded with the measurement, so no secrets. */
  readonly state: Readonly<Record<string, string>>;
}

/** What came back. */
export type ExchangeResponse =
  | {
      readonly type: 'http';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** Null: the object does not exist (any more). */
  | { readonly type: 'kubeObject'; readonly object: KubeObject | null }
  | { readonly type: 'kubeList'; readonly objects: readonly KubeObject[] }
  | { readonly type: 'waited' }
  /** There was no whole answer; `message` names the host and holds no secret. */
  | { readonly type: 'failed'; readonly message: string };
