import { deepEqual } from '../../lib/deep-equal.ts';
import { isObject } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';

/**
 * The item of an old list that is the same item as `item`: by its keys in a list of type map, by value in a set.
 * Items of atomic lists have no counterpart, unless an equal one stood in the list.
 */
export function correlatedItem(schema: OpenApiSchema, item: unknown, old: unknown): unknown {
  if (!Array.isArray(old)) return undefined;
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] === 'map' && keys !== undefined) {
    return old.find(
      (other) => isObject(other) && isObject(item) && keys.every((key) => deepEqual(other[key], item[key])),
    );
  }
  if (schema['x-kubernetes-list-type'] === 'set') return old.find((other) => deepEqual(other, item));
  return undefined;
}
