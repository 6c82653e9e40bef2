import { structuralSchema, type StructuralSchema } from '../../api/crd/structural-schema.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import { rolloutStatusSchema } from '../../api/schema/rollout-status.ts';
import { applyMergePatch, isPlainObject } from '../../lib/merge-patch.ts';

const STATUS = structuralSchema(rolloutStatusSchema);

/**
 * The next status with what this version does not know left as it is: another version, or another controller, has written
 * it, and may be the next one to need it. `before` is what is recorded.
 */
export function withUnknown(next: RolloutStatus, before: RolloutStatus | undefined): RolloutStatus {
  const unknown = before === undefined ? undefined : unknownIn(before, STATUS);
  return unknown === undefined ? next : (applyMergePatch(next, unknown) as RolloutStatus);
}

/** Lists are taken as a whole: what stands in them is written as a whole, too. */
function unknownIn(value: object, { properties }: StructuralSchema): object | undefined {
  if (properties === undefined) return undefined;
  const found = Object.entries(value).flatMap(([name, field]: [string, unknown]) => {
    const known = properties[name];
    if (known === undefined) return [[name, field] as const];
    const below = isPlainObject(field) ? unknownIn(field, known) : undefined;
    return below === undefined ? [] : [[name, below] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
