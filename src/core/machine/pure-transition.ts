import { createActor, type SnapshotFrom } from 'xstate';
import { rolloutChart, type ChartEvent } from './rollout-chart.ts';

type ChartSnapshot = SnapshotFrom<typeof rolloutChart>;
type Scope = Parameters<typeof rolloutChart.transition>[2];
type ChartAction = Parameters<Scope['actionExecutor']>[0];

let wanted: ChartAction[] = [];

/** What XState hands to actions and to spawned actors; the chart has none that would look at it. It is never started. */
const actor = createActor(rolloutChart, { input: undefined });
const SCOPE: Scope = {
  self: actor,
  system: actor.system,
  id: '',
  sessionId: '',
  logger: nothing,
  defer: nothing,
  emit: nothing,
  stopChild: nothing,
  actionExecutor: (action) => {
    wanted.push(action);
  },
};

/**
 * `transition` of XState for this one chart: the next snapshot, and the actions as data. The library's makes an actor for each
 * call, which is a quarter of the work of a pass.
 */
export function transitionOf(snapshot: ChartSnapshot, event: ChartEvent): [ChartSnapshot, readonly ChartAction[]] {
  const actions: ChartAction[] = [];
  wanted = actions;
  return [rolloutChart.transition(snapshot, event, SCOPE), actions];
}

function nothing(): void {}
