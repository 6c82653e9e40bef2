import type { FieldError } from '../resource.ts';
import { invalid, tooLong } from './field-errors.ts';

/** Names inside specs: patterns and limits of RFC 1123 as the Kubernetes API applies them. */
export function checkSubdomain(path: string, value: string): readonly FieldError[] {
  return [
    ...(value.length > 253 ? [invalid(path, value, 'must be no more than 253 bytes')] : []),
    ...(SUBDOMAIN.test(value) ? [] : [invalid(path, value, SUBDOMAIN_DETAIL)]),
  ];
}

export function checkLabel(path: string, value: string): readonly FieldError[] {
  return [
    ...(value.length > 63 ? [invalid(path, value, 'must be no more than 63 bytes')] : []),
    ...(LABEL.test(value) ? [] : [invalid(path, value, LABEL_DETAIL)]),
  ];
}

/** Labels of an object: keys are qualified names, values are short words. */
export function checkLabels(path: string, labels: Readonly<Record<string, string>>): readonly FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkQualifiedName(path, key),
    ...checkLabelValue(path, value),
  ]);
}

export function checkAnnotations(path: string, annotations: Readonly<Record<string, string>>): readonly FieldError[] {
  const bytes = Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...Object.keys(annotations).flatMap((key) => checkQualifiedName(path, key.toLowerCase())),
    ...(bytes > ANNOTATIONS_BYTES_MAX ? [tooLong(path, ANNOTATIONS_BYTES_MAX)] : []),
  ];
}

export function checkQualifiedName(path: string, key: string): readonly FieldError[] {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  if (name.includes('/'))
    return [
      invalid(
        path,
        key,
        `a qualified name ${QUALIFIED_DETAIL} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ),
    ];
  return [
    ...(prefix === '' ? [invalid(path, key, 'prefix part must be non-empty')] : []),
    ...(prefix !== undefined && prefix !== '' && !SUBDOMAIN.test(prefix)
      ? [invalid(path, key, `prefix part ${SUBDOMAIN_DETAIL}`)]
      : []),
    ...(name === '' ? [invalid(path, key, 'name part must be non-empty')] : []),
    ...(name.length > 63 ? [invalid(path, key, 'name part must be no more than 63 bytes')] : []),
    ...(QUALIFIED.test(name) ? [] : [invalid(path, key, `name part ${QUALIFIED_DETAIL}`)]),
  ];
}

export function checkLabelValue(path: string, value: string): readonly FieldError[] {
  return [
    ...(value.length > 63 ? [invalid(path, value, 'must be no more than 63 bytes')] : []),
    ...(value === '' || QUALIFIED.test(value) ? [] : [invalid(path, value, LABEL_VALUE_DETAIL)]),
  ];
}

/** Names of container ports, also where a Service refers to one. */
export function checkPortName(path: string, value: string): readonly FieldError[] {
  return [
    ...(value.length > 15 ? [invalid(path, value, 'must be no more than 15 characters')] : []),
    ...(/^[-a-z0-9]+$/.test(value)
      ? []
      : [invalid(path, value, 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')]),
    ...(/[a-z]/.test(value) ? [] : [invalid(path, value, 'must contain at least one letter (a-z)')]),
    ...(value.includes('--') ? [invalid(path, value, 'must not contain consecutive hyphens')] : []),
    ...(/^-|-$/.test(value) ? [invalid(path, value, 'must not begin or end with a hyphen')] : []),
  ];
}

const ANNOTATIONS_BYTES_MAX = 256 * 1_024;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_DETAIL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_DETAIL =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED_DETAIL =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_DETAIL =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
