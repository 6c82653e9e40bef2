import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { ColumnDefinition, FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { invalid, required, unsupported } from './field-errors.ts';
import { changed, changedItems, fieldsAt, filled, itemsAt, listAt, textAt, type Fields } from './fields.ts';
import { clusterRoleBindingSchema, clusterRoleSchema, roleBindingSchema, roleSchema } from './schemas/rbac.ts';

const RBAC = 'rbac.authorization.k8s.io';

const createdColumn: ColumnDefinition = {
  name: 'Created At',
  type: 'date',
  priority: 0,
  value: (object) => object.metadata.creationTimestamp,
};

const roleWords = { group: RBAC, columns: [createdColumn] } as const;
const withRules = (role: KubeObject): KubeObject => ({ ...role, rules: role.rules ?? null });

export const roleResource: ResourceDefinition = define({
  ...roleWords,
  kind: 'Role',
  schema: roleSchema,
  defaults: withRules,
  validate: checkRules,
});

export const clusterRoleResource: ResourceDefinition = define({
  ...roleWords,
  kind: 'ClusterRole',
  namespaced: false,
  schema: clusterRoleSchema,
  defaults: withRules,
  validate: checkRules,
});

const bindingWords = {
  group: RBAC,
  columns: [
    column(
      'Role',
      (binding) => `${textAt(binding, 'roleRef', 'kind') ?? ''}/${textAt(binding, 'roleRef', 'name') ?? ''}`,
    ),
    ageColumn,
    column('Users', (binding) => subjectsText(binding, 'User'), 'wide'),
    column('Groups', (binding) => subjectsText(binding, 'Group'), 'wide'),
    column('ServiceAccounts', (binding) => subjectsText(binding, 'ServiceAccount'), 'wide'),
  ],
  defaults: defaultedBinding,
} as const;

export const roleBindingResource: ResourceDefinition = define({
  ...bindingWords,
  kind: 'RoleBinding',
  schema: roleBindingSchema,
  validate: (binding, old) => checkBinding(binding, old, ['Role', 'ClusterRole']),
});

export const clusterRoleBindingResource: ResourceDefinition = define({
  ...bindingWords,
  kind: 'ClusterRoleBinding',
  namespaced: false,
  schema: clusterRoleBindingSchema,
  validate: (binding, old) => checkBinding(binding, old, ['ClusterRole']),
});

function checkRules(role: KubeObject): readonly FieldError[] {
  return itemsAt(role, 'rules').flatMap((rule, index) => checkRule(`rules[${index}]`, rule));
}

function checkRule(path: string, rule: Fields): readonly FieldError[] {
  if (listAt(rule, 'verbs').length === 0) return [required(`${path}.verbs`, 'verbs must contain at least one value')];
  if (listAt(rule, 'nonResourceURLs').length > 0) return [];
  return [
    ...(listAt(rule, 'apiGroups').length === 0
      ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')]
      : []),
    ...(listAt(rule, 'resources').length === 0
      ? [required(`${path}.resources`, 'resource rules must supply at least one resource')]
      : []),
  ];
}

function defaultedBinding(binding: KubeObject): KubeObject {
  const parts = changedItems({ subjects: binding.subjects, roleRef: binding.roleRef ?? {} }, 'subjects', (subject) =>
    subject.kind === 'ServiceAccount' ? subject : filled(subject, { apiGroup: RBAC }),
  );
  const complete = changed<Fields>(parts, 'roleRef', (ref) => filled(ref, { apiGroup: RBAC }));
  return {
    ...binding,
    ...(complete.subjects === undefined ? {} : { subjects: complete.subjects }),
    roleRef: complete.roleRef,
  };
}

function checkBinding(
  binding: KubeObject,
  old: KubeObject | undefined,
  kinds: readonly string[],
): readonly FieldError[] {
  const ref = fieldsAt(binding, 'roleRef');
  const kind = textAt(ref, 'kind') ?? '';
  const moved = old !== undefined && !deepEqual(old.roleRef, binding.roleRef);
  return [
    ...(kinds.includes(kind) ? [] : [unsupported('roleRef.kind', kind, kinds)]),
    ...((textAt(ref, 'name') ?? '') === '' ? [required('roleRef.name')] : []),
    ...itemsAt(binding, 'subjects').flatMap((subject, index) => checkSubject(`subjects[${index}]`, subject)),
    ...(moved
      ? [invalid('roleRef', { APIGroup: ref.apiGroup, Kind: ref.kind, Name: ref.name }, 'cannot change roleRef')]
      : []),
  ];
}

function checkSubject(path: string, subject: Fields): readonly FieldError[] {
  const kinds = ['ServiceAccount', 'User', 'Group'];
  return [
    ...((textAt(subject, 'name') ?? '') === '' ? [required(`${path}.name`)] : []),
    ...(kinds.includes(textAt(subject, 'kind') ?? '') ? [] : [unsupported(`${path}.kind`, subject.kind ?? '', kinds)]),
  ];
}

function subjectsText(binding: KubeObject, kind: string): string {
  const names = itemsAt(binding, 'subjects')
    .filter((subject) => subject.kind === kind)
    .map((subject) =>
      kind === 'ServiceAccount'
        ? `${textAt(subject, 'namespace') ?? ''}/${textAt(subject, 'name') ?? ''}`
        : (textAt(subject, 'name') ?? ''),
    );
  return names.join(', ');
}
