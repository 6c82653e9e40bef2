import type { Service } from '../../src/api/workloads.ts';
import { ACTIVE_SERVICE } from './data-plane.ts';
import type { TrafficRules } from './draining-rules.ts';
import type { Ground } from './invariants.ts';

const HASH = 'rollouts-pod-template-hash';
/** A switch that was under way as a user aborted may still take effect. */
const UNDER_WAY_MS = 100;

/** All traffic goes to one version, and changes over when everything that was asked for holds. */
export function watchBlueGreen({ world, scenario, check, ...ground }: Ground): TrafficRules {
  const stop = world.api.store.subscribe('services', ({ type, object, old }) => {
    if (type !== 'MODIFIED' || old === undefined || object.metadata.name !== ACTIVE_SERVICE) return;
    const [from, to] = [aimOf(old as Service), aimOf(object as Service)];
    if (from !== undefined && to !== undefined && from !== to) switched(to);
  });
  return { lookAtTraffic, stop };

  function switched(to: string): void {
    const { rollout } = world;
    if (rollout?.status === undefined || ground.isDisturbed() || !ground.isInstalled()) return;
    const { stableRS, currentPodHash, promoteFull } = rollout.status;
    const available = availableOf(to);
    if (to === stableRS) {
      check(available > 0, 'traffic goes back to pods that are there');
      return;
    }
    check(to === currentPodHash, 'traffic goes to the new version or to stable', to);
    check(available >= ground.replicasMin(), 'all traffic goes where all pods are', { available });
    const sinceMs = world.clock.nowMs() - (ground.abortedAtMs() ?? Number.POSITIVE_INFINITY);
    check(!(sinceMs > UNDER_WAY_MS + ground.unheardMs), 'an aborted version gets no traffic');
    if (promoteFull === true) return;
    check(!scenario.isSwitchedByUser || ground.isResumed(to), 'the switch waits for a user');
    const isMeasuredBefore = rollout.spec.strategy?.blueGreen?.prePromotionAnalysis !== undefined;
    check(!isMeasuredBefore || ground.isMeasured(to), 'the switch waits for a good measurement');
  }

  function lookAtTraffic(): void {
    if (!ground.isInstalled() || ground.isDisturbed()) return;
    const pods = world.dataPlane.podsOf(ACTIVE_SERVICE).length;
    const least = ground.replicasMin() - Math.floor(ground.replicasMin() / 4);
    check(pods >= least, 'requests meet enough pods', { pods, least });
  }

  function availableOf(hash: string): number {
    const found = world.replicaSets.find(({ metadata }) => metadata.labels?.[HASH] === hash);
    return found?.status?.availableReplicas ?? 0;
  }
}

function aimOf({ spec }: Service): string | undefined {
  return spec.selector?.[HASH];
}
