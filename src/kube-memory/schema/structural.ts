import { isObject } from '../json-value.ts';
import type { FieldError, OpenApiSchema } from '../resource.ts';
import { forbiddenValue, invalidValue, notSupported, requiredValue } from './field-error.ts';
import { ruleProblem } from './cel.ts';
import { withTypeAndMeta } from './object-meta.ts';
import { validate } from './validate.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const FORBIDDEN_IN_VALUE_VALIDATION = [
  'type',
  'default',
  'nullable',
  'description',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
] as const;

/** What keeps a schema from being structural, or from being accepted in a CustomResourceDefinition at all. */
export function structuralErrors(schema: OpenApiSchema, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (schema.type !== 'object')
    errors.push(invalidValue(`${path}.type`, schema.type ?? '', 'must be object at the root'));
  checkNode(schema, path, errors, true);
  return errors;
}

function checkNode(schema: OpenApiSchema, path: string, errors: FieldError[], isRoot: boolean): void {
  checkType(schema, path, errors);
  checkExtensions(schema, path, errors);
  checkChildren(schema, path, errors);
  checkDefault(schema, path, errors, isRoot);
  schema['x-kubernetes-validations']?.forEach((rule, index) => {
    const problem = ruleProblem(rule, isRoot ? withTypeAndMeta(schema) : schema);
    if (problem !== undefined)
      errors.push(invalidValue(`${path}.x-kubernetes-validations[${index}].rule`, rule, problem));
  });
  for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
    schema[keyword]?.forEach((part, index) =>
      checkValueValidation(part, schema, `${path}.${keyword}[${index}]`, errors),
    );
  }
  if (schema.not !== undefined) checkValueValidation(schema.not, schema, `${path}.not`, errors);
}

function checkType(schema: OpenApiSchema, path: string, errors: FieldError[]): void {
  const isOpen =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema.type === undefined) {
    if (!isOpen) errors.push(requiredValue(`${path}.type`, 'must not be empty for specified object fields'));
  } else if (!TYPES.includes(schema.type)) errors.push(notSupported(`${path}.type`, schema.type, TYPES));
  if (schema['x-kubernetes-int-or-string'] === true && schema.type !== undefined) {
    errors.push(forbiddenValue(`${path}.type`, 'must be empty if x-kubernetes-int-or-string is true'));
  }
  if (schema['x-kubernetes-embedded-resource'] === true && schema.type !== 'object') {
    errors.push(
      invalidValue(`${path}.type`, schema.type ?? '', 'must be object if x-kubernetes-embedded-resource is true'),
    );
  }
  if (schema.type === 'array' && schema.items === undefined)
    errors.push(requiredValue(`${path}.items`, 'must be specified'));
  if (schema.uniqueItems === true) {
    errors.push(
      forbiddenValue(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  }
  if (isObject(schema.additionalProperties) && schema.properties !== undefined) {
    errors.push(
      forbiddenValue(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  }
  if (schema.additionalProperties === false) {
    errors.push(forbiddenValue(`${path}.additionalProperties`, 'additionalProperties cannot be set to false'));
  }
}

function checkExtensions(schema: OpenApiSchema, path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  if (listType !== undefined && schema.type !== 'array') {
    errors.push(
      invalidValue(`${path}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'),
    );
  }
  if (keys !== undefined && listType !== 'map') {
    errors.push(
      invalidValue(
        `${path}.x-kubernetes-list-type`,
        listType ?? null,
        'must be map if x-kubernetes-list-map-keys is non-empty',
      ),
    );
  }
  if (listType !== 'map') return;
  if (keys === undefined || keys.length === 0) {
    errors.push(
      requiredValue(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    );
    return;
  }
  keys.forEach((key, index) => {
    const property = schema.items?.properties?.[key];
    const keyPath = `${path}.x-kubernetes-list-map-keys[${index}]`;
    if (property === undefined) errors.push(invalidValue(keyPath, key, 'entries must all be names of item properties'));
    else if (property.default === undefined && schema.items?.required?.includes(key) !== true) {
      const why = 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';
      errors.push(requiredValue(`${path}.items.properties[${key}].default`, why));
    }
  });
}

function checkChildren(schema: OpenApiSchema, path: string, errors: FieldError[]): void {
  for (const [key, property] of Object.entries(schema.properties ?? {}))
    checkNode(property, `${path}.properties[${key}]`, errors, false);
  if (isObject(schema.additionalProperties))
    checkNode(schema.additionalProperties, `${path}.additionalProperties`, errors, false);
  if (Array.isArray(schema.items))
    errors.push(forbiddenValue(`${path}.items`, 'items must be a schema object and not an array'));
  else if (schema.items !== undefined) checkNode(schema.items, `${path}.items`, errors, false);
}

function checkDefault(schema: OpenApiSchema, path: string, errors: FieldError[], isRoot: boolean): void {
  if (schema.default === undefined) return;
  if (isRoot) errors.push(forbiddenValue(`${path}.default`, 'must not be set at the root'));
  const { default: value, ...rest } = schema;
  for (const error of validate(value, rest, undefined)) {
    errors.push({ ...error, path: error.path === '' ? `${path}.default` : `${path}.default.${error.path}` });
  }
}

/** Inside allOf, anyOf, oneOf and not a structural schema only checks values; fields must be specified outside as well. */
function checkValueValidation(schema: OpenApiSchema, outer: OpenApiSchema, path: string, errors: FieldError[]): void {
  const allowsTypes = outer['x-kubernetes-int-or-string'] === true;
  for (const field of FORBIDDEN_IN_VALUE_VALIDATION) {
    if (schema[field] !== undefined && !(field === 'type' && allowsTypes)) {
      errors.push(forbiddenValue(`${path}.${field}`, 'must be empty to be structural'));
    }
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const specified = outer.properties?.[key];
    if (specified === undefined) {
      const where = path.replace(/\.(allOf|anyOf|oneOf)\[\d+\].*$|\.not.*$/, '');
      errors.push(requiredValue(`${where}.properties[${key}]`, `because it is defined in ${path}.properties[${key}]`));
    } else checkValueValidation(property, specified, `${path}.properties[${key}]`, errors);
  }
  if (schema.items !== undefined && outer.items !== undefined)
    checkValueValidation(schema.items, outer.items, `${path}.items`, errors);
  for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
    schema[keyword]?.forEach((part, index) =>
      checkValueValidation(part, outer, `${path}.${keyword}[${index}]`, errors),
    );
  }
}
