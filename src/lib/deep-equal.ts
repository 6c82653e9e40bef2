import { ownField } from './own-field.ts';

/** Equality of JSON values: order of keys does not matter, and a key that is undefined counts as absent. */
export function deepEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => deepEqual(item, right[index]));
  }
  return sameFields(left as Record<string, unknown>, right as Record<string, unknown>);
}

function sameFields(left: Record<string, unknown>, right: Record<string, unknown>): boolean {
  for (const key of Object.keys(left)) {
    if (!deepEqual(left[key], ownField(right, key))) return false;
  }
  for (const key of Object.keys(right)) {
    if (right[key] !== undefined && ownField(left, key) === undefined) return false;
  }
  return true;
}
