import type { Measurement, MetricProvider as Providers } from '../api/analysis.ts';
import { KINDS } from '../api/kinds.ts';
import { apiVersionOf, controllerReference, type KubeObject, type ObjectRef } from '../api/kube-object.ts';
import {
  JOB_METRIC_NAME_ANNOTATION,
  JOB_RUN_NAME_ANNOTATION,
  JOB_RUN_NAMESPACE_ANNOTATION,
  JOB_RUN_UID_LABEL,
} from '../api/labels.ts';
import type { Exchange, ExchangeResponse } from '../core/exchange.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { shortHash } from '../lib/short-hash.ts';
import { parseTimestampMs } from '../lib/timestamp.ts';
import { failed } from './contract.ts';
import type { MetricProvider, MetricQuery, ProviderStep } from './contract.ts';

type JobSettings = NonNullable<Providers['job']>;

/** What is recorded of a measurement: where its Job is. */
const NAME_KEY = 'job-name';
const NAMESPACE_KEY = 'job-namespace';
const NAME_LENGTH_MAX = 63;
/** A Job is looked at again after a quarter of its age, within these bounds: each look writes to status. */
const POLL_MS_MIN = 1_000;
const POLL_MS_MAX = 15_000;

/**
 * Runs a Job for each measurement: Complete is Successful, Failed is Failed. The name of the Job follows from run, metric
 * and number of the measurement, so that a controller that starts again finds the Job instead of making a second one.
 *
 *     observe -> (absent: apply) -> running: pods -> wait -> observe -> ... -> Complete or Failed
 */
export const job: MetricProvider = { id: 'job', start, resume, next, terminate, garbage };

function start(query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.job;
  if (!isPlainObject(settings?.spec) || !isPlainObject(settings.spec['template'])) {
    return failed('job has no pod template in spec.template');
  }
  return { type: 'kubeObject', deed: 'observe', ref: refOf(query) };
}

function resume(_measurement: Measurement, query: MetricQuery): ProviderStep {
  return { type: 'kubeObject', deed: 'observe', ref: refOf(query) };
}

function next(exchange: Exchange, response: ExchangeResponse, query: MetricQuery): ProviderStep {
  const ref = refOf(query);
  if (response.type === 'failed') return failed(`Job ${ref.name}: ${response.message}`);
  if (exchange.type === 'kubeList' && response.type === 'kubeList') return judgePods(response.objects, query);
  if (exchange.type !== 'kubeObject' || response.type !== 'kubeObject')
    return failed(`Job ${ref.name} was not looked at`);
  if (response.object !== null) return judge(response.object, query);
  const isNew = query.measurement === undefined && exchange.deed === 'observe';
  return isNew ? apply(query) : failed(`Job ${ref.name} was deleted before it ended`);
}

function apply(query: MetricQuery): ProviderStep {
  const settings = query.metric.provider.job;
  return settings === undefined
    ? failed('job settings are missing')
    : { type: 'kubeObject', deed: 'apply', ref: refOf(query), object: jobOf(settings, query) };
}

/** The Job of a measurement; it and its pods say which run and metric they are for. */
function jobOf(settings: JobSettings, query: MetricQuery): KubeObject {
  const { run, metric } = query;
  const labels = { [JOB_RUN_UID_LABEL]: run.uid };
  const annotations = {
    [JOB_RUN_NAME_ANNOTATION]: run.name,
    [JOB_RUN_NAMESPACE_ANNOTATION]: run.namespace,
    [JOB_METRIC_NAME_ANNOTATION]: metric.name,
  };
  const spec = fieldsOf(settings.spec);
  const template = fieldsOf(spec['template']);
  const templateMeta = fieldsOf(template['metadata']);
  return {
    apiVersion: apiVersionOf(KINDS.job),
    kind: KINDS.job.kind,
    metadata: {
      name: refOf(query).name,
      namespace: run.namespace,
      labels: { ...settings.metadata?.labels, ...labels },
      annotations: { ...settings.metadata?.annotations, ...annotations },
      ownerReferences: [controllerReference(KINDS.analysisRun, run)],
    },
    spec: {
      ...spec,
      template: {
        ...template,
        metadata: {
          ...templateMeta,
          labels: { ...fieldsOf(templateMeta['labels']), ...labels },
          annotations: { ...fieldsOf(templateMeta['annotations']), ...annotations },
        },
      },
    },
  };
}

