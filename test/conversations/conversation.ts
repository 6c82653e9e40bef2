/**
 * A conversation is a row of requests to an API server, each with what a real kube-apiserver answered. It is data: it was
 * written by hand or recorded from kubectl and from controllers at work, and it can be held with any server again.
 * Whatever a server makes up (uids, versions, times, generated names, addresses) stands in it as a symbol in braces.
 */
export interface Conversation {
  readonly title: string;
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  readonly ask: Ask;
  readonly answer: Answer;
}

export interface Ask {
  /** Method and path, e.g. `PATCH /api/v1/namespaces/{namespace}/configmaps/c?fieldManager=a`. */
  readonly call: string;
  /** Content-Type; `application/json` when it is left out. */
  readonly type?: string;
  /** Accept; `application/json` when it is left out. */
  readonly accept?: string;
  /** User-Agent, which names the field manager of a write that names none. */
  readonly agent?: string;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** A watch that its client left before the end: what comes after the events on record is not looked at. */
  readonly left?: true;
  /** Asked again while the answer is 404: what was made just now is served in a moment. */
  readonly patient?: true;
}

export interface Answer {
  readonly status: number;
  /** Content-Type, unless it is `application/json`. */
  readonly type?: string;
  readonly warnings?: readonly string[];
  readonly body?: unknown;
  /** What a watch told until the conversation was over, bookmarks left out. */
  readonly events?: readonly WatchEvent[];
}

export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

/** Requests whose answers are to be asked for: what a topic is written as. */
export interface Script {
  readonly title: string;
  readonly asks: readonly Ask[];
}

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isWatch({ call }: Ask): boolean {
  return /[?&]watch=(1|true)\b/.test(call);
}
