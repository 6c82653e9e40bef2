import type { KubeWriter } from '../../ports/kube.ts';
import { KubeApiError } from './kube-error.ts';

/**
 * Sends no write that this process may not make any more: asked by the clock just before, since a process that stood still
 * goes on in the middle of a pass, before any timer tells it that its Lease is over.
 */
export function fenceWriter(writer: KubeWriter, mayAct: () => boolean): KubeWriter {
  return {
    write: async (asked, options) => {
      if (!mayAct()) throw new KubeApiError('the Lease does not hold any more', { reason: 'unavailable', status: 0 });
      return writer.write(asked, options);
    },
    fresh: (ref) => writer.fresh(ref),
    whenFresh: (refs, run) => writer.whenFresh(refs, run),
  };
}
