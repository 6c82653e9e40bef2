import { about, atomicRecord, listOf, record, text } from '../schema.ts';
import { labelSelectorSchema, topLevel } from './meta.ts';

const policyRuleSchema = record(
  {
    apiGroups: about('Groups of the resources; empty text is the core group.', listOf(text)),
    nonResourceURLs: about('Paths that belong to no resource.', listOf(text)),
    resourceNames: about('Only objects of these names.', listOf(text)),
    resources: about('The resources, with subresources after a slash.', listOf(text)),
    verbs: about('What may be done: get, list, watch, create, update, patch, delete, or * for all.', listOf(text)),
  },
  ['verbs'],
);

export const roleSchema = about(
  'What may be done in a namespace.',
  topLevel({
    rules: listOf(policyRuleSchema),
  }),
);

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

export const roleBindingSchema = about(
  'Gives a role to users, groups and accounts in a namespace.',
  topLevel(
    {
      roleRef: about('The role that is given; cannot change.', roleRefSchema),
      subjects: about('Who gets it.', listOf(subjectSchema)),
    },
    ['roleRef'],
  ),
);

const aggregationRuleSchema = record({
  clusterRoleSelectors: listOf(labelSelectorSchema),
});

export const clusterRoleSchema = about(
  'What may be done in the whole cluster.',
  topLevel({
    aggregationRule: aggregationRuleSchema,
    rules: listOf(policyRuleSchema),
  }),
);

export const clusterRoleBindingSchema = about(
  'Gives a role to users, groups and accounts everywhere.',
  topLevel(
    {
      roleRef: about('The role that is given; cannot change.', roleRefSchema),
      subjects: about('Who gets it.', listOf(subjectSchema)),
    },
    ['roleRef'],
  ),
);
