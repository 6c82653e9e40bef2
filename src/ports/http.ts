/** HTTP to the outside: metric providers, notification services, webhooks of others. Never the Kubernetes API. */
export interface HttpClient {
  /** Resolves with any status that the server answers; throws HttpFailure when there is no whole answer. */
  send(request: HttpRequest, options?: { readonly signal?: AbortSignal }): Promise<HttpResponse>;
  close(): void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Absolute; http or https. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** From sending to the last byte of the answer; 30 s when absent. */
  readonly timeoutMs?: number;
  /** More than this fails as `too-large`; 10 MiB when absent. */
  readonly maxResponseBytes?: number;
  readonly tls?: HttpTls;
}

export interface HttpTls {
  readonly insecureSkipVerify?: boolean;
  /** Trusted beside the system's own authorities. */
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
  readonly serverName?: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated ones joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type HttpFailureReason =
  | 'timeout'
  | 'refused'
  | 'unknown-host'
  | 'tls'
  | 'reset' // the connection broke: the request may or may not have been carried out
  | 'too-large'
  | 'cancelled'
  | 'bad-request'; // the request itself cannot be sent: an address or header that is none

/** Thrown by HttpClient. The message names the host and what to do, and carries no header, query or body. */
export interface HttpFailure extends Error {
  readonly name: 'HttpFailure';
  readonly reason: HttpFailureReason;
  readonly host: string;
}
