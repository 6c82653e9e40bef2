import { isPlainObject } from '../../lib/merge-patch.ts';

/** Names under which Kustomize looks for its file. */
export const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** What a kustomization draws in: paths as they are written, relative to its folder. Or why it is refused. */
export type KustomizationInputs = { readonly paths: readonly string[] } | { readonly refused: string };

/** Fields that run programs, fetch charts or read a plug-in's configuration. */
const REFUSED_FIELDS = [
  'helmCharts',
  'helmChartInflationGenerator',
  'helmGlobals',
  'generators',
  'transformers',
  'validators',
];

/** A repository is hostile input: only files of the same repository are drawn in, and nothing in it can start a program. */
export function kustomizationInputs(value: unknown): KustomizationInputs {
  if (!isPlainObject(value)) return { refused: 'a kustomization must be a mapping' };
  const refusedField = REFUSED_FIELDS.find((field) => value[field] !== undefined);
  if (refusedField !== undefined)
    return {
      refused: `${refusedField} is not allowed here, since it runs programs or fetches charts: render it beforehand and commit the result`,
    };
  const paths = ['resources', 'bases', 'components', 'crds', 'configurations'].flatMap((field) => texts(value[field]));
  const remote = [...paths, ...pathsInside(value)].find(isRemote);
  if (remote !== undefined)
    return {
      refused: `${remote} is remote; only folders and files of this repository are used: copy the base into the repository`,
    };
  const absolute = paths.find((path) => path.startsWith('/'));
  if (absolute !== undefined) return { refused: `${absolute} is an absolute path: write it relative to this folder` };
  return { paths };
}

/** The folder and a path in it, joined within the repository; undefined when it leaves the repository. */
export function joinPath(folder: string, path: string): string | undefined {
  const parts: string[] = [];
  for (const part of [...folder.split('/'), ...path.split('/')]) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) return undefined;
    } else {
      parts.push(part);
    }
  }
  return parts.join('/');
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Paths that patches, replacements, generators and the like name; none of them may be remote either. */
function pathsInside(value: Record<string, unknown>): readonly string[] {
  const found: string[] = [];
  for (const field of ['patches', 'patchesJson6902', 'replacements']) {
    const items = Array.isArray(value[field]) ? value[field] : [];
    for (const item of items) if (isPlainObject(item) && typeof item['path'] === 'string') found.push(item['path']);
  }
  found.push(...texts(value['patchesStrategicMerge']).filter((text) => !text.includes('\n')));
  for (const field of ['configMapGenerator', 'secretGenerator']) {
    const items = Array.isArray(value[field]) ? value[field] : [];
    for (const item of items)
      if (isPlainObject(item))
        found.push(
          ...texts(item['files']).map(afterEquals),
          ...texts(item['envs']),
          ...(typeof item['env'] === 'string' ? [item['env']] : []),
        );
  }
  const openapi = value['openapi'];
  if (isPlainObject(openapi) && typeof openapi['path'] === 'string') found.push(openapi['path']);
  return found;
}

function afterEquals(text: string): string {
  return text.slice(text.indexOf('=') + 1);
}

/** Everything that Kustomize takes for a repository or a URL: a scheme, `user@host:`, `host.tld/…`, a query, or a double slash. */
function isRemote(path: string): boolean {
  return /:\/\/|^[^/]*@|\?|\/\/|^[^/]+:|^(git::|gh:)|^(www\.)?[a-z0-9-]+\.(com|org|net|io|dev|cloud)[/:]/i.test(path);
}
