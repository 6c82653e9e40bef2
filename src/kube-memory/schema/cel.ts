import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isObject } from '../json-value.ts';
import type { FieldError, OpenApiSchema, ValidationRule } from '../resource.ts';
import { compileRule, type CompiledRule } from './cel-environment.ts';
import { undefinedField } from './cel-fields.ts';
import { celValue } from './cel-value.ts';
import { correlatedItem } from './correlate.ts';
import { duplicateValue, forbiddenValue, invalidValue, requiredValue } from './field-error.ts';
import { withTypeAndMeta } from './object-meta.ts';

/**
 * The errors of a schema's CEL rules (`x-kubernetes-validations`). Rules about `oldSelf` run on updates only, unless they take an
 * optional one; a part that is equal to its old state is not complained about again (ratcheting), except by transition rules.
 */
export function ruleErrors(
  object: KubeObject,
  schema: OpenApiSchema,
  old: KubeObject | undefined,
): readonly FieldError[] {
  if (!hasRulesInside(schema)) return [];
  const errors: FieldError[] = [];
  check({ value: object, schema, old, path: '', isRoot: true }, errors);
  return errors;
}

/** Why a rule cannot be used on values of the schema, or undefined. */
export function ruleProblem(rule: ValidationRule, schema: OpenApiSchema): string | undefined {
  const compiled = compileRule(rule);
  const names = rule.optionalOldSelf === true ? ['self'] : ['self', 'oldSelf'];
  const problem = compiled.problem ?? undefinedField(compiled.ast, schema, names);
  return problem === undefined ? undefined : `compilation failed: ERROR: ${problem}`;
}

const rulesInside = new WeakMap<OpenApiSchema, boolean>();

function hasRulesInside(schema: OpenApiSchema): boolean {
  const known = rulesInside.get(schema);
  if (known !== undefined) return known;
  const children = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(isObject(schema.additionalProperties) ? [schema.additionalProperties] : []),
  ];
  const found = (schema['x-kubernetes-validations']?.length ?? 0) > 0 || children.some(hasRulesInside);
  rulesInside.set(schema, found);
  return found;
}

interface Node {
  readonly value: unknown;
  readonly schema: OpenApiSchema;
  readonly old: unknown;
  readonly path: string;
  readonly isRoot: boolean;
}

function check(node: Node, errors: FieldError[]): void {
  const { value, schema } = node;
  if (value === undefined || value === null || !hasRulesInside(schema)) return;
  for (const rule of schema['x-kubernetes-validations'] ?? []) checkRule(node, rule, errors);
  if (Array.isArray(value)) checkItems(value, node, errors);
  else if (isObject(value)) checkFields(value, node, errors);
}

function checkItems(list: readonly unknown[], node: Node, errors: FieldError[]): void {
  const { schema, old, path } = node;
  if (schema.items === undefined || !hasRulesInside(schema.items)) return;
  for (const [index, value] of list.entries()) {
    check(
      {
        value,
        schema: schema.items,
        old: correlatedItem(schema, value, old),
        path: `${path}[${index}]`,
        isRoot: false,
      },
      errors,
    );
  }
}

function checkFields(object: Readonly<Record<string, unknown>>, node: Node, errors: FieldError[]): void {
  const { schema, path } = node;
  const old = isObject(node.old) ? node.old : {};
  for (const [key, value] of Object.entries(object)) {
    const property =
      schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const child = property ?? (isObject(schema.additionalProperties) ? schema.additionalProperties : undefined);
    if (child === undefined) continue;
    const childPath = property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    check({ value, schema: child, old: old[key], path: childPath, isRoot: false }, errors);
  }
}

function checkRule(node: Node, rule: ValidationRule, errors: FieldError[]): void {
  const { value, old, path } = node;
  const schema = node.isRoot ? rootSchema(node.schema) : node.schema;
  const compiled = compileRule(rule);
  if (compiled.problem !== undefined) {
    errors.push(invalidValue(path, node.schema.type, `rule compile error: ${compiled.problem}`));
    return;
  }
  if (compiled.usesOldSelf && old === undefined && rule.optionalOldSelf !== true) return;
  if (!compiled.usesOldSelf && old !== undefined && deepEqual(old, value)) return;
  const context = { self: celValue(value, schema), oldSelf: old === undefined ? undefined : celValue(old, schema) };
  const failure = failureOf(compiled, rule, context);
  if (failure !== undefined) errors.push(errorOf(node, rule, failure));
}

const rootSchemas = new WeakMap<OpenApiSchema, OpenApiSchema>();

function rootSchema(schema: OpenApiSchema): OpenApiSchema {
  let whole = rootSchemas.get(schema);
  if (whole === undefined) rootSchemas.set(schema, (whole = withTypeAndMeta(schema)));
  return whole;
}

function failureOf(
  compiled: CompiledRule,
  rule: ValidationRule,
  context: Readonly<Record<string, unknown>>,
): string | undefined {
  try {
    if (compiled.evaluate(context) === true) return undefined;
  } catch (error) {
    return `${summaryOf(error)} evaluating rule: ${rule.message ?? rule.rule}`;
  }
  const fallback = rule.message ?? `failed rule: ${rule.rule.trim()}`;
  if (compiled.evaluateMessage === undefined) return fallback;
  try {
    const message = compiled.evaluateMessage(context);
    return typeof message === 'string' && message.trim() !== '' && !message.includes('\n') ? message : fallback;
  } catch {
    return fallback;
  }
}

function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message;
}

function errorOf(node: Node, rule: ValidationRule, detail: string): FieldError {
  const path = rule.fieldPath === undefined ? node.path : joined(node.path, rule.fieldPath);
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenValue(path, detail);
    case 'FieldValueRequired':
      return requiredValue(path, detail);
    case 'FieldValueDuplicate':
      return duplicateValue(path, node.schema.type);
    default:
      return invalidValue(path === '' ? '<nil>' : path, node.schema.type ?? '', detail);
  }
}

function joined(path: string, fieldPath: string): string {
  const relative = fieldPath.replace(/\['([^']*)'\]/g, '.$1');
  return path === '' ? relative.replace(/^\./, '') : `${path}${relative}`;
}
