import type { CanaryStatus, CanaryStrategy } from './rollout.ts';

/** The Services that stand for the two sides of a canary's traffic; undefined where none is named. */
export interface RoleServices {
  readonly stable: string | undefined;
  readonly canary: string | undefined;
}

export type StablePingPong = CanaryStatus['stablePingPong'];

/**
 * Ping-pong Services swap their roles at the end of each update instead of their selectors, so status says which of them
 * is the stable one; before the first version that is pong. They win over canaryService and stableService.
 */
export function roleServicesOf(canary: CanaryStrategy, stablePingPong: StablePingPong): RoleServices {
  const { pingPong } = canary;
  if (pingPong === undefined || pingPong === null) {
    return { stable: nonEmpty(canary.stableService), canary: nonEmpty(canary.canaryService) };
  }
  const ping = nonEmpty(pingPong.pingService);
  const pong = nonEmpty(pingPong.pongService);
  return stablePingPong === 'ping' ? { stable: ping, canary: pong } : { stable: pong, canary: ping };
}

/** What status says once the other Service is the stable one. */
export function swappedPingPong(stablePingPong: StablePingPong): 'ping' | 'pong' {
  return stablePingPong === 'ping' ? 'pong' : 'ping';
}

function nonEmpty(name: string | undefined): string | undefined {
  return name === '' ? undefined : name;
}
