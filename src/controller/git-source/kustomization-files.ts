import { joinPath, KUSTOMIZATION_FILES, kustomizationInputs } from '../../core/gitops/kustomization.ts';
import type { GitRepository, YamlParser } from '../../ports/git.ts';

export interface KustomizationFiles {
  /** Every regular file of the folders that are drawn in, by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly folders: readonly string[];
  /** Why the kustomization is not rendered. */
  readonly problem?: string;
}

const FOLDERS_MAX = 100;

/** Follows a kustomization through its local bases and reads their folders. Anything remote, executable or outside of the repository ends it. */
export async function collectKustomization(
  tools: { readonly repository: GitRepository; readonly yaml: YamlParser },
  start: { readonly commit: string; readonly folder: string; readonly edits: ReadonlyMap<string, string | undefined> },
): Promise<KustomizationFiles> {
  const files = new Map<string, string>();
  const folders: string[] = [];
  const waiting = [start.folder];
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    if (folders.includes(folder)) continue;
    if (folders.length >= FOLDERS_MAX)
      return { files, folders, problem: `more than ${FOLDERS_MAX} folders are drawn in from ${start.folder}` };
    folders.push(folder);
    const problem = await readFolder(tools, { ...start, folder }, files);
    if (problem !== undefined) return { files, folders, problem };
    const next = basesOf(tools.yaml, files, folder);
    if ('problem' in next) return { files, folders, problem: next.problem };
    waiting.push(...next.folders);
  }
  return { files, folders };
}

async function readFolder(
  tools: { readonly repository: GitRepository },
  place: { readonly commit: string; readonly folder: string; readonly edits: ReadonlyMap<string, string | undefined> },
  files: Map<string, string>,
): Promise<string | undefined> {
  const { folder, edits } = place;
  const entries = await tools.repository.entries(place.commit, [folder]);
  const regular = entries.filter(
    (entry) => (entry.type === 'file' || entry.type === 'executable') && !files.has(entry.path),
  );
  const contents = await tools.repository.contents(regular.map((entry) => entry.object));
  for (const entry of regular) {
    const text = edits.has(entry.path) ? edits.get(entry.path) : contents.get(entry.object);
    if (text !== undefined) files.set(entry.path, text);
  }
  for (const [path, text] of edits) {
    if (text !== undefined && isInside(path, folder)) files.set(path, text);
  }
  const link = entries.find(
    (entry) =>
      entry.type === 'symlink' && KUSTOMIZATION_FILES.includes(entry.path.slice(entry.path.lastIndexOf('/') + 1)),
  );
  return link === undefined
    ? undefined
    : `${link.path} is a symbolic link, and links are not followed: commit the file itself`;
}

function basesOf(
  yaml: YamlParser,
  files: ReadonlyMap<string, string>,
  folder: string,
): { readonly folders: readonly string[] } | { readonly problem: string } {
  const path = KUSTOMIZATION_FILES.map((name) => (folder === '' ? name : `${folder}/${name}`)).find((name) =>
    files.has(name),
  );
  if (path === undefined)
    return { problem: `${folder === '' ? 'the root' : folder} is drawn in as a base but holds no kustomization.yaml` };
  const parsed = yaml.parse(files.get(path) ?? '');
  if ('error' in parsed) return { problem: `${path}:${parsed.line}: malformed YAML: ${parsed.error}` };
  const inputs = kustomizationInputs(parsed.value);
  if ('refused' in inputs) return { problem: `${path}: ${inputs.refused}` };
  const folders: string[] = [];
  for (const input of inputs.paths) {
    const joined = joinPath(folder, input);
    if (joined === undefined) return { problem: `${path}: ${input} leaves the repository` };
    if (!files.has(joined)) folders.push(joined);
  }
  return { folders };
}

function isInside(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`);
}
