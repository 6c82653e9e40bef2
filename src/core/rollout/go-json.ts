import { isPlainObject } from '../../lib/merge-patch.ts';

/**
 * How Go would print a struct as JSON: fields in the order of the struct, empty ones left out. Only for making the
 * same hash as the API's other controllers; never for writing objects.
 */
export interface GoStruct {
  readonly [field: string]: GoField;
}

/** `value` is a leaf that is left out when empty; a function gives the struct of the field (or of its elements). */
export type GoField = 'value' | 'always' | 'pointer' | { readonly of: () => GoStruct; readonly always?: true };

/** Text of a value as Go's encoder writes it; fields that the struct does not name follow in alphabetical order. */
export function goJson(value: unknown, struct: GoStruct): string {
  if (Array.isArray(value)) return `[${value.map((item) => goJson(item, struct)).join(',')}]`;
  if (!isPlainObject(value)) return goValue(value);
  const fields: string[] = [];
  for (const [name, field] of Object.entries(struct)) {
    const text = goFieldText(value[name], field);
    if (text !== undefined) fields.push(`${goString(name)}:${text}`);
  }
  for (const name of Object.keys(value).sort()) {
    if (name in struct || value[name] === undefined || value[name] === null) continue;
    fields.push(`${goString(name)}:${goValue(value[name])}`);
  }
  return `{${fields.join(',')}}`;
}

function goFieldText(value: unknown, field: GoField): string | undefined {
  if (typeof field === 'string') {
    if (field === 'always') return goValue(value ?? null);
    if (field === 'pointer') return value === undefined || value === null ? undefined : goValue(value);
    return isEmpty(value) ? undefined : goValue(value);
  }
  if (isEmpty(value) && !isPlainObject(value)) return field.always === true ? '{}' : undefined;
  return goJson(value, field.of());
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isPlainObject(value) && Object.keys(value).length === 0;
}

/** A value without a struct: maps in alphabetical order. */
function goValue(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return goString(value);
  if (Array.isArray(value)) return `[${value.map(goValue).join(',')}]`;
  if (!isPlainObject(value)) return JSON.stringify(value);
  const fields = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${goString(key)}:${goValue(value[key])}`);
  return `{${fields.join(',')}}`;
}

/** Go escapes the characters that would be unsafe within HTML. */
function goString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
