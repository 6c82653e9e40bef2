import type { ContainerStatus, Pod } from '../../api/workloads.ts';
import { badMark, goodMark, markOf, restingMark, workingMark, type Mark } from './mark.ts';

export interface PodState {
  readonly mark: Mark;
  readonly ready: boolean;
  readonly readyContainers: number;
  readonly containers: number;
  readonly restarts: number;
  /** Why it is not ready, for people; undefined when it is. */
  readonly reason?: string;
}

/** What a pod is doing, in the words that `kubectl get pods` has for it. */
export function podState(pod: Pod): PodState {
  const running = pod.status?.containerStatuses ?? [];
  const first = pod.status?.initContainerStatuses ?? [];
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const word = wordOf(pod);
  return {
    mark: markFor(word, ready),
    ready: ready && pod.metadata.deletionTimestamp === undefined,
    readyContainers: running.filter((container) => container.ready === true).length,
    containers: pod.spec.containers?.length ?? 0,
    restarts: [...first, ...running].reduce((count, { restartCount = 0 }) => count + restartCount, 0),
    ...(ready ? {} : { reason: reasonOf(pod, word) }),
  };
}

function wordOf(pod: Pod): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const { phase = 'Unknown', reason, initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  const initial = initContainerStatuses.find((container) => !isInitialised(container));
  if (initial !== undefined) {
    const trouble = troubleOf(initial);
    if (trouble !== undefined && trouble !== 'PodInitializing') return `Init:${trouble}`;
    return `Init:${initContainerStatuses.filter(isInitialised).length}/${pod.spec.initContainers?.length ?? 0}`;
  }
  const troubles = containerStatuses.map(troubleOf).filter((trouble) => trouble !== undefined);
  return troubles.at(-1) ?? reason ?? phase;
}

/** A sidecar counts once it has started. */
function isInitialised({ state, started, ready }: ContainerStatus): boolean {
  return state?.terminated?.exitCode === 0 || (started === true && ready === true);
}

function troubleOf({ state }: ContainerStatus): string | undefined {
  if (state?.waiting !== undefined) return state.waiting.reason ?? 'Waiting';
  if (state?.terminated === undefined) return undefined;
  return state.terminated.reason ?? `ExitCode:${state.terminated.exitCode}`;
}

const HARMLESS = ['Pending', 'ContainerCreating', 'PodInitializing'];

function markFor(word: string, ready: boolean): Mark {
  if (word === 'Running') return ready ? goodMark(word) : workingMark(word);
  if (word === 'Succeeded' || word === 'Completed') return goodMark(word);
  if (word === 'Terminating') return restingMark(word);
  if (word === 'Unknown') return markOf(word);
  if (HARMLESS.includes(word) || /^Init:\d+\/\d+$/.test(word)) return workingMark(word);
  return badMark(word);
}

/** The scheduler's or the container's own words where there are any. */
function reasonOf(pod: Pod, word: string): string {
  const { conditions = [], initContainerStatuses = [], containerStatuses = [], message } = pod.status ?? {};
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined) return `${unscheduled.reason ?? 'Unscheduled'}: ${unscheduled.message ?? 'no node'}`;
  const troubled = [...initContainerStatuses, ...containerStatuses].find(
    (container) => troubleOf(container) !== undefined && container.state?.terminated?.exitCode !== 0,
  );
  const detail = troubled?.state?.waiting?.message ?? troubled?.state?.terminated?.message ?? message;
  if (troubled !== undefined)
    return `${word} in container ${troubled.name}${detail === undefined ? '' : `: ${detail}`}`;
  if (word !== 'Running') return word;
  const unready = containerStatuses.find(({ ready }) => ready !== true);
  if (unready !== undefined) return `container ${unready.name} runs, but its readiness probe has not passed`;
  const notReady = conditions.find(({ type, status }) => type === 'Ready' && status !== 'True');
  return notReady?.message ?? 'it runs, but it is not ready';
}
