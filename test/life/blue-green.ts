import { blueGreenRollout, service } from '../support/manifests.ts';
import { ENDLESS, MEASURED } from './endless.ts';
import type { Halt, Picture, Strategy, Versions } from './strategy.ts';
import { all, GOOD, REPLICAS, STUCK } from './versions.ts';

const SWITCHING = 'active service cutover pending';
const COMING = 'updated replicas are still becoming available';

/** All traffic changes over at once. */
export const BLUE_GREEN: Strategy = {
  name: 'blue-green',
  surroundings: [ENDLESS, service('shop-active', 'shop'), service('shop-preview', 'shop')],
  rollout: () =>
    blueGreenRollout({
      name: 'shop',
      replicas: REPLICAS,
      blueGreen: { autoPromotionEnabled: false, scaleDownDelaySeconds: 1, abortScaleDownDelaySeconds: 1 },
    }),
  halts: [
    {
      ...halt('while its pods do not start', { phase: 'Progressing', message: SWITCHING }),
      image: STUCK,
      comes: false,
      picture: (versions, replicas = REPLICAS) => ({
        ...both(versions, replicas),
        phase: 'Progressing',
        message: SWITCHING,
        pods: { [versions.stable]: all(replicas), [versions.fresh]: `0/${replicas}` },
      }),
    },
    {
      ...halt('measured before the switch', { phase: 'Progressing', message: SWITCHING }),
      spec: { strategy: { blueGreen: { prePromotionAnalysis: MEASURED } } },
    },
    {
      ...halt('paused before the switch', { phase: 'Paused', message: 'BlueGreenPause' }),
      next: { move: 'promote', leadsTo: 'the end' },
    },
    {
      ...halt('measured after the switch', { phase: 'Progressing', message: 'waiting for analysis to complete' }),
      spec: { strategy: { blueGreen: { postPromotionAnalysis: MEASURED } } },
      way: ['promote'],
      picture: (versions, replicas = REPLICAS) => ({
        ...both(versions, replicas),
        phase: 'Progressing',
        message: 'waiting for analysis to complete',
        services: { 'shop-active': versions.fresh, 'shop-preview': versions.fresh },
      }),
      // It has the traffic until it is succeeded.
      superseded: (picture, fresh) => ({
        ...picture,
        pods: { ...picture.pods, [fresh]: all(REPLICAS) },
        services: { ...picture.services, 'shop-active': fresh },
      }),
    },
  ],
  healthy: (version, replicas = REPLICAS) => ({
    phase: 'Healthy',
    message: '',
    pods: { [version]: all(replicas) },
    services: { 'shop-active': version, 'shop-preview': version },
  }),
  aborted: ({ stable, fresh }, detail) => ({
    phase: 'Degraded',
    message: `RolloutAborted: Rollout aborted update to revision ${detail}`,
    pods: { [stable]: all(REPLICAS) },
    services: { 'shop-active': stable, 'shop-preview': fresh },
  }),
  // Pods of the new version harm nobody before the switch.
  heldBack: (versions) => ({
    ...both(versions, REPLICAS),
    phase: 'Paused',
    message: 'manually paused',
    services: { 'shop-active': versions.stable, 'shop-preview': versions.stable },
  }),
  promotedInVain: (versions) => ({
    ...both(versions, REPLICAS),
    phase: 'Progressing',
    message: SWITCHING,
    pods: { [versions.stable]: all(REPLICAS), [versions.fresh]: `0/${REPLICAS}` },
  }),
  stuckFirst: (version) => ({
    ...BLUE_GREEN.healthy(version),
    phase: 'Progressing',
    message: COMING,
    pods: { [version]: `0/${REPLICAS}` },
    services: { 'shop-active': 'all versions', 'shop-preview': version },
  }),
  nonsense: {
    edit: { strategy: { blueGreen: { previewService: 'shop-active' } } },
    message:
      'InvalidSpec: The Rollout "shop" is invalid: spec.strategy.activeService: Invalid value: "shop-active": This rollout uses the same service for the active and preview services, but two different services are required.',
    mend: { strategy: { blueGreen: { previewService: 'shop-preview' } } },
  },
  // A version that is superseded stays for its delay.
  podsMax: (replicas) => 3 * replicas,
};

/** A halt before the switch. */
function halt(name: string, { phase, message }: Pick<Picture, 'phase' | 'message'>): Halt {
  return {
    name,
    image: GOOD,
    comes: true,
    way: [],
    next: undefined,
    picture: (versions, replicas = REPLICAS) => ({ ...both(versions, replicas), phase, message }),
  };
}

function both({ stable, fresh }: Versions, replicas: number): Omit<Picture, 'phase' | 'message'> {
  return {
    pods: { [stable]: all(replicas), [fresh]: all(replicas) },
    services: { 'shop-active': stable, 'shop-preview': fresh },
  };
}
