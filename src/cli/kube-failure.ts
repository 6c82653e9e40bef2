import type { ObjectRef } from '../api/kube-object.ts';
import type { KubeError } from '../ports/kube.ts';
import { CommandError, placeText, type Place } from './session.ts';

/** What was asked of the API server when it refused: `patch`, `rollouts.argoproj.io/status`. */
export interface Deed {
  readonly verb: string;
  readonly resource: string;
}

export function isForbidden(error: unknown): boolean {
  return isKubeFailure(error) && error.reason === 'forbidden';
}

/** The cluster does not know the kind. */
export function isUnserved(error: unknown): boolean {
  return isKubeFailure(error) && error.reason === 'not-found';
}

export function isConflict(error: unknown): boolean {
  return isKubeFailure(error) && error.reason === 'conflict';
}

function isKubeFailure(error: unknown): error is KubeError {
  return error instanceof Error && error.name === 'KubeError' && 'reason' in error;
}

export function deedOn(verb: string, ref: Pick<ObjectRef, 'kind'>, subresource?: string): Deed {
  const { group, plural } = ref.kind;
  const name = group === '' ? plural : `${plural}.${group}`;
  return { verb, resource: subresource === undefined ? name : `${name}/${subresource}` };
}

/** Runs a call; a refusal of the API server becomes a message that says what to do. */
export async function explained<T>(place: Place, deed: Deed, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isKubeFailure(error)) throw error;
    throw new CommandError(failureText(place, deed, error), { cause: error });
  }
}

function failureText(place: Place, { verb, resource }: Deed, error: KubeError): string {
  const { context, namespace } = place;
  switch (error.reason) {
    case 'forbidden':
      if (error.status === 401)
        return `context ${context}: the API server does not know you; log in again, or name another --context`;
      return `you may not ${verb} ${resource} in ${placeText(place)}: ask for a Role with that verb, or use --as or another --context\n${error.message}`;
    case 'not-found':
      return `the cluster of context ${context} does not serve ${resource}: apply the CRDs, or name another --context`;
    case 'unavailable':
      return `the API server of context ${context} did not answer (${error.message}): is the cluster up, and the right --context?`;
    case 'conflict':
      return `${resource} in namespace ${namespace} changed again and again while it was edited; try once more`;
    case 'invalid':
    case 'already-exists':
    case 'too-many-requests':
    case 'gone':
      return `the API server refused to ${verb} ${resource} in ${placeText(place)}: ${error.message}`;
  }
}
