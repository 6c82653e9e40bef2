import type { KubeObject, ObjectRef } from '../api/kube-object.ts';
import type { ScheduledCall } from '../ports/clock.ts';
import type { Session } from './session.ts';

/** How often an object is read that may be read, but not watched. */
const POLL_MS = 2_000;

export interface WatchedObject {
  /** As it was last seen; undefined when it is gone. */
  current(): KubeObject | undefined;
  stop(): void;
}

/** Follows one object from what was read of it: by a watch, and where that is not allowed by reading it again and again. */
export function watchObject(
  session: Session,
  options: { readonly ref: ObjectRef; readonly first: KubeObject; readonly changed: () => void },
): WatchedObject {
  const { caches, clock, reader } = session;
  const { ref, changed } = options;
  const cache = caches.open(ref.kind, { namespace: ref.namespace, name: ref.name });
  let stopped = false;
  let polled: KubeObject | undefined = options.first;
  let next: ScheduledCall | undefined = clock.schedule(POLL_MS, poll);
  cache.subscribe(changed);

  function poll(): void {
    next = undefined;
    if (cache.state === 'synced') return;
    void reader
      .get(ref)
      .then((object) => {
        polled = object;
        changed();
      })
      // The watch tells its troubles; the next read may be answered.
      .catch(() => undefined)
      .finally(() => {
        if (!stopped) next = clock.schedule(POLL_MS, poll);
      });
  }

  return {
    current: () => (cache.state === 'synced' ? cache.get(ref.namespace, ref.name) : polled),
    stop: () => {
      stopped = true;
      next?.cancel();
    },
  };
}
