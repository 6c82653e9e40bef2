import { canaryRollout, SHOP_ROUTE, SHOP_ROUTED } from '../support/manifests.ts';
import { ENDLESS, MEASURED } from './endless.ts';
import type { Halt, Move, Picture, Strategy, Versions } from './strategy.ts';
import { all, GOOD, REPLICAS, STUCK } from './versions.ts';

const STEPS = [{ setWeight: 25 }, { pause: {} }, { analysis: MEASURED }, { setWeight: 50 }, { pause: {} }];
const UPDATING = 'more replicas need to be updated';
const COMING = 'updated replicas are still becoming available';

/** Traffic follows the number of pods. */
export const CANARY: Strategy = {
  name: 'canary',
  surroundings: [ENDLESS],
  rollout: () =>
    canaryRollout({ name: 'shop', replicas: REPLICAS, steps: STEPS, canary: { maxSurge: 1, maxUnavailable: 0 } }),
  halts: haltsOf(({ stable, fresh }, { weight, replicas, ...seen }) => {
    const count = Math.ceil((replicas * weight) / 100);
    // Pods that serve do not make place for some that do not start; what comes on top is shared.
    const kept = Math.max(REPLICAS, replicas - count);
    return {
      phase: seen.phase,
      message: seen.message,
      step: seen.step,
      pods: seen.comes
        ? { [stable]: all(replicas - count), [fresh]: all(count) }
        : { [stable]: all(kept), [fresh]: `0/${count}` },
      services: {},
    };
  }),
  healthy: (version, replicas = REPLICAS) => ({
    phase: 'Healthy',
    message: '',
    step: STEPS.length,
    pods: { [version]: all(replicas) },
    services: {},
  }),
  aborted: ({ stable }, detail) => ({
    phase: 'Degraded',
    message: `RolloutAborted: Rollout aborted update to revision ${detail}`,
    step: 0,
    pods: { [stable]: all(REPLICAS) },
    services: {},
  }),
  heldBack: (versions) => ({
    ...CANARY.healthy(versions.stable),
    phase: 'Paused',
    message: 'manually paused',
    step: 0,
  }),
  promotedInVain: ({ stable, fresh }) => ({
    phase: 'Progressing',
    message: UPDATING,
    step: STEPS.length,
    pods: { [stable]: all(REPLICAS), [fresh]: '0/1' },
    services: {},
  }),
  stuckFirst: (version) => ({
    ...CANARY.healthy(version),
    phase: 'Progressing',
    message: COMING,
    pods: { [version]: `0/${REPLICAS}` },
  }),
  nonsense: {
    edit: { strategy: { canary: { stableService: 'shop', canaryService: 'shop' } } },
    message: sameService('shop'),
    mend: { strategy: { canary: { stableService: null, canaryService: null } } },
  },
  podsMax: (replicas) => replicas + 1,
};

/** A router sends the new version its share. */
export const ROUTED: Strategy = {
  name: 'canary behind a router',
  surroundings: [ENDLESS, ...SHOP_ROUTE],
  rollout: () =>
    canaryRollout({
      name: 'shop',
      replicas: REPLICAS,
      steps: STEPS,
      canary: {
        ...SHOP_ROUTED,
        scaleDownDelaySeconds: 1,
        abortScaleDownDelaySeconds: 1,
      },
    }),
  halts: haltsOf(({ stable, fresh }, { weight, replicas, ...seen }) => {
    const count = Math.ceil((replicas * weight) / 100);
    return {
      phase: seen.phase,
      message: seen.message,
      step: seen.step,
      weight: seen.comes ? weight : 0,
      pods: { [stable]: all(replicas), [fresh]: seen.comes ? all(count) : `0/${count}` },
      services: { 'shop-stable': stable, 'shop-canary': seen.comes ? fresh : stable },
    };
  }),
  healthy: (version, replicas) => onlyStable(CANARY.healthy(version, replicas), version),
  aborted: (versions, detail) => onlyStable(CANARY.aborted(versions, detail), versions.stable),
  heldBack: (versions) => onlyStable(CANARY.heldBack(versions), versions.stable),
  promotedInVain: ({ stable, fresh }) => ({
    ...onlyStable(CANARY.promotedInVain({ stable, fresh }), stable),
    message: 'waiting for all steps to complete',
    pods: { [stable]: all(REPLICAS), [fresh]: `0/${REPLICAS}` },
  }),
  stuckFirst: (version) => onlyStable(CANARY.stuckFirst(version), 'all versions'),
  nonsense: {
    edit: { strategy: { canary: { canaryService: 'shop-stable' } } },
    message: sameService('shop-stable'),
    mend: { strategy: { canary: { canaryService: 'shop-canary' } } },
  },
  // A canary that is superseded goes only when the weight has left it.
  podsMax: (replicas) => 2.5 * replicas,
};

function onlyStable(picture: Picture, version: string): Picture {
  return { ...picture, weight: 0, services: { 'shop-stable': version, 'shop-canary': version } };
}

function sameService(name: string): string {
  return `InvalidSpec: The Rollout "shop" is invalid: spec.strategy.stableService: Invalid value: "${name}": This rollout uses the same service for the stable and canary services, but two different services are required.`;
}

/** What differs between the halts of a canary. */
interface Seen {
  readonly phase: string;
  readonly message: string;
  readonly step: number;
  readonly weight: number;
  readonly replicas: number;
  readonly comes: boolean;
}

function haltsOf(draw: (versions: Versions, seen: Seen) => Picture): readonly Halt[] {
  const halt = (name: string, seen: Omit<Seen, 'replicas'>, way: readonly Move[], next?: Halt['next']): Halt => ({
    name,
    image: seen.comes ? GOOD : STUCK,
    comes: seen.comes,
    way,
    next,
    picture: (versions, replicas = REPLICAS) => draw(versions, { ...seen, replicas }),
  });
  const paused = { phase: 'Paused', message: 'CanaryPauseStep', comes: true };
  const busy = { phase: 'Progressing', message: UPDATING };
  return [
    halt('while its pods do not start', { ...busy, step: 0, weight: 25, comes: false }, []),
    halt('paused at 25 %', { ...paused, step: 1, weight: 25 }, [], { move: 'promote', leadsTo: 'measured at 25 %' }),
    halt('measured at 25 %', { ...busy, step: 2, weight: 25, comes: true }, ['promote'], {
      move: 'promote past the step',
      leadsTo: 'paused at 50 %',
    }),
    halt('paused at 50 %', { ...paused, step: 4, weight: 50 }, ['promote', 'promote past the step'], {
      move: 'promote',
      leadsTo: 'the end',
    }),
  ];
}
