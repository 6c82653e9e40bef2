import { isPlainObject } from '../../lib/merge-patch.ts';

/**
 * The first field that the repository declares and the live object does not show, as a path; undefined when the live object covers the
 * declaration. Fields that only the live object has are other people's. Quantities count by value, since the API server rewrites them.
 */
export function differs(desired: unknown, live: unknown, path = ''): string | undefined {
  if (isPlainObject(desired)) return differsInFields(desired, live, path);
  if (Array.isArray(desired)) return differsInItems(desired, live, path);
  if (desired === undefined || desired === null) return undefined;
  if (Object.is(desired, live) || sameQuantity(desired, live)) return undefined;
  return isEmpty(desired) && live === undefined ? undefined : path;
}

function differsInFields(desired: Record<string, unknown>, live: unknown, path: string): string | undefined {
  if (!isPlainObject(live)) return Object.values(desired).every(isEmpty) && live === undefined ? undefined : path;
  for (const [key, value] of Object.entries(desired)) {
    const found = differs(value, live[key], path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A list must have the same items in the same order: of lists merged by key, foreign items only make a needless apply, once. */
function differsInItems(desired: readonly unknown[], live: unknown, path: string): string | undefined {
  if (!Array.isArray(live)) return desired.length === 0 && live === undefined ? undefined : path;
  if (live.length < desired.length) return path;
  const named = desired.every((item) => isPlainObject(item) && typeof item['name'] === 'string');
  if (!named && live.length !== desired.length) return path;
  for (const [index, item] of desired.entries()) {
    const name = isPlainObject(item) ? item['name'] : undefined;
    const counterpart: unknown = named
      ? live.find((other: unknown) => isPlainObject(other) && other['name'] === name)
      : live[index];
    const found = differs(item, counterpart, `${path}[${index}]`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the API server leaves out when it stores an object. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isPlainObject(value) && Object.values(value).every(isEmpty);
}

function sameQuantity(left: unknown, right: unknown): boolean {
  if (!isScalar(left) || !isScalar(right)) return false;
  const leftAmount = quantity(String(left));
  return leftAmount !== undefined && leftAmount === quantity(String(right));
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

const SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['', 1],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['Ki', 2 ** 10],
  ['Mi', 2 ** 20],
  ['Gi', 2 ** 30],
  ['Ti', 2 ** 40],
  ['Pi', 2 ** 50],
]);

function quantity(text: string): number | undefined {
  const match = /^([+-]?\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|[numkMGTP]?)$/.exec(text);
  if (match === null) return undefined;
  return Number((Number(match[1]) * (SUFFIXES.get(match[2] ?? '') ?? Number.NaN)).toPrecision(12));
}

/** Fields of the declaration that the API server did not keep: it does not know them. */
export function droppedFields(desired: unknown, stored: unknown, path = ''): readonly string[] {
  if (isPlainObject(desired)) {
    return Object.entries(desired).flatMap(([key, value]) => {
      const here = path === '' ? key : `${path}.${key}`;
      if (isPlainObject(stored) && !(key in stored)) return isEmpty(value) ? [] : [here];
      return isPlainObject(stored) ? droppedFields(value, stored[key], here) : [];
    });
  }
  if (Array.isArray(desired) && Array.isArray(stored) && desired.length === stored.length) {
    return desired.flatMap((item, index) => droppedFields(item, stored[index], `${path}[${index}]`));
  }
  return [];
}

/** The live values of the fields that the declaration names, in the declaration's order: what the API server made of it. */
export function project(desired: unknown, live: unknown): unknown {
  if (isPlainObject(desired) && isPlainObject(live)) {
    return Object.fromEntries(Object.keys(desired).map((key) => [key, project(desired[key], live[key])]));
  }
  if (Array.isArray(desired) && Array.isArray(live)) {
    return live.map((item: unknown, index) => (index < desired.length ? project(desired[index], item) : item));
  }
  return live ?? null;
}
