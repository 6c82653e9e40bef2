import type { KubeObject } from '../../api/kube-object.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column, countColumn } from './columns.ts';
import { define } from './define.ts';
import { checkCountOrPercent } from './deployments.ts';
import { invalid } from './field-errors.ts';
import { fieldsAt, filled, numberAt } from './fields.ts';
import { podDisruptionBudgetSchema } from './schemas/policy.ts';
import { checkSelector } from './selectors.ts';

export const disruptionBudgetResource: ResourceDefinition = define({
  group: 'policy',
  kind: 'PodDisruptionBudget',
  shortNames: ['pdb'],
  subresources: [{ name: 'status' }],
  schema: podDisruptionBudgetSchema,
  countsGenerations: true,
  columns: [
    column('Min Available', (budget) => countText(fieldsAt(budget, 'spec').minAvailable)),
    column('Max Unavailable', (budget) => countText(fieldsAt(budget, 'spec').maxUnavailable)),
    countColumn('Allowed Disruptions', (budget) => numberAt(budget, 'status', 'disruptionsAllowed') ?? 0),
    ageColumn,
  ],
  defaults: (budget) => ({
    ...budget,
    spec: fieldsAt(budget, 'spec'),
    status: filled(fieldsAt(budget, 'status'), {
      disruptionsAllowed: 0,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
    }),
  }),
  validate: checkBudget,
});

function countText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : 'N/A';
}

function checkBudget(budget: KubeObject): readonly FieldError[] {
  const spec = fieldsAt(budget, 'spec');
  const both = spec.minAvailable !== undefined && spec.maxUnavailable !== undefined;
  const compared = {
    MinAvailable: spec.minAvailable,
    Selector: spec.selector ?? null,
    MaxUnavailable: spec.maxUnavailable,
    UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
  };
  return [
    ...(both ? [invalid('spec', compared, 'minAvailable and maxUnavailable cannot be both set')] : []),
    ...checkCountOrPercent('spec.minAvailable', spec.minAvailable),
    ...checkCountOrPercent('spec.maxUnavailable', spec.maxUnavailable),
    ...checkSelector('spec.selector', spec.selector),
  ];
}
