import { KubeApiError } from '../../src/adapters/kube/kube-error.ts';
import type { KubeObject, ObjectRef } from '../../src/api/kube-object.ts';
import type { KubeWrite } from '../../src/api/kube-write.ts';
import type { Session } from '../../src/cli/session.ts';
import { plain } from '../../src/cli/view/paint.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';

/** A session over objects in memory: what a verb printed, and what it wrote. */
export interface FakeSession {
  readonly session: Session;
  readonly printed: string[];
  readonly noted: string[];
  readonly written: KubeWrite[];
}

export interface FakeCluster {
  readonly objects: readonly KubeObject[];
  readonly nowMs?: number;
  /** Throws to refuse a write. */
  readonly onWrite?: (write: KubeWrite) => void;
  /** Throws to refuse a read. */
  readonly onList?: (plural: string) => void;
}

export function fakeSession({ objects, nowMs = 0, onWrite, onList }: FakeCluster): FakeSession {
  const printed: string[] = [];
  const noted: string[] = [];
  const written: KubeWrite[] = [];
  const find = (ref: ObjectRef): KubeObject | undefined =>
    objects.find(({ kind, metadata }) => kind === ref.kind.kind && metadata.name === ref.name);
  const session: Session = {
    place: { program: 'headgate', context: 'dev', namespace: 'web', flags: '' },
    reader: {
      get: (ref) => Promise.resolve(find(ref)),
      list: async (kind) => {
        onList?.(kind.plural);
        return Promise.resolve(objects.filter((object) => object.kind === kind.kind));
      },
    },
    writer: {
      write: async (write) => {
        onWrite?.(write);
        written.push(write);
        return Promise.resolve(write.verb === 'create' ? write.object : find(write.ref));
      },
      fresh: () => true,
      whenFresh: (_refs, run) => run(),
    },
    caches: {
      open: () => {
        throw new Error('nothing is watched here');
      },
      whenSynced: () => Promise.resolve(),
      release: () => undefined,
      close: () => Promise.resolve(),
    },
    clock: new VirtualClock(nowMs),
    terminal: {
      print: (text) => void printed.push(text),
      note: (text) => void noted.push(text),
      redraw: (text) => void printed.push(text),
      paint: plain,
      columns: 120,
      live: false,
      over: new AbortController().signal,
    },
  };
  return { session, printed, noted, written };
}

/** What the API server says to somebody without the right. */
export function forbidden(): Error {
  return new KubeApiError('forbidden: User "jane" cannot do that', { reason: 'forbidden', status: 403 });
}

export function conflict(): Error {
  return new KubeApiError('the object has been modified', { reason: 'conflict', status: 409 });
}
