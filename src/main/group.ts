import { createMonotonicClock } from '../adapters/clock/system-clock.ts';
import type { KubeClient } from '../adapters/kube/client.ts';
import { createMemberLeases } from '../adapters/kube/member-leases.ts';
import { startLeadership } from '../adapters/kube/leadership.ts';
import { ShareKeeper } from '../controller/sharding/share-keeper.ts';
import { shortHash } from '../lib/short-hash.ts';
import type { Clock } from '../ports/clock.ts';
import type { Leadership } from '../ports/kube.ts';
import type { Share } from '../ports/share.ts';
import type { Log } from '../ports/telemetry.ts';
import type { ControllerOptions } from './controller-options.ts';
import { leaseNamespace, processIdentity, runsInCluster } from './identity.ts';

export interface GroupInput {
  readonly options: ControllerOptions;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** The one namespace that is looked after, if it is one. */
  readonly watched: string | undefined;
  readonly giveUp: (leaves: (key: string) => boolean) => Promise<void>;
  readonly changed: () => void;
}

/** Who of several processes may act, and on what: one of them on everything, or each on its share. */
export interface Group extends Share {
  /** Who acts, as far as this process knows. */
  readonly members: readonly string[];
  /** Settles when this process may act: on what, `owns` says. */
  enter(): Promise<void>;
  onLost(run: (why: string) => void): void;
  /** Call it when nothing is worked on any more. */
  leave(): Promise<void>;
}

/**
 * The Lease of the controller that Headgate replaces is held in either case, so that the two never act at the same time: by
 * one process in its own name, or by all members together in the name of their group. All stop when it is lost.
 */
export function openGroup(input: GroupInput): Group {
  const { options } = input;
  const identity = processIdentity();
  const keeper = options.sharding ? keepShare(input, identity) : undefined;
  const holder = options.sharding ? `headgate-members_${leaseNamespace()}_${groupName(input)}` : identity;
  let leadership: Leadership | undefined;
  if (options.leaderElect) leadership = lead(input, holder);
  return {
    mayAct: () => (leadership?.held ?? true) && (keeper?.held ?? true),
    owns: (key) => (leadership?.held ?? true) && (keeper?.owns(key) ?? true),
    get members() {
      return keeper?.members ?? [identity];
    },
    async enter() {
      await leadership?.whenHeld();
      await keeper?.join();
    },
    onLost(run) {
      leadership?.onLost(() => run('the Lease was lost'));
      keeper?.onLost(() => run('the Lease of this member was lost'));
    },
    async leave() {
      const isLast = keeper === undefined || keeper.members.length === 1;
      await keeper?.leave();
      await leadership?.release({ keep: !isLast });
    },
  };
}

function lead({ options, client, clock, random, log }: GroupInput, identity: string): Leadership {
  const { leaderElectionLeaseName, instanceId } = options;
  const name = instanceId === undefined ? leaderElectionLeaseName : `${leaderElectionLeaseName}-${instanceId}`;
  const namespace = options.leaderElectionNamespace ?? leaseNamespace();
  if (options.leaderElectionNamespace === undefined && !runsInCluster()) {
    log.warn(
      { lease: name, namespace },
      'a controller that is installed in the cluster has its Lease in its own namespace: if there is one, name that with --leader-election-namespace, or both act',
    );
  }
  return startLeadership({
    client,
    clock: createMonotonicClock(),
    wallClock: clock,
    random,
    log,
    namespace,
    name,
    identity,
    leaseDurationMs: options.leaderElectionLeaseDuration,
    renewDeadlineMs: options.leaderElectionRenewDeadline,
    retryPeriodMs: options.leaderElectionRetryPeriod,
  });
}

function keepShare(input: GroupInput, identity: string): ShareKeeper {
  const { options, client, clock, random, log, giveUp, changed } = input;
  const leases = createMemberLeases({
    client,
    clock,
    namespace: leaseNamespace(),
    group: groupName(input),
    identity,
    leaseDurationMs: options.leaderElectionLeaseDuration,
    timeoutMs: options.leaderElectionRenewDeadline / 2,
  });
  return new ShareKeeper({
    leases,
    clock: createMonotonicClock(),
    wallClock: clock,
    random,
    log,
    identity,
    renewDeadlineMs: options.leaderElectionRenewDeadline,
    retryPeriodMs: options.leaderElectionRetryPeriod,
    giveUp,
    changed,
  });
}

/** Who looks after the same objects shares them: the same instance id, and the same namespaces. */
function groupName({ options, watched }: GroupInput): string {
  return shortHash(`${options.instanceId ?? ''}/${watched ?? ''}`);
}
