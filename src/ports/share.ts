import type { MemberRecord } from '../core/sharding/membership.ts';

/** Which objects this process works on, where several share them. */
export interface Share {
  /** Whether this process may work now on the object with this key, `namespace/name`. */
  owns(key: string): boolean;
  /** Whether this process may write anything at this moment: its Leases hold. */
  mayAct(): boolean;
}

/** The Leases by which the members of a group know of each other. */
export interface MemberLeases {
  /** All of the group, as the API server has them now (never from a cache). Throws KubeError. */
  list(): Promise<readonly MemberRecord[]>;
  /**
   * Writes this process's Lease, unless it was written since `version`; without one it is made. Answers the Lease as it
   * stands then. Throws KubeError: `conflict` when it was written since, `not-found` when it was deleted.
   */
  write(lease: MemberLeaseWrite): Promise<MemberRecord>;
  /** Deletes the Lease of a member that is gone, unless it was written since. Throws KubeError. */
  remove(record: MemberRecord): Promise<void>;
}

export interface MemberLeaseWrite {
  readonly view: readonly string[];
  readonly released: boolean;
  readonly version: string | undefined;
}
