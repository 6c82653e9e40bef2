import { deepEqual } from './deep-equal.ts';
import { ownField, setOwnField } from './own-field.ts';

/** A JSON merge patch (RFC 7386) that turns `from` into `to`, or undefined when they are equal already. */
export function mergePatchBetween(from: unknown, to: unknown): unknown {
  if (!isPlainObject(from) || !isPlainObject(to)) return deepEqual(from, to) ? undefined : (to ?? null);
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [ownField(from, key), ownField(to, key)];
    if (after === undefined) {
      if (before !== undefined) setOwnField(patch, key, null);
      continue;
    }
    const difference = mergePatchBetween(before, after);
    if (difference !== undefined) setOwnField(patch, key, difference);
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Applies a JSON merge patch (RFC 7386); neither argument is changed. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return patch;
  const result: Record<string, unknown> = isPlainObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else setOwnField(result, key, applyMergePatch(ownField(result, key), value));
  }
  return result;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
