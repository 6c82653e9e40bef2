/** JSON as it comes from the wire; objects are read as records and never changed in place. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for JSON objects: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a JSON object; an empty one when it is anything else. */
export function objectAt(value: unknown, ...path: readonly string[]): JsonObject {
  const found = valueAt(value, path);
  return isObject(found) ? found : {};
}

/** The value at a path of field names, or undefined. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const step of path) {
    if (!isObject(current)) return undefined;
    current = Object.hasOwn(current, step) ? current[step] : undefined;
  }
  return current;
}

/** The string at a path, or undefined when there is none. */
export function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : undefined;
}

/** The number at a path, or undefined when there is none. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, path);
  return typeof found === 'number' ? found : undefined;
}

/** The list at a path; empty when there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found : [];
}

/** A copy with `value` at `path`; missing objects on the way are made, and undefined takes the field away. */
export function withValueAt(target: unknown, path: readonly string[], value: unknown): Record<string, unknown> {
  const [step, ...rest] = path;
  const copy: Record<string, unknown> = isObject(target) ? { ...target } : {};
  if (step === undefined) return isObject(value) ? value : copy;
  const next = rest.length === 0 ? value : withValueAt(copy[step], rest, value);
  if (next === undefined) delete copy[step];
  else setField(copy, step, next);
  return copy;
}

/** Sets a field by definition, so that a key named `__proto__` is data like any other. */
export function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** Freezes a JSON value with everything in it; parts that are frozen already are taken as finished. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
