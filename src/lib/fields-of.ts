import { isPlainObject } from './merge-patch.ts';

/** The fields of JSON that somebody else has written; none where it is no object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return isPlainObject(value) ? value : {};
}
