import type { KubeError, KubeErrorReason } from '../ports/kube.ts';

/** Somebody else wrote first, or the API server was busy or away: the next pass starts from what is true then. */
const PASSING: readonly KubeErrorReason[] = ['conflict', 'already-exists', 'too-many-requests', 'gone'];

export function isKubeError(error: unknown): error is KubeError {
  return error instanceof Error && error.name === 'KubeError';
}

/** True for failures that are part of normal work and only need another pass. */
export function isRetryable(error: unknown): boolean {
  return isKubeError(error) && PASSING.includes(error.reason);
}

export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
