import { atomicRecord, listOf, record, text } from '../schema.ts';
import { labelSelectorSchema, topLevel } from './meta.ts';

const policyRuleSchema = record(
  {
    apiGroups: listOf(text),
    nonResourceURLs: listOf(text),
    resourceNames: listOf(text),
    resources: listOf(text),
    verbs: listOf(text),
  },
  ['verbs'],
);

export const roleSchema = topLevel({
  rules: listOf(policyRuleSchema),
});

const roleRefSchema = atomicRecord(
  {
    apiGroup: text,
    kind: text,
    name: text,
  },
  ['apiGroup', 'kind', 'name'],
);

const subjectSchema = atomicRecord(
  {
    apiGroup: text,
    kind: text,
    name: text,
    namespace: text,
  },
  ['kind', 'name'],
);

export const roleBindingSchema = topLevel(
  {
    roleRef: roleRefSchema,
    subjects: listOf(subjectSchema),
  },
  ['roleRef'],
);

const aggregationRuleSchema = record({
  clusterRoleSelectors: listOf(labelSelectorSchema),
});

export const clusterRoleSchema = topLevel({
  aggregationRule: aggregationRuleSchema,
  rules: listOf(policyRuleSchema),
});

export const clusterRoleBindingSchema = topLevel(
  {
    roleRef: roleRefSchema,
    subjects: listOf(subjectSchema),
  },
  ['roleRef'],
);
