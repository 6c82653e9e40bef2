import type { KubeClient } from '../../src/adapters/kube/client.ts';
import { startLeadership } from '../../src/adapters/kube/leadership.ts';
import { createMemberLeases } from '../../src/adapters/kube/member-leases.ts';
import { SILENT_LOG } from '../../src/adapters/telemetry/silent.ts';
import { ShareKeeper } from '../../src/controller/sharding/share-keeper.ts';
import type { Leadership } from '../../src/ports/kube.ts';
import type { Share } from '../../src/ports/share.ts';
import type { ProcessClock } from './process-clock.ts';

/** How several processes get along: one that everything is left to, one at a time, or each with its share. */
export type Company = 'alone' | 'led' | 'sharing';

export interface SimGroupInput {
  readonly company: Exclude<Company, 'alone'>;
  readonly client: KubeClient;
  readonly clock: ProcessClock;
  readonly random: () => number;
  readonly identity: string;
  readonly giveUp: (leaves: (key: string) => boolean) => Promise<void>;
  readonly changed: () => void;
  /** The process ends then, and is started again. */
  readonly lost: () => void;
}

export interface SimGroup extends Share {
  enter(): Promise<void>;
}

const LEASE_MS = 15_000;
const DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
const NAMESPACE = 'default';

/** The Leases of one process, wired as `main` wires them, on the virtual clock. */
export function openSimGroup(input: SimGroupInput): SimGroup {
  const { company, client, clock, random, identity, giveUp, changed, lost } = input;
  const passing = clock.passing();
  const shared = { client, random, log: SILENT_LOG, renewDeadlineMs: DEADLINE_MS, retryPeriodMs: RETRY_MS } as const;
  const leadership: Leadership = startLeadership({
    ...shared,
    clock: passing,
    wallClock: clock,
    namespace: NAMESPACE,
    name: 'headgate',
    identity: company === 'led' ? identity : 'members',
    leaseDurationMs: LEASE_MS,
  });
  leadership.onLost(lost);
  if (company === 'led')
    return { owns: () => leadership.held, mayAct: () => leadership.held, enter: () => leadership.whenHeld() };
  const leases = createMemberLeases({
    client,
    clock,
    namespace: NAMESPACE,
    group: 'simulation',
    identity,
    leaseDurationMs: LEASE_MS,
    timeoutMs: DEADLINE_MS / 2,
  });
  const keeper = new ShareKeeper({ ...shared, leases, clock: passing, wallClock: clock, identity, giveUp, changed });
  keeper.onLost(lost);
  return {
    owns: (key) => leadership.held && keeper.owns(key),
    mayAct: () => leadership.held && keeper.mayAct(),
    async enter() {
      await leadership.whenHeld();
      await keeper.join();
    },
  };
}
