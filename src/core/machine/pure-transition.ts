import { createActor, type SnapshotFrom } from 'xstate';
import { rolloutChart, type ChartEvent } from './rollout-chart.ts';

type ChartSnapshot = SnapshotFrom<typeof rolloutChart>;
type Scope = Parameters<typeof rolloutChart.transition>[2];
type ChartAction = Parameters<Scope['actionExecutor']>[0];

/** What XState hands to actions and to spawned actors; the chart has none that would look at it. It is never started. */
const actor = createActor(rolloutChart, { input: undefined });
const SCOPE: Omit<Scope, 'actionExecutor'> = {
  self: actor,
  system: actor.system,
  id: '',
  sessionId: '',
  logger: nothing,
  defer: nothing,
  emit: nothing,
  stopChild: nothing,
};

/**
 * `transition` of XState for this one chart: the next snapshot, and the actions as data. The library's makes an actor for each
 * call, which is a quarter of the work of a pass.
 */
export function transitionOf(snapshot: ChartSnapshot, event: ChartEvent): [ChartSnapshot, readonly ChartAction[]] {
  const actions: ChartAction[] = [];
  const actionExecutor = (action: ChartAction): void => {
    actions.push(action);
  };
  return [rolloutChart.transition(snapshot, event, { ...SCOPE, actionExecutor }), actions];
}

function nothing(): void {}
