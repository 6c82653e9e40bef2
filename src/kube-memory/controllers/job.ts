import { controllerOf, type KubeObject } from '../../api/kube-object.ts';
import { formatTimestamp, parseTimestampMs } from '../../lib/timestamp.ts';
import { fieldsAt, itemsAt, numberAt, textAt, type Fields } from '../builtin/fields.ts';
import { hasCondition, withCondition, type ConditionWords } from './conditions.ts';
import { writeStatus, type Controller, type ControllerContext } from './context.ts';
import { keyOf, Mirror } from './mirror.ts';
import { claim } from './ownership.ts';
import { isActive, isReady, restartsOf } from './pod-facts.ts';
import { createPod, deletePod } from './pod-making.ts';
import { withoutZeros } from './replica-set.ts';
import { WorkQueue } from './work-queue.ts';

const RESOURCE = 'jobs.batch';
const COMPONENT = 'job-controller';
const INDEX_ANNOTATION = 'batch.kubernetes.io/job-completion-index';
/** Pause before a failed pod is replaced, doubled with each failure. */
const REPLACE_FIRST_MS = 10_000;
const REPLACE_MAX_MS = 600_000;

/** Runs each Job's pods until enough have succeeded or too many have failed. */
export function startJobController(context: ControllerContext): Controller {
  const jobs = new Mirror(context.store, RESOURCE);
  const queue = new WorkQueue({
    clock: context.clock,
    sync: (key) => syncJob(context, jobs.get(key)),
    onError: context.onError,
  });
  for (const key of jobs.keys()) queue.add(key);
  jobs.onChange(({ object }) => queue.add(keyOf(object)));
  context.pods.onChange(({ object }) => {
    const owner = controllerOf(object);
    if (owner?.kind === 'Job') queue.add(`${object.metadata.namespace ?? ''}/${owner.name}`);
  });
  return {
    stop: () => {
      queue.stop();
      jobs.stop();
    },
  };
}

/** What a look at a Job's pods found. */
interface Found {
  readonly job: KubeObject;
  readonly pods: readonly KubeObject[];
  readonly active: readonly KubeObject[];
  readonly succeeded: number;
  readonly failed: number;
  readonly nowMs: number;
}

