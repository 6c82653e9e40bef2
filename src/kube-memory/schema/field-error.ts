import type { FieldError } from '../resource.ts';

/** The path that an API server prints for errors which belong to no field. */
export const NO_PATH = '<nil>';

/** `Invalid value: "x": detail`, as apimachinery's field errors print it. */
export function invalidValue(path: string, value: unknown, detail: string): FieldError {
  return { path, reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}: ${detail}` };
}

export function typeInvalid(path: string, value: unknown, detail: string): FieldError {
  return { path, reason: 'FieldValueTypeInvalid', message: `Invalid value: ${shown(value)}: ${detail}` };
}

export function requiredValue(path: string, detail = ''): FieldError {
  return { path, reason: 'FieldValueRequired', message: withDetail('Required value', detail) };
}

export function forbiddenValue(path: string, detail: string): FieldError {
  return { path, reason: 'FieldValueForbidden', message: withDetail('Forbidden', detail) };
}

export function duplicateValue(path: string, value: unknown): FieldError {
  return { path, reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown(value)}` };
}

export function notSupported(path: string, value: unknown, supported: readonly unknown[]): FieldError {
  const values = supported.map((each) => JSON.stringify(typeof each === 'string' ? each : JSON.stringify(each)));
  const message = `Unsupported value: ${shown(value)}: supported values: ${values.join(', ')}`;
  return { path, reason: 'FieldValueNotSupported', message };
}

export function tooLong(path: string, bytesMax: number): FieldError {
  return { path, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${bytesMax} bytes` };
}

export function tooMany(path: string, count: number, countMax: number): FieldError {
  return { path, reason: 'FieldValueTooMany', message: `Too many: ${count}: must have at most ${countMax} items` };
}

function withDetail(what: string, detail: string): string {
  return detail === '' ? what : `${what}: ${detail}`;
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}
