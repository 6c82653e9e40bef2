import { formatTimestampMs } from '../../lib/timestamp.ts';
import { activeHash, cutOverIsSettled, isCutOver, previewSize, stableHasTraffic } from './blue-green.ts';
import { pauseEndsAtMs } from './pause.ts';
import type { Position } from './position.ts';
import { availableOf } from './replica-set.ts';
import { podsWait, type Wait } from './wait.ts';
import { rolesOf, type World } from './world.ts';

/** What a blue-green update waits for in this state of the chart. */
export function blueGreenWait(world: World, position: Position, state: string): Wait {
  const { activeService = '', previewService } = world.blueGreen ?? {};
  switch (state) {
    case 'pausedPromotion':
      return pauseWait(world, position);
    case 'preAnalysis':
      return { reason: 'Analysis', message: 'the AnalysisRun before the switch has to end' };
    case 'postAnalysis':
      return cutOverIsSettled(world, position) && hasPods(world, position, world.settings.replicas)
        ? { reason: 'Analysis', message: 'the AnalysisRun after the switch has to end' }
        : cutOverWait(world, position, activeService);
    case 'cuttingOver':
      return cutOverWait(world, position, activeService);
    case 'aborting':
      return leadsTo(activeService, 'stable');
    case 'finalizing':
      return leadsTo(stableHasTraffic(world, position) ? (previewService ?? activeService) : activeService, 'stable');
    case 'previewing':
      return previewWait(world, position);
    default:
      return podsWait(world.settings.replicas);
  }
}

function pauseWait(world: World, position: Position): Wait {
  const endsAtMs = pauseEndsAtMs(world, position);
  if (endsAtMs === undefined) return { reason: 'Resume', message: 'the switch waits until it is promoted' };
  return { reason: 'Timer', message: `the switch waits until ${formatTimestampMs(endsAtMs)}` };
}

function previewWait(world: World, position: Position): Wait {
  const pods = previewSize(world, position);
  const { previewService } = world.blueGreen ?? {};
  return previewService !== undefined && hasPods(world, position, pods)
    ? leadsTo(previewService, 'new')
    : podsWait(pods);
}

function cutOverWait(world: World, position: Position, activeService: string): Wait {
  const { replicas } = world.settings;
  if (!hasPods(world, position, replicas)) return podsWait(replicas);
  if (isCutOver(world, position)) return leadsTo(activeService, 'new');
  const from = activeHash(world) === '' ? 'every version' : activeHash(world);
  return { reason: 'Endpoints', message: `Service ${activeService} has to move from ${from} to the new version` };
}

function leadsTo(service: string, version: 'new' | 'stable'): Wait {
  return { reason: 'Endpoints', message: `Service ${service} has to lead to the ${version} version` };
}

function hasPods(world: World, position: Position, pods: number): boolean {
  return availableOf(rolesOf(world, position).current) >= pods;
}