function syncJob(context: ControllerContext, job: KubeObject | undefined): number | undefined {
  if (job === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
  if (isOver(job)) return removeWhenExpired(context, job);
  const pods = claim(context, context.pods, job, fieldsAt(job, 'spec').selector);
  const inPhase = (phase: string): number => pods.filter((pod) => textAt(pod, 'status', 'phase') === phase).length;
  const found: Found = {
    job,
    pods,
    active: pods.filter(isActive),
    succeeded: Math.max(inPhase('Succeeded'), numberAt(job, 'status', 'succeeded') ?? 0),
    failed: Math.max(inPhase('Failed'), numberAt(job, 'status', 'failed') ?? 0),
    nowMs: context.clock.nowMs(),
  };
  if (fieldsAt(job, 'spec').suspend === true) return suspend(context, found);
  const end = endOf(found);
  if (end !== undefined) return finish(context, found, end);
  return keepRunning(context, found);
}

function isOver(job: KubeObject): boolean {
  return hasCondition(job, 'Complete') || hasCondition(job, 'Failed');
}

function removeWhenExpired(context: ControllerContext, job: KubeObject): number | undefined {
  const ttlSeconds = numberAt(job, 'spec', 'ttlSecondsAfterFinished');
  if (ttlSeconds === undefined) return undefined;
  const over = itemsAt(job, 'status', 'conditions').find((each) => each.type === 'Complete' || each.type === 'Failed');
  const overMs = parseTimestampMs(textAt(over, 'lastTransitionTime')) ?? 0;
  const leftMs = overMs + ttlSeconds * 1_000 - context.clock.nowMs();
  if (leftMs > 0) return leftMs;
  const { namespace, name } = job.metadata;
  context.store.delete(RESOURCE, namespace, name, { propagationPolicy: 'Background' });
  return undefined;
}

interface JobEnd {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

function endOf(found: Found): JobEnd | undefined {
  const { job, succeeded, failed } = found;
  const completions = numberAt(job, 'spec', 'completions');
  const enough = completions === undefined ? succeeded > 0 && found.active.length === 0 : succeeded >= completions;
  if (enough)
    return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
  const restarts =
    textAt(job, 'spec', 'template', 'spec', 'restartPolicy') === 'OnFailure'
      ? found.active.reduce((sum, pod) => sum + restartsOf(pod), 0)
      : 0;
  const limit = numberAt(job, 'spec', 'backoffLimit') ?? 6;
  if (failed > limit || (restarts > 0 && failed + restarts > limit)) {
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const deadline = deadlineInMs(found);
  if (deadline !== undefined && deadline <= 0) {
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  return undefined;
}

function deadlineInMs(found: Found): number | undefined {
  const seconds = numberAt(found.job, 'spec', 'activeDeadlineSeconds');
  const startMs = parseTimestampMs(textAt(found.job, 'status', 'startTime'));
  return seconds === undefined || startMs === undefined ? undefined : startMs + seconds * 1_000 - found.nowMs;
}

function finish(context: ControllerContext, found: Found, end: JobEnd): number | undefined {
  const { job, nowMs } = found;
  for (const pod of found.active) deletePod(context, pod);
  const goal: ConditionWords['type'] = end.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const words = (type: string): ConditionWords => ({ type, status: 'True', reason: end.reason, message: end.message });
  const probed = { lastProbeTime: formatTimestamp(nowMs) };
  const before = itemsAt(job, 'status', 'conditions');
  const conditions = withCondition(withCondition(before, words(goal), nowMs, probed), words(end.type), nowMs, probed);
  const completed = end.type === 'Complete' ? { completionTime: formatTimestamp(nowMs) } : {};
  const failed = end.type === 'Failed' ? found.failed + found.active.length : found.failed;
  writeStatus(context, RESOURCE, job, {
    ...countsOf({ ...found, failed, active: [] }),
    ...startOf(found),
    ...completed,
    conditions,
  });
  const event =
    end.type === 'Complete'
      ? (['Normal', 'Completed', 'Job completed'] as const)
      : (['Warning', end.reason, end.message] as const);
  context.events.record(job, { type: event[0], reason: event[1], message: event[2], component: COMPONENT });
  const ttlSeconds = numberAt(job, 'spec', 'ttlSecondsAfterFinished');
  return ttlSeconds === undefined ? undefined : ttlSeconds * 1_000;
}

function suspend(context: ControllerContext, found: Found): undefined {
  for (const pod of found.active) deletePod(context, pod);
  const before = itemsAt(found.job, 'status', 'conditions');
  const words = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' } as const;
  const conditions = withCondition(before, words, found.nowMs, { lastProbeTime: formatTimestamp(found.nowMs) });
  writeStatus(context, RESOURCE, found.job, { ...countsOf({ ...found, active: [] }), conditions });
  return undefined;
}

function keepRunning(context: ControllerContext, found: Found): number | undefined {
  const { job, nowMs } = found;
  const completions = numberAt(job, 'spec', 'completions');
  const parallelism = numberAt(job, 'spec', 'parallelism') ?? 1;
  const missing = completions === undefined ? (found.succeeded > 0 ? 0 : parallelism) : completions - found.succeeded;
  const wanted = Math.max(0, Math.min(parallelism, missing));
  const pauseMs = found.active.length < wanted ? replaceInMs(found) : 0;
  const made = pauseMs > 0 ? [] : createPods(context, found, wanted - found.active.length);
  for (const pod of found.active.slice(wanted)) deletePod(context, pod);
  const active = [...found.active.slice(0, wanted), ...made];
  const before = itemsAt(job, 'status', 'conditions');
  const resumed = before.some((each) => each.type === 'Suspended' && each.status === 'True')
    ? withCondition(before, { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' }, nowMs)
    : before;
  const status = {
    ...countsOf({ ...found, active }),
    ...startOf(found),
    ...(resumed.length === 0 ? {} : { conditions: resumed }),
  };
  writeStatus(context, RESOURCE, job, status);
  const deadline =
    numberAt(job, 'spec', 'activeDeadlineSeconds') === undefined ? undefined : (deadlineInMs(found) ?? 1_000);
  const waits = [pauseMs, deadline ?? 0].filter((wait) => wait > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

/** How long until a failed pod may be replaced; 0 when it may be now. */
function replaceInMs(found: Found): number {
  const failures = found.pods.filter((pod) => textAt(pod, 'status', 'phase') === 'Failed');
  if (failures.length === 0) return 0;
  const lastMs = Math.max(...failures.map((pod) => finishedMs(pod) ?? 0));
  const pauseMs = Math.min(REPLACE_MAX_MS, REPLACE_FIRST_MS * 2 ** (failures.length - 1));
  return Math.max(0, lastMs + pauseMs - found.nowMs);
}

function finishedMs(pod: KubeObject): number | undefined {
  const finished = itemsAt(pod, 'status', 'containerStatuses').map(
    (status) => parseTimestampMs(textAt(status, 'state', 'terminated', 'finishedAt')) ?? 0,
  );
  return finished.length === 0 ? undefined : Math.max(...finished);
}

function createPods(context: ControllerContext, found: Found, count: number): readonly KubeObject[] {
  const made: KubeObject[] = [];
  for (let index = 0; index < count; index++) {
    const pod = createPod(context, found.job, indexParts(found, made));
    made.push(pod);
    const message = `Created pod: ${pod.metadata.name}`;
    context.events.record(found.job, { type: 'Normal', reason: 'SuccessfulCreate', message, component: COMPONENT });
  }
  return made;
}

/** An indexed Job's pods carry the lowest completion index that no other pod runs or has finished. */
function indexParts(
  found: Found,
  made: readonly KubeObject[],
): { readonly annotations?: Readonly<Record<string, string>>; readonly labels?: Readonly<Record<string, string>> } {
  if (textAt(found.job, 'spec', 'completionMode') !== 'Indexed') return {};
  const taken = new Set(
    [...found.pods.filter((pod) => textAt(pod, 'status', 'phase') !== 'Failed'), ...made].map(
      (pod) => pod.metadata.annotations?.[INDEX_ANNOTATION],
    ),
  );
  let index = 0;
  while (taken.has(String(index))) index++;
  return { annotations: { [INDEX_ANNOTATION]: String(index) }, labels: { [INDEX_ANNOTATION]: String(index) } };
}

function countsOf(found: Pick<Found, 'pods' | 'active' | 'succeeded' | 'failed'>): Fields {
  return {
    ...withoutZeros({ active: found.active.length, succeeded: found.succeeded, failed: found.failed }),
    ready: found.active.filter(isReady).length,
    terminating: found.pods.filter(
      (pod) =>
        pod.metadata.deletionTimestamp !== undefined &&
        !['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase') ?? ''),
    ).length,
    uncountedTerminatedPods: {},
  };
}

function startOf(found: Found): Fields {
  return { startTime: textAt(found.job, 'status', 'startTime') ?? formatTimestamp(found.nowMs) };
}
