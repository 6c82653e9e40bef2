import { performance } from 'node:perf_hooks';
import type { Rollout } from '../../src/api/rollout.ts';
import { decide } from '../../src/core/decide.ts';
import type { Observation } from '../../src/core/observation.ts';
import { observe } from '../../src/core/rollout/imagined-cluster.ts';
import { PureWorld, rolloutOf, routed } from '../support/pure-world.ts';

const WARM_UP_ROUNDS = 20;
const MEASURE_MS = 2_000;

export interface DecisionBench {
  readonly decisionsPerSecond: number;
  readonly cpuUsPerDecision: number;
  /** How many different observations were decided on. */
  readonly observations: number;
}

/** How fast `decide` is over what the controller saw in four recorded stories. */
export function benchDecisions(): DecisionBench {
  const observations = STORIES.flatMap(record);
  const decideAll = (): void => {
    for (const observation of observations) decide(observation);
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) decideAll();
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  let decisions = 0;
  while (performance.now() - startedMs < MEASURE_MS) {
    decideAll();
    decisions += observations.length;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    decisionsPerSecond: Math.round(decisions / seconds),
    cpuUsPerDecision: Math.round((user + system) / decisions),
    observations: observations.length,
  };
}

interface Story {
  readonly rollout: Rollout;
  readonly tell: (world: PureWorld) => void;
}

const steps = [
  { setWeight: 20 },
  { pause: { duration: '1s' } },
  { setWeight: 50 },
  { pause: { duration: '1s' } },
  { setWeight: 80 },
  { pause: { duration: '1s' } },
];

const STORIES: readonly Story[] = [
  { rollout: rolloutOf({ replicas: 1, canary: { steps } }), tell: (world) => void world.image('v2').advance(10_000) },
  { rollout: rolloutOf({ replicas: 10, canary: { steps } }), tell: (world) => void world.image('v2').advance(10_000) },
  {
    rollout: rolloutOf({ replicas: 5, canary: routed({ steps }) }),
    tell: (world) => void world.image('v2').advance(120_000),
  },
  {
    rollout: rolloutOf({ replicas: 5, canary: routed({ steps }) }),
    tell: (world) => {
      world.image('v2').advance(1_500);
      world.command({ abort: true }).advance(120_000);
    },
  },
];

function record({ rollout, tell }: Story): readonly Observation[] {
  const seen: Observation[] = [];
  const world = new RecordedWorld(rollout, seen);
  world.quiesce();
  tell(world);
  return seen;
}

/** Keeps what each pass was given. */
class RecordedWorld extends PureWorld {
  readonly #seen: Observation[];

  constructor(rollout: Rollout, seen: Observation[]) {
    super(rollout, { podStartMs: 500 });
    this.#seen = seen;
  }

  override pass(effectsMax?: number): boolean {
    this.#seen.push(observe(this.cluster));
    return super.pass(effectsMax);
  }
}
