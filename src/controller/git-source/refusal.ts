import type { KubeObject } from '../../api/kube-object.ts';
import type { KubeError } from '../../ports/kube.ts';

/** What the API server put between the entry that is wrong and the next one: the value that it found there. */
const FOUND_VALUE = /(expected \w[\w ()]*), got .*/g;

/** Why an object could not be applied, for a status that people read who may not read Secrets. */
export function refusalText(object: KubeObject, error: KubeError, account: string): string {
  const message = object.kind === 'Secret' ? error.message.replaceAll(FOUND_VALUE, '$1') : error.message;
  if (error.reason !== 'forbidden') return message;
  return `${message} (every change uses the rights of the ServiceAccount ${account}: grant it get, create, patch and delete)`;
}
