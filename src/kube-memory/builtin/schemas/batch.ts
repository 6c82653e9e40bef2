import { flag, int32, int64, listOf, oneOfTexts, patched, record, setOf, text, time } from '../schema.ts';
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
    activeDeadlineSeconds: int64,
    backoffLimit: int32,
    backoffLimitPerIndex: int32,
    completionMode: oneOfTexts('Indexed', 'NonIndexed'),
    completions: int32,
    managedBy: text,
    manualSelector: flag,
    maxFailedIndexes: int32,
    parallelism: int32,
    podFailurePolicy: podFailurePolicySchema,
    podReplacementPolicy: oneOfTexts('Failed', 'TerminatingOrFailed'),
    selector: labelSelectorSchema,
    successPolicy: successPolicySchema,
    suspend: flag,
    template: podTemplateSpecSchema,
    ttlSecondsAfterFinished: int32,
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
  active: int32,
  completedIndexes: text,
  completionTime: time,
  conditions: patched(listOf(jobConditionSchema), { key: 'type' }),
  failed: int32,
  failedIndexes: text,
  ready: int32,
  startTime: time,
  succeeded: int32,
  terminating: int32,
  uncountedTerminatedPods: uncountedTerminatedPodsSchema,
});

export const jobSchema = topLevel({
  spec: jobSpecSchema,
  status: jobStatusSchema,
});
