import type { z } from 'zod';

import { invalid, required, type Problem } from './problem.ts';

/**
 * Where a value does not have the shape of a schema, for objects that no API server has looked at (a file given to a
 * command). Unknown fields are no problem, as they are none for an API server.
 */
export function validateShape(schema: z.ZodType, value: unknown, path: string): readonly Problem[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  return result.error.issues.map((issue) => {
    const found = issue.path.reduce<unknown>(fieldOf, value);
    const place = pathOf(path, issue.path);
    return found === undefined ? required(place) : invalid(place, found, issue.message.replace('Invalid input: ', ''));
  });
}

function fieldOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function pathOf(root: string, keys: readonly PropertyKey[]): string {
  return keys.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${key}]` : `${path}.${String(key)}`),
    root,
  );
}
