import { isObject, setField } from '../json-value.ts';
import type { OpenApiSchema } from '../resource.ts';
import { fieldSchema, itemElement, shapeOf } from './typed.ts';

/**
 * The live value with an applied configuration laid over it: structs and maps field by field, associative lists item by item,
 * everything else replaced. Items keep the live order, except that the items of the configuration stand in its order.
 * Source: the behaviour of structured-merge-diff v6 (`typed/merge.go`).
 */
export function merge(live: unknown, config: unknown, schema: OpenApiSchema | undefined): unknown {
  if (config === undefined) return live;
  if (live === undefined || live === null) return config;
  const shape = shapeOf(config ?? live, schema);
  if (shape === 'leaf' || shapeOf(live, schema) !== shape)
    return config === null && isFilledMap(live, schema) ? live : config;
  if (isObject(live) && isObject(config)) return mergeMaps(live, config, schema);
  if (Array.isArray(live) && Array.isArray(config)) return mergeLists(live, config, schema);
  return config;
}

/** A null laid over a map that is merged by key says nothing about its keys. */
function isFilledMap(live: unknown, schema: OpenApiSchema | undefined): boolean {
  return shapeOf(live, schema) === 'map' && isObject(live) && Object.keys(live).length > 0;
}

function mergeMaps(
  live: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  schema: OpenApiSchema | undefined,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...live };
  for (const [key, value] of Object.entries(config))
    setField(merged, key, merge(live[key], value, fieldSchema(schema, key).schema));
  return merged;
}

function mergeLists(
  live: readonly unknown[],
  config: readonly unknown[],
  schema: OpenApiSchema | undefined,
): readonly unknown[] {
  const wanted = keyed(config, schema);
  const present = keyed(live, schema);
  const wantedElements = [...wanted.keys()];
  const presentElements = live.map((item) => itemElement(item, schema) ?? '');
  const sharedOrder = wantedElements.filter((element) => present.has(element));
  const done = new Set<string>();
  const out: unknown[] = [];
  const take = (element: string): void => {
    done.add(element);
    out.push(merge(present.get(element), wanted.get(element), schema?.items));
  };
  let liveIndex = 0;
  let wantedIndex = 0;
  let sharedIndex = 0;
  while (liveIndex < presentElements.length || wantedIndex < wantedElements.length) {
    const liveElement = presentElements[liveIndex];
    const wantedElement = wantedElements[wantedIndex];
    if (liveElement !== undefined && wantedElement !== undefined) {
      if (liveElement === wantedElement) {
        take(liveElement);
        liveIndex++;
        wantedIndex++;
        sharedIndex++;
        continue;
      }
      const next = sharedOrder[sharedIndex];
      if (wanted.has(liveElement) && next !== undefined && next !== liveElement) {
        // Shared, but its turn in the configuration's order comes later.
        liveIndex++;
        continue;
      }
    }
    if (liveElement !== undefined) {
      if (!wanted.has(liveElement)) {
        out.push(live[liveIndex]);
        liveIndex++;
        continue;
      }
      if (done.has(liveElement)) liveIndex++;
    }
    if (wantedElement !== undefined) {
      take(wantedElement);
      wantedIndex++;
      if (sharedOrder[sharedIndex] === wantedElement) sharedIndex++;
    }
  }
  return out;
}

function keyed(list: readonly unknown[], schema: OpenApiSchema | undefined): Map<string, unknown> {
  const items = new Map<string, unknown>();
  for (const item of list) items.set(itemElement(item, schema) ?? '', item);
  return items;
}
