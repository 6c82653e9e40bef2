import { KINDS } from '../../src/api/kinds.ts';
import type { HttpRoute } from '../../src/api/workloads.ts';
import { nextRouteStatus } from '../../src/demo/data-plane/route-status.ts';
import type { Kube } from '../../src/ports/kube.ts';

/** Accepts every version of every HTTPRoute at once, as a gateway does: without one, the controller can only give weights time. */
export function acceptRoutes({ caches, writer }: Kube): void {
  caches.open<HttpRoute>(KINDS.httpRoute).subscribe((change) => {
    if (change.type === 'deleted') return;
    const { namespace = '', name } = change.object.metadata;
    const status = nextRouteStatus(change.object, () => true, Date.now());
    if (status === undefined) return;
    const ref = { kind: KINDS.httpRoute, namespace, name };
    // One that fails is made up for at the next change.
    void writer
      .write({ verb: 'patch', ref, patchType: 'merge', subresource: 'status', body: { status } })
      .catch(() => undefined);
  });
}
