import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { atLeast, forbidden, immutable, invalid, unsupported } from './field-errors.ts';
import { changed, fieldsAt, filled, numberAt, textAt, withConditionTimes, type Fields } from './fields.ts';
import { defaultedTemplate } from './pod-defaults.ts';
import { checkRunningTemplate } from './replica-sets.ts';
import { deploymentSchema } from './schemas/apps.ts';
import { checkWorkloadSelector } from './selectors.ts';
import { templateColumns } from './workload-columns.ts';

export const deploymentResource: ResourceDefinition = define({
  group: 'apps',
  kind: 'Deployment',
  shortNames: ['deploy'],
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
  schema: deploymentSchema,
  countsGenerations: 'with annotations',
  columns: [
    column(
      'Ready',
      (deployment) =>
        `${numberAt(deployment, 'status', 'readyReplicas') ?? 0}/${numberAt(deployment, 'spec', 'replicas') ?? 0}`,
    ),
    column('Up-to-date', (deployment) => numberAt(deployment, 'status', 'updatedReplicas') ?? 0),
    column('Available', (deployment) => numberAt(deployment, 'status', 'availableReplicas') ?? 0),
    ageColumn,
    ...templateColumns,
  ],
  defaults: defaultedDeployment,
  validate: checkDeployment,
});

function defaultedDeployment(deployment: KubeObject): KubeObject {
  const spec = filled(fieldsAt(deployment, 'spec'), {
    replicas: 1,
    template: {},
    strategy: {},
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  const withTemplate = changed<Fields>(spec, 'template', defaultedTemplate);
  return {
    ...deployment,
    spec: changed<Fields>(withTemplate, 'strategy', defaultedStrategy),
    status: withConditionTimes(fieldsAt(deployment, 'status'), 'lastUpdateTime', 'lastTransitionTime'),
  };
}

function defaultedStrategy(strategy: Fields): Fields {
  const typed = filled(strategy, { type: 'RollingUpdate' });
  if (typed.type !== 'RollingUpdate') return typed;
  return {
    ...typed,
    rollingUpdate: filled(fieldsAt(typed, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' }),
  };
}

function checkDeployment(deployment: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = fieldsAt(deployment, 'spec');
  const selectorChanged = old !== undefined && !deepEqual(fieldsAt(old, 'spec').selector, spec.selector);
  const minReady = numberAt(spec, 'minReadySeconds') ?? 0;
  const deadline = numberAt(spec, 'progressDeadlineSeconds');
  return [
    ...atLeast('spec.replicas', spec.replicas, 0),
    ...checkWorkloadSelector(spec),
    ...checkRunningTemplate(spec),
    ...checkStrategy(fieldsAt(spec, 'strategy')),
    ...atLeast('spec.minReadySeconds', spec.minReadySeconds, 0),
    ...atLeast('spec.revisionHistoryLimit', spec.revisionHistoryLimit, 0),
    ...(deadline !== undefined && deadline <= minReady
      ? [invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
      : []),
    ...(selectorChanged ? [immutable('spec.selector', spec.selector)] : []),
  ];
}

function checkStrategy(strategy: Fields): readonly FieldError[] {
  const type = textAt(strategy, 'type');
  const rolling = fieldsAt(strategy, 'rollingUpdate');
  if (type === 'Recreate') {
    const both = strategy.rollingUpdate !== undefined && strategy.rollingUpdate !== null;
    return both
      ? [forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")]
      : [];
  }
  if (type !== 'RollingUpdate') {
    return [
      unsupported('spec.strategy', { Type: type, RollingUpdate: strategy.rollingUpdate ?? null }, [
        'Recreate',
        'RollingUpdate',
      ]),
    ];
  }
  const path = 'spec.strategy.rollingUpdate';
  const none = isZero(rolling.maxSurge) && isZero(rolling.maxUnavailable);
  return [
    ...checkCountOrPercent(`${path}.maxUnavailable`, rolling.maxUnavailable),
    ...checkCountOrPercent(`${path}.maxSurge`, rolling.maxSurge),
    ...(none ? [invalid(`${path}.maxUnavailable`, rolling.maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...(percentOf(rolling.maxUnavailable) > 100
      ? [invalid(`${path}.maxUnavailable`, rolling.maxUnavailable, 'must not be greater than 100%')]
      : []),
  ];
}

/** A count of pods or a percentage, as maxSurge and minAvailable take it. */
export function checkCountOrPercent(path: string, value: unknown): readonly FieldError[] {
  if (typeof value !== 'string') return atLeast(path, value, 0);
  if (/^[0-9]+%$/.test(value)) return [];
  const detail =
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
  return [invalid(path, value, detail)];
}

function isZero(value: unknown): boolean {
  return value === 0 || (typeof value === 'string' && /^0+%$/.test(value));
}

function percentOf(value: unknown): number {
  return typeof value === 'string' && value.endsWith('%') ? Number(value.slice(0, -1)) : 0;
}
