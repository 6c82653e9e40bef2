import { deepEqual } from '../../lib/deep-equal.ts';
import { isObject, setField } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';
import { PatchFailed } from './json-patch.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList/';
const ELEMENT_ORDER = '$setElementOrder/';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Applies a strategic merge patch to an object of a built-in kind; neither argument is changed. Lists whose schema says
 * `x-kubernetes-patch-strategy: merge` are merged by their merge key (or as sets), other lists are replaced. Throws PatchFailed.
 * Source: the behaviour of apimachinery's `strategicpatch`.
 */
export function applyStrategicMergePatch(
  document: Fields,
  patch: Fields,
  schema: OpenApiSchema,
): Record<string, unknown> {
  return mergeMap(document, patch, schema);
}

function mergeMap(original: Fields, patch: Fields, schema: OpenApiSchema | undefined): Record<string, unknown> {
  const directive = patch[DIRECTIVE];
  if (directive !== undefined) return replacedMap(directive, patch);
  const merged = retained(original, patch);
  const done = new Set<string>([RETAIN_KEYS]);
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(ELEMENT_ORDER)) continue;
    const field = key.slice(ELEMENT_ORDER.length);
    done.add(key);
    done.add(field);
    mergeOrdered({ merged, field, items: patch[field], order, schema: childSchema(schema, field) });
  }
  for (const [key, value] of Object.entries(patch)) {
    if (done.has(key)) continue;
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(merged, key.slice(DELETE_FROM_LIST.length), value);
    else mergeField(merged, key, value, childSchema(schema, key));
  }
  return merged;
}

function replacedMap(directive: unknown, patch: Fields): Record<string, unknown> {
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw new PatchFailed(`unknown patch type found: ${JSON.stringify(directive)}`);
  const { [DIRECTIVE]: _directive, ...rest } = patch;
  return rest;
}

/** `$retainKeys` names every field that may stay; the patch may not set others. */
function retained(original: Fields, patch: Fields): Record<string, unknown> {
  const retainKeys = patch[RETAIN_KEYS];
  if (retainKeys === undefined) return { ...original };
  if (!Array.isArray(retainKeys)) throw new PatchFailed('$retainKeys must be a list of keys');
  const keys: ReadonlySet<unknown> = new Set(retainKeys);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key === RETAIN_KEYS || key.startsWith(ELEMENT_ORDER) || key.startsWith(DELETE_FROM_LIST))
      continue;
    if (!keys.has(key)) throw new PatchFailed(`patch sets ${key}, which $retainKeys does not name`);
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.has(key)));
}

function mergeField(
  merged: Record<string, unknown>,
  key: string,
  value: unknown,
  schema: OpenApiSchema | undefined,
): void {
  if (value === null) {
    delete merged[key];
    return;
  }
  const present = Object.hasOwn(merged, key) ? merged[key] : undefined;
  const strategy = strategyOf(schema);
  if (isObject(value) && isObject(present)) {
    setField(merged, key, strategy === 'replace' ? value : mergeMap(present, value, schema));
  } else if (Array.isArray(value) && Array.isArray(present)) {
    setField(merged, key, strategy === 'merge' ? mergeList(present, value, schema) : value);
  } else {
    const plain = withoutDirectives(value);
    if (plain === undefined) delete merged[key];
    else setField(merged, key, plain);
  }
}

function mergeOrdered(input: {
  readonly merged: Record<string, unknown>;
  readonly field: string;
  readonly items: unknown;
  readonly order: unknown;
  readonly schema: OpenApiSchema | undefined;
}): void {
  const { merged, field, items, order, schema } = input;
  const present = merged[field];
  if (!Array.isArray(order)) throw new PatchFailed(`$setElementOrder/${field} must be a list`);
  if (items !== undefined && !Array.isArray(items)) throw new PatchFailed(`${field} must be a list`);
  if (present !== undefined && !Array.isArray(present)) throw new PatchFailed(`${field} is not a list`);
  if (present === undefined && items === undefined) return;
  const list =
    present === undefined
      ? withoutDirectives(items)
      : items === undefined
        ? present
        : strategyOf(schema) === 'merge'
          ? mergeList(present, items, schema)
          : items;
  setField(merged, field, ordered(Array.isArray(list) ? list : [], order, present ?? [], mergeKeyOf(schema)));
}

function deleteFromList(merged: Record<string, unknown>, field: string, values: unknown): void {
  const present = merged[field];
  if (!Array.isArray(present) || !Array.isArray(values)) return;
  merged[field] = present.filter((item) => !values.some((value) => deepEqual(value, item)));
}

