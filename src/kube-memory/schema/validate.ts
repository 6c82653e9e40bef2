import { deepEqual } from '../../lib/deep-equal.ts';
import { isObject } from '../json-value.ts';
import type { FieldError, OpenApiSchema } from '../resource.ts';
import { correlatedItem } from './correlate.ts';
import {
  NO_PATH,
  duplicateValue,
  invalidValue,
  notSupported,
  requiredValue,
  tooLong,
  tooMany,
  typeInvalid,
} from './field-error.ts';
import { isOfFormat } from './format.ts';

/**
 * The errors of a value against a structural schema, in an API server's words. A part that is equal to its counterpart in `old`
 * is not looked at again (ratcheting): what is stored already never blocks another change.
 */
export function validate(value: unknown, schema: OpenApiSchema, old: unknown): readonly FieldError[] {
  const errors: FieldError[] = [];
  check({ value, schema, old, path: '' }, errors);
  // Lists are looked through for duplicates after everything else.
  const isDuplicate = ({ reason }: FieldError): boolean => reason === 'FieldValueDuplicate';
  return [...errors.filter((error) => !isDuplicate(error)), ...errors.filter(isDuplicate)];
}

interface Node {
  readonly value: unknown;
  readonly schema: OpenApiSchema;
  readonly old: unknown;
  readonly path: string;
}

function check(node: Node, errors: FieldError[]): void {
  const { value, schema, old, path } = node;
  if (old !== undefined && (old === value || deepEqual(old, value))) return;
  if (!checkType(value, schema, path, errors)) {
    if (value !== null) checkCombinations(node, errors);
    return;
  }
  if (schema.enum !== undefined && !schema.enum.some((each) => deepEqual(each, value))) {
    errors.push(notSupported(path, value, schema.enum));
  }
  if (typeof value === 'string') checkString(value, schema, path, errors);
  else if (typeof value === 'number') checkNumber(value, schema, path, errors);
  else if (Array.isArray(value)) checkList(value, node, errors);
  else if (isObject(value)) checkObject(value, node, errors);
  checkCombinations(node, errors);
}

