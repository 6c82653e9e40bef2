import type { ApiResponse } from './request.ts';
import { unknownPath, type Status } from './status-error.ts';

/** A document as JSON; 404 when there is none. */
export function foundOr404(document: unknown): ApiResponse {
  if (document === undefined) throw unknownPath();
  return jsonResponse(200, document);
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
