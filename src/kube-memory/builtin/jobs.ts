import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { parseTimestampMs } from '../../lib/timestamp.ts';
import { humanDuration } from '../../lib/human-duration.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { atLeast, immutable, invalid, required, unsupported } from './field-errors.ts';
import { fieldsAt, filled, itemsAt, numberAt, textAt, textsAt, withConditionTimes, type Fields } from './fields.ts';
import { defaultedTemplate } from './pod-defaults.ts';
import { checkTemplate } from './pod-validation.ts';
import { jobSchema } from './schemas/batch.ts';
import { selectorMatches } from './selectors.ts';
import { templateColumns } from './workload-columns.ts';

export const jobResource: ResourceDefinition = define({
  group: 'batch',
  kind: 'Job',
  categories: ['all'],
  subresources: [{ name: 'status' }],
  schema: jobSchema,
  countsGenerations: true,
  fieldSelectors: ['status.successful'],
  columns: [
    column('Status', jobStatusText),
    column('Completions', completionsText),
    column('Duration', durationText),
    ageColumn,
    ...templateColumns,
  ],
  defaults: defaultedJob,
  allocate: (job, old) => (old === undefined ? withGeneratedSelector(job) : job),
  validate: checkJob,
});

const CONTROLLER_UID_LABEL = 'batch.kubernetes.io/controller-uid';

function defaultedJob(job: KubeObject): KubeObject {
  const given = fieldsAt(job, 'spec');
  const single = given.completions === undefined && given.parallelism === undefined;
  const spec = filled(given, {
    ...(single ? { completions: 1 } : {}),
    parallelism: 1,
    backoffLimit: 6,
    manualSelector: false,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: given.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
  });
  const withTemplate = { ...spec, template: defaultedTemplate(fieldsAt(spec, 'template')) };
  return labelled({
    ...job,
    spec: withTemplate,
    status: withConditionTimes(fieldsAt(job, 'status'), 'lastProbeTime', 'lastTransitionTime'),
  });
}

/** A job without labels of its own carries those of its pods. */
function labelled(job: KubeObject): KubeObject {
  if (Object.keys(job.metadata.labels ?? {}).length > 0) return job;
  const labels = textsAt(job, 'spec', 'template', 'metadata', 'labels');
  return Object.keys(labels).length === 0 ? job : { ...job, metadata: { ...job.metadata, labels } };
}

/** Pods of a job are told apart by the job's uid, in the selector and in the template's labels. */
function withGeneratedSelector(job: KubeObject): KubeObject {
  const { uid, name } = job.metadata;
  const spec = fieldsAt(job, 'spec');
  if (uid === undefined || spec.manualSelector === true) return job;
  const template = fieldsAt(spec, 'template');
  const metadata = fieldsAt(template, 'metadata');
  const labels = {
    ...textsAt(metadata, 'labels'),
    [CONTROLLER_UID_LABEL]: uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  const selector = spec.selector ?? { matchLabels: { [CONTROLLER_UID_LABEL]: uid } };
  return labelled({
    ...job,
    spec: { ...spec, selector, template: { ...template, metadata: { ...metadata, labels } } },
  });
}

function checkJob(job: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = fieldsAt(job, 'spec');
  return [
    ...['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'].flatMap(
      (field) => atLeast(`spec.${field}`, spec[field], 0),
    ),
    ...checkJobSelector(job, spec),
    ...checkTemplate('spec.template', fieldsAt(spec, 'template')),
    ...checkRestartPolicy(fieldsAt(spec, 'template', 'spec')),
    ...(spec.completionMode === 'Indexed' && spec.completions === undefined
      ? [required('spec.completions', 'when completion mode is Indexed')]
      : []),
    ...(old === undefined ? [] : checkFixedFields(spec, fieldsAt(old, 'spec'))),
  ];
}

function checkJobSelector(job: KubeObject, spec: Fields): readonly FieldError[] {
  const labels = fieldsAt(spec, 'template', 'metadata').labels;
  const mismatch = selectorMatches(spec.selector, textsAt(labels))
    ? []
    : [invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')];
  if (spec.selector === undefined || spec.selector === null) return [required('spec.selector'), ...mismatch];
  const generated = { matchLabels: { [CONTROLLER_UID_LABEL]: job.metadata.uid ?? '' } };
  if (spec.manualSelector === true || deepEqual(spec.selector, generated)) return mismatch;
  return [invalid('spec.selector', spec.selector, '`selector` not auto-generated'), ...mismatch];
}

function checkRestartPolicy(podSpec: Fields): readonly FieldError[] {
  const policy = textAt(podSpec, 'restartPolicy');
  const path = 'spec.template.spec.restartPolicy';
  if (policy === 'Always' || policy === undefined) return [required(path, 'valid values: "OnFailure", "Never"')];
  return policy === 'OnFailure' || policy === 'Never' ? [] : [unsupported(path, policy, ['OnFailure', 'Never'])];
}

function checkFixedFields(spec: Fields, old: Fields): readonly FieldError[] {
  const suspended = old.suspend === true;
  return [
    'completions',
    'selector',
    'template',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
  ]
    .filter((field) => !(field === 'template' && suspended))
    .filter((field) => !deepEqual(spec[field], old[field]))
    .map((field) => immutable(`spec.${field}`, spec[field]));
}

function jobStatusText(job: KubeObject): string {
  const met = (type: string): boolean =>
    itemsAt(job, 'status', 'conditions').some((condition) => condition.type === type && condition.status === 'True');
  if (met('Complete')) return 'Complete';
  if (met('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (met('Suspended')) return 'Suspended';
  if (met('FailureTarget')) return 'FailureTarget';
  return met('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completionsText(job: KubeObject): string {
  const succeeded = numberAt(job, 'status', 'succeeded') ?? 0;
  const completions = numberAt(job, 'spec', 'completions');
  if (completions !== undefined) return `${succeeded}/${completions}`;
  const parallelism = numberAt(job, 'spec', 'parallelism') ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationText(job: KubeObject, nowMs: number): string {
  const startMs = parseTimestampMs(textAt(job, 'status', 'startTime'));
  if (startMs === undefined) return '';
  const endMs = parseTimestampMs(textAt(job, 'status', 'completionTime'));
  return humanDuration((endMs ?? nowMs) - startMs);
}
