/** A path under `/api/v1` or `/apis/GROUP/VERSION`, taken apart. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string;
  /** Path segments after the subresource. */
  readonly rest: readonly string[];
}

/** The parts of a resource path, or undefined when the path is none. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const segments = pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent);
  const isCore = segments[0] === 'api';
  if (!isCore && segments[0] !== 'apis') return undefined;
  const [group = '', version = ''] = isCore ? ['', segments[1]] : [segments[1], segments[2]];
  const parts = segments.slice(isCore ? 2 : 3);
  if (parts.length === 0 || version === '') return undefined;
  const base = { group, version };
  // /namespaces/NAME/RESOURCE... except the namespace's own subresources.
  if (parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') {
    const [, namespace = '', plural = '', name = '', subresource = '', ...rest] = parts;
    return { ...base, plural, namespace, name, subresource, rest };
  }
  const [plural = '', name = '', subresource = '', ...rest] = parts;
  return { ...base, plural, namespace: undefined, name, subresource, rest };
}