function checkType(value: unknown, schema: OpenApiSchema, path: string, errors: FieldError[]): boolean {
  const expected = schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : schema.type;
  if (expected === undefined) return true;
  if (value === null && schema.nullable === true) return false;
  const actual = typeName(value);
  if (expected.split(',').some((type) => type === actual || (type === 'number' && actual === 'integer'))) return true;
  errors.push(typeInvalid(path, actual, `${path} in body must be of type ${expected}: "${actual}"`));
  return false;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const patterns = new Map<string, RegExp>();

function checkString(value: string, schema: OpenApiSchema, path: string, errors: FieldError[]): void {
  const length = schema.maxLength === undefined && schema.minLength === undefined ? 0 : Array.from(value).length;
  if (schema.maxLength !== undefined && length > schema.maxLength) errors.push(tooLong(path, schema.maxLength));
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalidValue(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !compiledPattern(schema.pattern).test(value)) {
    errors.push(invalidValue(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format !== undefined && !isOfFormat(value, schema.format)) {
    errors.push(
      invalidValue(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`),
    );
  }
}

function compiledPattern(pattern: string): RegExp {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = new RegExp(pattern, 'u');
    patterns.set(pattern, compiled);
  }
  return compiled;
}

function checkNumber(value: number, schema: OpenApiSchema, path: string, errors: FieldError[]): void {
  const fail = (what: string): number => errors.push(invalidValue(path, value, `${path} in body should be ${what}`));
  const { minimum, maximum, multipleOf } = schema;
  if (maximum !== undefined) {
    if (schema.exclusiveMaximum === true && value >= maximum) fail(`less than ${maximum}`);
    else if (value > maximum) fail(`less than or equal to ${maximum}`);
  }
  if (minimum !== undefined) {
    if (schema.exclusiveMinimum === true && value <= minimum) fail(`greater than ${minimum}`);
    else if (value < minimum) fail(`greater than or equal to ${minimum}`);
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) fail(`a multiple of ${multipleOf}`);
}

function checkList(list: readonly unknown[], node: Node, errors: FieldError[]): void {
  const { schema, old, path } = node;
  if (schema.minItems !== undefined && list.length < schema.minItems) {
    errors.push(invalidValue(path, list.length, `${path} in body should have at least ${schema.minItems} items`));
  }
  if (schema.maxItems !== undefined && list.length > schema.maxItems)
    errors.push(tooMany(path, list.length, schema.maxItems));
  checkUniqueness(list, schema, path, errors);
  if (schema.items === undefined) return;
  for (let index = 0; index < list.length; index++) {
    const value = list[index];
    check({ value, schema: schema.items, old: correlatedItem(schema, value, old), path: `${path}[${index}]` }, errors);
  }
}

function checkUniqueness(list: readonly unknown[], schema: OpenApiSchema, path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== 'set' && listType !== 'map') return;
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const identity = listType === 'set' ? item : listKey(item, schema);
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push(duplicateValue(`${path}[${index}]`, identity));
    seen.add(text);
  });
}

/** The values of an item's map keys, with the schema's defaults for those that are absent. */
function listKey(item: unknown, schema: OpenApiSchema): Readonly<Record<string, unknown>> {
  const key: Record<string, unknown> = {};
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const value = isObject(item) ? item[name] : undefined;
    const filled = value ?? schema.items?.properties?.[name]?.default;
    if (filled !== undefined) key[name] = filled;
  }
  return key;
}

function checkObject(object: Readonly<Record<string, unknown>>, node: Node, errors: FieldError[]): void {
  const { schema, path } = node;
  const count =
    schema.minProperties === undefined && schema.maxProperties === undefined ? 0 : Object.keys(object).length;
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    errors.push(invalidValue(path, count, `${path} in body should have at least ${schema.minProperties} properties`));
  }
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    errors.push(tooMany(path, count, schema.maxProperties));
  for (const required of schema.required ?? []) {
    if (!Object.hasOwn(object, required)) errors.push(requiredValue(path === '' ? required : `${path}.${required}`));
  }
  const old = isObject(node.old) ? node.old : {};
  for (const [key, value] of Object.entries(object)) {
    const property = propertySchema(schema, key);
    if (property === undefined) continue;
    check({ value, schema: property, old: old[key], path: path === '' ? key : `${path}.${key}` }, errors);
  }
}

function propertySchema(schema: OpenApiSchema, key: string): OpenApiSchema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return isObject(schema.additionalProperties) ? schema.additionalProperties : undefined;
}

function checkCombinations(node: Node, errors: FieldError[]): void {
  const { schema, path } = node;
  const failures = (part: OpenApiSchema): readonly FieldError[] => {
    const found: FieldError[] = [];
    check({ ...node, schema: part, old: undefined }, found);
    return found;
  };
  for (const part of schema.allOf ?? []) errors.push(...failures(part));
  if (schema.anyOf !== undefined) {
    const results = schema.anyOf.map(failures);
    if (!results.some((result) => result.length === 0)) {
      errors.push(whole(`"${path}" must validate at least one schema (anyOf)`), ...(results[0] ?? []));
    }
  }
  if (schema.oneOf !== undefined) {
    const results = schema.oneOf.map(failures);
    const valid = results.filter((result) => result.length === 0).length;
    if (valid === 0)
      errors.push(
        whole(`"${path}" must validate one and only one schema (oneOf). Found none valid`),
        ...(results[0] ?? []),
      );
    if (valid > 1)
      errors.push(whole(`"${path}" must validate one and only one schema (oneOf). Found ${valid} valid alternatives`));
  }
  if (schema.not !== undefined && failures(schema.not).length === 0)
    errors.push(whole(`"${path}" must not validate the schema (not)`));
}

function whole(message: string): FieldError {
  return invalidValue(NO_PATH, '', message);
}
