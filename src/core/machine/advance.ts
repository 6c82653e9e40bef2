import type { EventNotice } from '../../api/kube-write.ts';
import { commandsOf } from '../rollout/commands.ts';
import type { World } from '../rollout/world.ts';
import type { ChartContext } from './chart-context.ts';
import { resumeNotice, updateMayStart } from './moves.ts';
import { transitionOf } from './pure-transition.ts';
import { rolloutChart, type ChartEvent } from './rollout-chart.ts';
import { leftPauseBehind, standingOf } from './snapshot.ts';

export interface Advance {
  /** Dotted path of the state that the pass ended in, as in `step.scaling`. */
  readonly state: string;
  readonly context: ChartContext;
  readonly notices: readonly EventNotice[];
  /** Another version was taken up: commands were about the one before. */
  readonly superseded: boolean;
}

/** Takes every transition that commands and the world allow, and returns where that ends and what there is to tell. */
export function advance(world: World): Advance {
  const standing = standingOf(world);
  let snapshot = rolloutChart.resolveState(standing);
  // Commands were about the update that is there; one that supersedes it takes none of them over.
  const superseded = updateMayStart(standing);
  const commands = superseded ? [] : commandsOf(world);
  const notices: EventNotice[] = leftPauseBehind(world, standing) ? [resumeNotice()] : [];
  const events: readonly ChartEvent[] = [...commands.map((type) => ({ type })), { type: 'OBSERVED' }];
  for (const event of events) {
    const [next, actions] = transitionOf(snapshot, event);
    snapshot = next;
    for (const action of actions) {
      if (action.type === 'notify') notices.push(action.params as EventNotice);
    }
  }
  return { state: pathOf(snapshot.value), context: snapshot.context, notices, superseded };
}

function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, inner] = ['', '']] = Object.entries(value as Record<string, unknown>);
  return `${name}.${pathOf(inner)}`;
}
