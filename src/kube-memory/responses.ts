import type { ApiResponse } from './request.ts';
import type { Status } from './status-error.ts';

/** A document as JSON; 404 when there is none. */
export function foundOr404(document: unknown): ApiResponse {
  return document === undefined ? pageNotFound() : jsonResponse(200, document);
}

export function aggregatedResponse(document: unknown): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
    body: JSON.stringify(document),
  };
}

export function statusResponse(status: Status): ApiResponse {
  const retryAfter = status.details?.retryAfterSeconds;
  const response = jsonResponse(status.code, status);
  return retryAfter === undefined
    ? response
    : { ...response, headers: { ...response.headers, 'retry-after': String(retryAfter) } };
}

export function jsonResponse(status: number, body: unknown): ApiResponse {
  return textResponse(status, JSON.stringify(body));
}

export function textResponse(status: number, body: string): ApiResponse {
  return { status, headers: { 'content-type': 'application/json' }, body };
}

/** The answer with warnings for whoever asked; clients print them. */
export function warned(response: ApiResponse, texts: readonly string[]): ApiResponse {
  if (texts.length === 0) return response;
  return {
    ...response,
    headers: { ...response.headers, warning: texts.map((text) => `299 - ${JSON.stringify(text)}`) },
  };
}

/** What an API server says outside of its API. */
export function pageNotFound(): ApiResponse {
  return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '404 page not found\n' };
}
