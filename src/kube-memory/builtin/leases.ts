import type { ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { atLeast, invalid } from './field-errors.ts';
import { fieldsAt, numberAt, textAt } from './fields.ts';
import { leaseSchema } from './schemas/coordination.ts';

export const leaseResource: ResourceDefinition = define({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  schema: leaseSchema,
  columns: [column('Holder', (lease) => textAt(lease, 'spec', 'holderIdentity') ?? ''), ageColumn],
  defaults: (lease) => ({ ...lease, spec: fieldsAt(lease, 'spec') }),
  validate: (lease) => [
    ...((numberAt(lease, 'spec', 'leaseDurationSeconds') ?? 1) <= 0
      ? [invalid('spec.leaseDurationSeconds', fieldsAt(lease, 'spec').leaseDurationSeconds, 'must be greater than 0')]
      : []),
    ...atLeast('spec.leaseTransitions', fieldsAt(lease, 'spec').leaseTransitions, 0),
  ],
});
