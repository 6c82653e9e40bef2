import { KINDS } from '../../api/kinds.ts';
import { formatTimestampMs } from '../../lib/timestamp.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubeWriter } from '../../ports/kube.ts';

/**
 * Tells the replica that is at work on a GitSource, whichever it is, to pull. It needs a writer that also writes while this one
 * may not act: nothing is decided here. Throws KubeError.
 */
export async function passOnNotice(
  { writer, clock }: { readonly writer: KubeWriter; readonly clock: Clock },
  key: string,
): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  await writer.write({
    verb: 'patch',
    ref: { kind: KINDS.gitSource, namespace, name },
    patchType: 'merge',
    subresource: 'status',
    body: { status: { lastPushNotice: formatTimestampMs(clock.nowMs()) } },
  });
}
