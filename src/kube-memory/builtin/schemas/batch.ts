import { about, flag, int32, int64, listOf, oneOfTexts, patched, record, setOf, text, time } from '../schema.ts';
import { labelSelectorSchema, topLevel } from './meta.ts';
import { podTemplateSpecSchema } from './pod.ts';

const podFailurePolicyOnExitCodesRequirementSchema = record(
  {
    containerName: text,
    operator: oneOfTexts('In', 'NotIn'),
    values: setOf(int32),
  },
  ['operator', 'values'],
);

const podFailurePolicyOnPodConditionsPatternSchema = record(
  {
    status: text,
    type: text,
  },
  ['type', 'status'],
);

const podFailurePolicyRuleSchema = record(
  {
    action: oneOfTexts('Count', 'FailIndex', 'FailJob', 'Ignore'),
    onExitCodes: podFailurePolicyOnExitCodesRequirementSchema,
    onPodConditions: listOf(podFailurePolicyOnPodConditionsPatternSchema),
  },
  ['action'],
);

const podFailurePolicySchema = record(
  {
    rules: listOf(podFailurePolicyRuleSchema),
  },
  ['rules'],
);

const successPolicyRuleSchema = record({
  succeededCount: int32,
  succeededIndexes: text,
});

const successPolicySchema = record(
  {
    rules: listOf(successPolicyRuleSchema),
  },
  ['rules'],
);

const jobSpecSchema = record(
  {
    activeDeadlineSeconds: about('Seconds after which the job is failed.', int64),
    backoffLimit: about('Failures after which the job has failed.', int32),
    backoffLimitPerIndex: int32,
    completionMode: about('NonIndexed, or Indexed to give each pod a number.', oneOfTexts('Indexed', 'NonIndexed')),
    completions: about('How many pods must succeed.', int32),
    managedBy: text,
    manualSelector: flag,
    maxFailedIndexes: int32,
    parallelism: about('How many pods run at a time at most.', int32),
    podFailurePolicy: podFailurePolicySchema,
    podReplacementPolicy: oneOfTexts('Failed', 'TerminatingOrFailed'),
    selector: labelSelectorSchema,
    successPolicy: successPolicySchema,
    suspend: about('No pods run while it is true.', flag),
    template: about('What the pods look like; restartPolicy must be OnFailure or Never.', podTemplateSpecSchema),
    ttlSecondsAfterFinished: about('Seconds after its end until the job is removed.', int32),
  },
  ['template'],
);

const jobConditionSchema = record({
  lastProbeTime: time,
  lastTransitionTime: time,
  message: text,
  reason: text,
  status: text,
  type: text,
});

const uncountedTerminatedPodsSchema = record({
  failed: setOf(text),
  succeeded: setOf(text),
});

const jobStatusSchema = record({
  active: about('Pods that are not over.', int32),
  completedIndexes: text,
  completionTime: time,
  conditions: patched(listOf(jobConditionSchema), { key: 'type' }),
  failed: about('Pods that failed.', int32),
  failedIndexes: text,
  ready: int32,
  startTime: time,
  succeeded: about('Pods that ended well.', int32),
  terminating: int32,
  uncountedTerminatedPods: uncountedTerminatedPodsSchema,
});

export const jobSchema = about(
  'Runs pods until enough of them have succeeded.',
  topLevel({
    spec: about('What is wanted.', jobSpecSchema),
    status: about('What is observed.', jobStatusSchema),
  }),
);
