/** A request as the server's core sees it: no sockets, so that a simulation can call it in process. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query: `/api/v1/pods?watch=true`. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Text, or bytes when the media type is protobuf. */
  readonly body?: string | Uint8Array;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** The whole body, or a stream of chunks that begins when it is started. */
  readonly body: string | BodyStream;
}

/** A body without a known end (a watch). */
export interface BodyStream {
  /** Begins to send; called once. */
  start(sink: BodySink): void;
  /** The reader went away. */
  cancel(): void;
}

export interface BodySink {
  write(chunk: string): void;
  /** The regular end of the stream. */
  end(): void;
  /** The connection is lost: no regular end. */
  reset(): void;
}

/** The connection was lost instead of an answer; whether the request took effect is not known to the caller. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';

  constructor() {
    super('the connection was lost before an answer arrived');
  }
}

/** Who asks, after authentication and impersonation. */
export interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
  /** Set when the request was made in someone else's name. */
  readonly impersonatedBy?: string;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'apply' | 'delete' | 'deletecollection';

/** What a request is about; faults, authorisation and the record of calls speak in these. */
export interface RequestFacts {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly fieldManager: string;
  /** Counts requests of this server from 1. */
  readonly sequence: number;
}