function judge(object: KubeObject, query: MetricQuery): ProviderStep {
  if (object.metadata.labels?.[JOB_RUN_UID_LABEL] !== query.run.uid) {
    return failed(`Job ${object.metadata.name} does not belong to this AnalysisRun`);
  }
  const status = fieldsOf(object['status']);
  const conditions = Array.isArray(status['conditions']) ? status['conditions'].filter(isPlainObject) : [];
  const holds = (type: string): Readonly<Record<string, unknown>> | undefined =>
    conditions.find((condition) => condition['type'] === type && condition['status'] === 'True');
  const broken = holds('Failed');
  if (broken !== undefined) {
    const why = [broken['reason'], broken['message']].filter((text) => typeof text === 'string' && text !== '');
    return ended('Failed', query, why.join(': '));
  }
  if (holds('Complete') !== undefined) return ended('Successful', query, '');
  if (object.metadata.deletionTimestamp !== undefined) return failed(`Job ${refOf(query).name} is being deleted`);
  return {
    type: 'kubeList',
    kind: KINDS.pod,
    namespace: query.run.namespace,
    labelSelector: `${JOB_NAME_LABEL}=${object.metadata.name}`,
  };
}

/** The Job controller puts it on the pods of a Job. */
const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';

/** A container with one of these never starts as it is; waiting for the Job's own limits would say nothing new. */
const BAD_IMAGE = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'];

function judgePods(pods: readonly KubeObject[], query: MetricQuery): ProviderStep {
  for (const waiting of pods.flatMap(waitingContainers)) {
    if (!BAD_IMAGE.includes(waiting.reason)) continue;
    return ended(
      'Inconclusive',
      query,
      `container ${waiting.container} does not start: ${waiting.reason}: ${waiting.message}`,
    );
  }
  const startedAtMs = parseTimestampMs(query.measurement?.startedAt ?? '') ?? query.nowMs;
  const pollMs = Math.min(POLL_MS_MAX, Math.max(POLL_MS_MIN, (query.nowMs - startedAtMs) / 4));
  return {
    type: 'wait',
    resumeAtMs: query.nowMs + Math.round(pollMs),
    state: recorded(query),
  };
}

interface WaitingContainer {
  readonly container: string;
  readonly reason: string;
  readonly message: string;
}

function waitingContainers(pod: KubeObject): readonly WaitingContainer[] {
  const status = fieldsOf(pod['status']);
  const all = [status['initContainerStatuses'], status['containerStatuses']].flatMap((list) =>
    Array.isArray(list) ? list.filter(isPlainObject) : [],
  );
  return all.flatMap((one) => {
    const waiting = isPlainObject(one['state']) ? one['state']['waiting'] : undefined;
    if (!isPlainObject(waiting)) return [];
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return [{ container: text(one['name']), reason: text(waiting['reason']), message: text(waiting['message']) }];
  });
}

function ended(phase: 'Successful' | 'Failed' | 'Inconclusive', query: MetricQuery, message: string): ProviderStep {
  const metadata = recorded(query);
  return {
    type: 'outcome',
    outcome: { type: 'verdict', phase, metadata, ...(message === '' ? {} : { message }) },
  };
}

function terminate(query: MetricQuery): Exchange {
  return { type: 'kubeObject', deed: 'delete', ref: refOf(query) };
}

function garbage(measurements: readonly Measurement[], query: MetricQuery): readonly Exchange[] {
  return measurements
    .map((measurement) => measurement.metadata?.[NAME_KEY] ?? '')
    .filter((name) => name.startsWith(`${query.run.uid}.`))
    .map((name) => ({ type: 'kubeObject', deed: 'delete', ref: { ...refOf(query), name } }));
}

function recorded(query: MetricQuery): Readonly<Record<string, string>> {
  return { [NAME_KEY]: refOf(query).name, [NAMESPACE_KEY]: query.run.namespace };
}

/** A recorded measurement names its Job; a new one gets the API's name, `<uid>.<metric>.<number>`. */
function refOf(query: MetricQuery): ObjectRef {
  const { run, metric, measurement, measurementNumber } = query;
  const known = measurement?.metadata?.[NAME_KEY];
  const isOurs = known?.startsWith(`${run.uid}.`) === true;
  const name = isOurs ? known : nameOf(run.uid, metric.name, measurementNumber);
  return { kind: KINDS.job, namespace: run.namespace, name };
}

/** Names of pods and labels are made of it: lower case, and no longer than a label. What is changed gets a hash. */
function nameOf(uid: string, metricName: string, number: number): string {
  const lengthMax = NAME_LENGTH_MAX - `${uid}..${number}`.length;
  const plain = metricName.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  const isUsable = plain === metricName && plain.length <= lengthMax && /^[a-z0-9].*[a-z0-9]$|^[a-z0-9]$/.test(plain);
  if (isUsable) return `${uid}.${plain}.${number}`;
  const hash = shortHash(metricName);
  const kept = plain.slice(0, Math.max(0, lengthMax - hash.length - 1)).replace(/^-+|-+$/g, '');
  return `${uid}.${kept === '' ? '' : `${kept}-`}${hash}.${number}`;
}
