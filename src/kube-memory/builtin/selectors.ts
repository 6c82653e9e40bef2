import type { FieldError } from '../resource.ts';
import { forbidden, invalid, required } from './field-errors.ts';
import { fieldsAt, itemsAt, listAt, textAt, textsAt } from './fields.ts';
import { checkLabels, checkQualifiedName } from './names.ts';

/** Whether labels meet a `metav1.LabelSelector`; an empty selector matches everything, an absent one nothing. */
export function selectorMatches(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  if (selector === undefined || selector === null) return false;
  const wanted = Object.entries(textsAt(selector, 'matchLabels'));
  if (wanted.some(([key, value]) => labels[key] !== value)) return false;
  return itemsAt(selector, 'matchExpressions').every((expression) => expressionMatches(expression, labels));
}

function expressionMatches(expression: unknown, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[textAt(expression, 'key') ?? ''];
  const values = listAt(expression, 'values');
  switch (textAt(expression, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case undefined:
    default:
      return false;
  }
}

export function checkSelector(path: string, selector: unknown): readonly FieldError[] {
  return [
    ...checkLabels(`${path}.matchLabels`, textsAt(selector, 'matchLabels')),
    ...itemsAt(selector, 'matchExpressions').flatMap((expression, index) =>
      checkExpression(`${path}.matchExpressions[${index}]`, expression),
    ),
  ];
}

function checkExpression(path: string, expression: unknown): readonly FieldError[] {
  const operator = textAt(expression, 'operator') ?? '';
  const count = listAt(expression, 'values').length;
  const key = checkQualifiedName(`${path}.key`, textAt(expression, 'key') ?? '');
  if (operator === 'In' || operator === 'NotIn') {
    return count > 0
      ? key
      : [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"), ...key];
  }
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    return count === 0
      ? key
      : [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"), ...key];
  }
  return [invalid(`${path}.operator`, operator, 'not a valid selector operator'), ...key];
}

/** The selector and template of a workload: the selector is needed, is not empty, and selects the template's pods. */
export function checkWorkloadSelector(spec: unknown): readonly FieldError[] {
  const selector = fieldsAt(spec).selector;
  const labels = fieldsAt(spec, 'template', 'metadata').labels;
  const mismatch = invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
  if (selector === undefined || selector === null) return [required('spec.selector'), mismatch];
  const errors = checkSelector('spec.selector', selector);
  if (isEmptySelector(selector))
    return [...errors, invalid('spec.selector', selector, 'empty selector is invalid for deployment')];
  if (errors.length > 0) return [...errors, invalid('spec.selector', selector, 'invalid label selector')];
  return selectorMatches(selector, textsAt(labels)) ? [] : [mismatch];
}

function isEmptySelector(selector: unknown): boolean {
  return (
    Object.keys(fieldsAt(selector, 'matchLabels')).length === 0 && listAt(selector, 'matchExpressions').length === 0
  );
}

/** A selector as `kubectl get -o wide` prints it: `app=web,tier in (a,b)`. */
export function selectorText(selector: unknown): string {
  if (selector === undefined || selector === null) return '<none>';
  const equal = Object.entries(textsAt(selector, 'matchLabels')).map(([key, value]) => `${key}=${value}`);
  const expressions = itemsAt(selector, 'matchExpressions').map(expressionText);
  const text = [...equal, ...expressions].toSorted().join(',');
  return text === '' ? '<none>' : text;
}

function expressionText(expression: unknown): string {
  const key = textAt(expression, 'key') ?? '';
  const values = listAt(expression, 'values').map(String).toSorted().join(',');
  const operator = textAt(expression, 'operator');
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'NotIn' ? 'notin' : 'in'} (${values})`;
}
