import type { KubeObject } from '../api/kube-object.ts';
import { isObject, valueAt } from './json-value.ts';
import type { ResourceDefinition } from './resource.ts';
import { badRequest } from './status-error.ts';

export type Matcher = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;
type LabelTest = (labels: Labels) => boolean;

/**
 * The matcher of a list or watch request, or undefined when everything matches.
 * Throws 400 on a selector that does not parse or names an unsupported field.
 */
export function selectorOf(
  definition: ResourceDefinition,
  labelSelector: string,
  fieldSelector: string,
): Matcher | undefined {
  const labelTests = parseLabelSelector(labelSelector);
  const fieldTests = parseFieldSelector(definition, fieldSelector);
  if (labelTests.length === 0 && fieldTests.length === 0) return undefined;
  return (object) => {
    const labels = object.metadata.labels ?? {};
    return labelTests.every((test) => test(labels)) && fieldTests.every((test) => test(object));
  };
}

/** The tests of a label selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`. */
export function parseLabelSelector(selector: string): readonly LabelTest[] {
  const tests: LabelTest[] = [];
  for (const requirement of splitRequirements(selector)) tests.push(parseRequirement(requirement, selector));
  return tests;
}

function splitRequirements(selector: string): readonly string[] {
  const requirements: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index <= selector.length; index++) {
    const char = selector[index];
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (index < selector.length && (char !== ',' || depth > 0)) continue;
    const requirement = selector.slice(start, index).trim();
    if (requirement !== '') requirements.push(requirement);
    start = index + 1;
  }
  return requirements;
}

const SET_BASED = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY_BASED = /^([^\s=!<>]+)\s*(==|=|!=|>|<)\s*([^\s=!<>]*)$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

function parseRequirement(requirement: string, selector: string): LabelTest {
  const setBased = SET_BASED.exec(requirement);
  if (setBased !== null) {
    const key = labelKey(setBased[1] ?? '', selector);
    const values = new Set((setBased[3] ?? '').split(',').map((value) => value.trim()));
    if (setBased[2] === 'in') return (labels) => labels[key] !== undefined && values.has(labels[key]);
    return (labels) => labels[key] === undefined || !values.has(labels[key]);
  }
  const equality = EQUALITY_BASED.exec(requirement);
  if (equality !== null)
    return equalityTest(labelKey(equality[1] ?? '', selector), equality[2] ?? '=', equality[3] ?? '');
  if (requirement.startsWith('!')) {
    const absent = labelKey(requirement.slice(1).trim(), selector);
    return (labels) => labels[absent] === undefined;
  }
  const present = labelKey(requirement, selector);
  return (labels) => labels[present] !== undefined;
}

function equalityTest(key: string, operator: string, value: string): LabelTest {
  switch (operator) {
    case '!=':
      return (labels) => labels[key] !== value;
    case '>':
      return (labels) => labels[key] !== undefined && Number(labels[key]) > Number(value);
    case '<':
      return (labels) => labels[key] !== undefined && Number(labels[key]) < Number(value);
    default:
      return (labels) => labels[key] === value;
  }
}

function labelKey(key: string, selector: string): string {
  if (!LABEL_KEY.test(key)) throw badRequest(`unable to parse requirement: found '${key}', in selector "${selector}"`);
  return key;
}

function parseFieldSelector(definition: ResourceDefinition, fieldSelector: string): readonly Matcher[] {
  const tests: Matcher[] = [];
  for (const term of fieldSelector.split(',')) {
    if (term.trim() === '') continue;
    const parts = /^([^=!]+)(==|=|!=)(.*)$/.exec(term.trim());
    if (parts === null) throw badRequest(`invalid selector: '${fieldSelector}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = parts;
    const supported = ['metadata.name', 'metadata.namespace', ...(definition.fieldSelectors ?? [])];
    if (!supported.includes(field)) throw badRequest(unsupportedField(definition, field));
    const path = field.split('.');
    tests.push((object) => (fieldText(object, path) === value) === (operator !== '!='));
  }
  return tests;
}

/** Kinds that have fields of their own to select by say it in other words than those that have none. */
function unsupportedField(definition: ResourceDefinition, field: string): string {
  if (definition.kind === 'Job' && definition.group === 'batch') return `field label "${field}" not supported for Job`;
  const isPlain = definition.typed === true && definition.fieldSelectors === undefined;
  return isPlain
    ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`;
}

function fieldText(object: KubeObject, path: readonly string[]): string {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

/** Whether labels meet a LabelSelector object (`matchLabels`, `matchExpressions`); an empty one matches everything, none nothing. */
export function matchesLabelSelector(selector: unknown, labels: Labels): boolean {
  if (!isObject(selector)) return false;
  const { matchLabels, matchExpressions } = selector;
  if (isObject(matchLabels) && !Object.entries(matchLabels).every(([key, value]) => labels[key] === value))
    return false;
  return (
    !Array.isArray(matchExpressions) || matchExpressions.every((expression) => matchesExpression(expression, labels))
  );
}

function matchesExpression(expression: unknown, labels: Labels): boolean {
  if (!isObject(expression)) return false;
  const present = labels[String(expression['key'])];
  const values: readonly unknown[] = Array.isArray(expression['values']) ? expression['values'] : [];
  switch (expression['operator']) {
    case 'In':
      return present !== undefined && values.includes(present);
    case 'NotIn':
      return present === undefined || !values.includes(present);
    case 'Exists':
      return present !== undefined;
    case 'DoesNotExist':
      return present === undefined;
    default:
      return false;
  }
}

/** A LabelSelector object in the text form that scale subresources and queries use. */
export function formatLabelSelector(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  if (!isObject(selector)) return '';
  const terms: string[] = [];
  const matchLabels = isObject(selector['matchLabels']) ? selector['matchLabels'] : {};
  for (const key of Object.keys(matchLabels).sort()) terms.push(`${key}=${String(matchLabels[key])}`);
  const expressions: readonly unknown[] = Array.isArray(selector['matchExpressions'])
    ? selector['matchExpressions']
    : [];
  for (const expression of expressions) {
    if (isObject(expression)) terms.push(formatExpression(expression));
  }
  return terms.join(',');
}

function formatExpression(expression: Readonly<Record<string, unknown>>): string {
  const key = String(expression['key']);
  const values = Array.isArray(expression['values']) ? expression['values'].map(String).sort().join(',') : '';
  switch (expression['operator']) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return key;
  }
}
