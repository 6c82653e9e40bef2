import type { FieldError } from '../resource.ts';

/** Errors of semantic validation; `message` is what a real server writes after `path: `. */
export function invalid(path: string, value: unknown, detail: string): FieldError {
  return { path, reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}: ${detail}` };
}

export function required(path: string, detail = ''): FieldError {
  return {
    path,
    reason: 'FieldValueRequired',
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  };
}

export function unsupported(path: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((entry) => JSON.stringify(entry)).join(', ');
  return {
    path,
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${shown(value)}: supported values: ${list}`,
  };
}

export function forbidden(path: string, detail: string): FieldError {
  return { path, reason: 'FieldValueForbidden', message: `Forbidden: ${detail}` };
}

export function duplicate(path: string, value: unknown): FieldError {
  return { path, reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown(value)}` };
}

export function notFound(path: string, value: unknown): FieldError {
  return { path, reason: 'FieldValueNotFound', message: `Not found: ${shown(value)}` };
}

export function tooLong(path: string, maxLength: number): FieldError {
  return { path, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxLength} bytes` };
}

/** Whether a whole number is at least `least`; absent values pass. */
export function atLeast(path: string, value: unknown, least: number): readonly FieldError[] {
  if (typeof value !== 'number' || value >= least) return [];
  return [invalid(path, value, `must be greater than or equal to ${least}`)];
}

export function portInRange(path: string, value: unknown): readonly FieldError[] {
  if (typeof value === 'number' && value >= 1 && value <= 65_535) return [];
  return [invalid(path, value ?? 0, 'must be between 1 and 65535, inclusive')];
}

/** A field that keeps the value it got when the object was created. */
export function immutable(path: string, value: unknown): FieldError {
  return invalid(path, value, 'field is immutable');
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}