function mergeList(
  original: readonly unknown[],
  patch: readonly unknown[],
  schema: OpenApiSchema | undefined,
): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const key = mergeKeyOf(schema);
  if (![...original, ...patch].some(isObject))
    return ordered(withoutRepeats([...original, ...patch]), patch, original, undefined);
  if (key === undefined) throw new PatchFailed('cannot merge lists of objects without a merge key');
  const { kept, items } = withoutSpecialItems(original, patch, key);
  const merged = [...kept];
  for (const item of items) {
    if (item[key] === undefined)
      throw new PatchFailed(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    const index = merged.findIndex((each) => isSameItem(each, item, key));
    if (index < 0) merged.push(withoutDirectives(item));
    else merged[index] = mergeMap(objectOf(merged[index]), item, schema?.items);
  }
  return ordered(merged, items, kept, key);
}

/** `$patch: delete` items take their counterparts away; a `$patch: replace` item makes the patch the whole list. */
function withoutSpecialItems(
  original: readonly unknown[],
  patch: readonly unknown[],
  key: string,
): { kept: readonly unknown[]; items: readonly Fields[] } {
  const items: Fields[] = [];
  let kept = original;
  let replaces = false;
  for (const item of patch.map(objectOf)) {
    const directive = item[DIRECTIVE];
    if (directive === undefined) items.push(item);
    else if (directive === 'replace') replaces = true;
    else if (directive === 'delete') {
      if (item[key] === undefined)
        throw new PatchFailed(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
      kept = kept.filter((each) => !isSameItem(each, item, key));
    } else throw new PatchFailed(`unknown patch type found: ${JSON.stringify(directive)}`);
  }
  return replaces ? { kept: items, items: [] } : { kept, items };
}

/**
 * Items in their final order: those that the order names stand in that order, the others in their live order, each before the first
 * named item that came later in the live list.
 */
function ordered(
  items: readonly unknown[],
  order: readonly unknown[],
  live: readonly unknown[],
  key: string | undefined,
): readonly unknown[] {
  const positionIn = (list: readonly unknown[], item: unknown): number =>
    list.findIndex((each) => isSameItem(each, item, key));
  const byPosition = (list: readonly unknown[]) => (left: unknown, right: unknown) =>
    positionIn(list, left) - positionIn(list, right);
  const named = items.filter((item) => positionIn(order, item) >= 0).sort(byPosition(order));
  const others = items.filter((item) => positionIn(order, item) < 0).sort(byPosition(live));
  const result: unknown[] = [];
  let next = 0;
  for (const item of named) {
    const position = positionIn(live, item);
    while (next < others.length && position >= 0 && isBefore(positionIn(live, others[next]), position))
      result.push(others[next++]);
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

function isBefore(position: number, other: number): boolean {
  return position >= 0 && position < other;
}

function isSameItem(left: unknown, right: unknown, key: string | undefined): boolean {
  if (key === undefined) return deepEqual(left, right);
  return isObject(left) && isObject(right) && left[key] !== undefined && textOf(left[key]) === textOf(right[key]);
}

/** Keys are compared as text: the number 80 and the string "80" name the same port. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function withoutRepeats(items: readonly unknown[]): readonly unknown[] {
  return items.filter((item, index) => items.findIndex((each) => deepEqual(each, item)) === index);
}

/** What a patch leaves where nothing was: directives and nulls say nothing there. Undefined when nothing is left to set. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (value[DIRECTIVE] === 'delete') return undefined;
  const plain: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    if (
      key === DIRECTIVE ||
      key === RETAIN_KEYS ||
      key.startsWith(ELEMENT_ORDER) ||
      key.startsWith(DELETE_FROM_LIST) ||
      field === null
    )
      continue;
    const kept = withoutDirectives(field);
    if (kept !== undefined) setField(plain, key, kept);
  }
  return plain;
}

function objectOf(value: unknown): Fields {
  if (!isObject(value))
    throw new PatchFailed(`expected an object in a list that is merged by key, got ${JSON.stringify(value)}`);
  return value;
}

function childSchema(schema: OpenApiSchema | undefined, key: string): OpenApiSchema | undefined {
  const property =
    schema?.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  if (property !== undefined) return property;
  return isObject(schema?.additionalProperties) ? schema.additionalProperties : undefined;
}

function mergeKeyOf(schema: OpenApiSchema | undefined): string | undefined {
  return schema?.['x-kubernetes-patch-merge-key'];
}

/** Maps merge and lists are replaced unless the schema says otherwise; `retainKeys` is about keys, not about the strategy. */
function strategyOf(schema: OpenApiSchema | undefined): 'merge' | 'replace' | undefined {
  const strategies = (schema?.['x-kubernetes-patch-strategy'] ?? '').split(',');
  return strategies.includes('replace') ? 'replace' : strategies.includes('merge') ? 'merge' : undefined;
}
