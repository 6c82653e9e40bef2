import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, countColumn } from './columns.ts';
import { define } from './define.ts';
import { atLeast, immutable, unsupported } from './field-errors.ts';
import { changed, fieldsAt, filled, numberAt, textAt, withConditionTimes, type Fields } from './fields.ts';
import { defaultedTemplate } from './pod-defaults.ts';
import { checkTemplate } from './pod-validation.ts';
import { replicaSetSchema } from './schemas/apps.ts';
import { checkWorkloadSelector } from './selectors.ts';
import { templateColumns } from './workload-columns.ts';

export const replicaSetResource: ResourceDefinition = define({
  group: 'apps',
  kind: 'ReplicaSet',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: [
    { name: 'status' },
    {
      name: 'scale',
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.spec.selector',
    },
  ],
  schema: replicaSetSchema,
  countsGenerations: true,
  columns: [
    countColumn('Desired', (set) => numberAt(set, 'spec', 'replicas') ?? 0),
    countColumn('Current', (set) => numberAt(set, 'status', 'replicas') ?? 0),
    countColumn('Ready', (set) => numberAt(set, 'status', 'readyReplicas') ?? 0),
    ageColumn,
    ...templateColumns,
  ],
  defaults: defaultedReplicaSet,
  validate: checkReplicaSet,
});

function defaultedReplicaSet(set: KubeObject): KubeObject {
  const spec = changed<Fields>(
    filled(fieldsAt(set, 'spec'), { replicas: 1, template: {} }),
    'template',
    defaultedTemplate,
  );
  return {
    ...set,
    spec,
    status: filled(withConditionTimes(fieldsAt(set, 'status'), 'lastTransitionTime'), { replicas: 0 }),
  };
}

function checkReplicaSet(set: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = fieldsAt(set, 'spec');
  const selectorChanged = old !== undefined && !deepEqual(fieldsAt(old, 'spec').selector, spec.selector);
  return [
    ...atLeast('spec.replicas', spec.replicas, 0),
    ...atLeast('spec.minReadySeconds', spec.minReadySeconds, 0),
    ...checkWorkloadSelector(spec),
    ...checkRunningTemplate(spec),
    ...(selectorChanged ? [immutable('spec.selector', spec.selector)] : []),
  ];
}

/** The template of pods that always run again: nothing but restartPolicy Always makes sense. */
export function checkRunningTemplate(spec: Fields): readonly FieldError[] {
  const policy = textAt(spec, 'template', 'spec', 'restartPolicy');
  return [
    ...checkTemplate('spec.template', fieldsAt(spec, 'template')),
    ...(policy === 'Always' || policy === undefined
      ? []
      : [unsupported('spec.template.spec.restartPolicy', policy, ['Always'])]),
  ];
}
