import { KINDS } from '../../api/kinds.ts';
import { MEMBER_VIEW_ANNOTATION, MEMBERS_LABEL } from '../../api/labels.ts';
import { fieldsOf } from '../../lib/fields-of.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MemberLeases, MemberLeaseWrite } from '../../ports/share.ts';
import type { KubeCall, KubeClient } from './client.ts';
import { microTime } from './micro-time.ts';

export interface MemberLeasesOptions {
  readonly client: KubeClient;
  /** The time of day that is written down for people. */
  readonly clock: Clock;
  readonly namespace: string;
  /** Members of one group share the same objects. A label value. */
  readonly group: string;
  /** Who this process is, which is also the name of its Lease. */
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** A call that hangs must leave time for another before the Lease runs out. */
  readonly timeoutMs: number;
}

type MemberRecord = Awaited<ReturnType<MemberLeases['list']>>[number];

/** The Leases of a group: found by a label, the view in an annotation, every write guarded by resourceVersion. */
export function createMemberLeases(options: MemberLeasesOptions): MemberLeases {
  const { namespace, group, identity, leaseDurationMs } = options;

  function call(request: Pick<KubeCall, 'verb' | 'name' | 'query' | 'body' | 'contentType'>): Promise<unknown> {
    const { timeoutMs } = options;
    return options.client.request({ kind: KINDS.lease, namespace, priority: 'urgent', timeoutMs, ...request });
  }

  function leaseOf({ view, released, version }: MemberLeaseWrite): unknown {
    const time = microTime(options.clock.nowMs());
    const durationSeconds = Math.ceil(leaseDurationMs / 1_000);
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: {
        name: identity,
        namespace,
        ...(version === undefined ? {} : { resourceVersion: version }),
        labels: { [MEMBERS_LABEL]: group },
        annotations: { [MEMBER_VIEW_ANNOTATION]: view.join(',') },
      },
      spec: {
        holderIdentity: released ? '' : identity,
        leaseDurationSeconds: durationSeconds,
        renewTime: time,
        ...(version === undefined ? { acquireTime: time } : {}),
      },
    };
  }

  return {
    async list() {
      const answer = await call({ verb: 'list', query: { labelSelector: `${MEMBERS_LABEL}=${group}` } });
      const items = isPlainObject(answer) && Array.isArray(answer['items']) ? (answer['items'] as unknown[]) : [];
      return items.map(recordOf);
    },
    async write(lease) {
      const body = leaseOf(lease);
      return recordOf(
        await (lease.version === undefined
          ? call({ verb: 'create', body })
          : call({ verb: 'patch', name: identity, body, contentType: 'application/merge-patch+json' })),
      );
    },
    async remove({ identity: name, version }) {
      const preconditions = { resourceVersion: version };
      await call({ verb: 'delete', name, body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions } });
    },
  };
}

function recordOf(lease: unknown): MemberRecord {
  const fields = fieldsOf(lease);
  const metadata = fieldsOf(fields['metadata']);
  const spec = fieldsOf(fields['spec']);
  const holder = text(spec['holderIdentity']) ?? '';
  const seconds = spec['leaseDurationSeconds'];
  const view = text(fieldsOf(metadata['annotations'])[MEMBER_VIEW_ANNOTATION]);
  return {
    identity: text(metadata['name']) ?? '',
    view: view?.split(',').filter((member) => member !== ''),
    // What cannot be read is believed to hold for long.
    durationMs: typeof seconds === 'number' ? seconds * 1_000 : 60_000,
    version: text(metadata['resourceVersion']) ?? '',
    released: holder === '',
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
