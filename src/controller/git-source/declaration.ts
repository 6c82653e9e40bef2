import type { KubeObject } from '../../api/kube-object.ts';
import { KUSTOMIZATION_FILES } from '../../core/gitops/kustomization.ts';
import type { Manifest, ManifestProblem } from '../../core/gitops/manifest.ts';
import { groupOf } from '../../core/gitops/manifest.ts';
import { objectsOf } from '../../core/gitops/placement.ts';
import type { SourceFile } from '../../core/gitops/revert-plan.ts';
import { splitDocuments } from '../../core/gitops/yaml-documents.ts';
import type { GitRepository, Kustomize, TreeEntry, YamlParser } from '../../ports/git.ts';
import { collectKustomization } from './kustomization-files.ts';

/** What reading a repository needs. */
export interface DeclarationTools {
  readonly repository: GitRepository;
  readonly yaml: YamlParser;
  readonly kustomize: Kustomize;
}

/** Everything that one commit declares under a folder. */
export interface Declaration {
  readonly commit: string;
  readonly renderer: 'yaml' | 'kustomize';
  readonly manifests: readonly Manifest[];
  readonly problems: readonly ManifestProblem[];
  /** The files that were read, for a revert. */
  readonly files: readonly SourceFile[];
  /** The folders that they stand in. */
  readonly folders: readonly string[];
}

/** The folder cannot be used at all; nothing of the commit is applied. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
  /** The reason that the conditions show. */
  readonly reason: 'NotFound' | 'InvalidKustomization';

  constructor(reason: FolderError['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Reads the manifests of a commit: rendered by Kustomize when the folder holds a kustomization, else every YAML and JSON file below it. A file
 * that cannot be read is a problem of its own. Throws GitError, KustomizeError and FolderError.
 */
export async function readDeclaration(tools: DeclarationTools, commit: string, folder: string): Promise<Declaration> {
  await tools.repository.fetch(commit);
  const entries = await tools.repository.entries(commit, [folder]);
  if (entries.length === 0)
    throw new FolderError(
      'NotFound',
      `there is no folder ${folder === '' ? '/' : folder} at ${commit.slice(0, 12)}: create it or correct spec.path`,
    );
  const isKustomized = entries.some((entry) =>
    KUSTOMIZATION_FILES.some((name) => entry.path === (folder === '' ? name : `${folder}/${name}`)),
  );
  return isKustomized ? renderDeclaration(tools, commit, folder) : readPlain(tools, commit, { folder, entries });
}

async function readPlain(
  tools: DeclarationTools,
  commit: string,
  tree: { readonly folder: string; readonly entries: readonly TreeEntry[] },
): Promise<Declaration> {
  const wanted = tree.entries.filter((entry) => /\.(ya?ml|json)$/i.test(entry.path));
  const regular = wanted.filter((entry) => entry.type === 'file' || entry.type === 'executable');
  const contents = await tools.repository.contents(regular.map((entry) => entry.object));
  const problems: ManifestProblem[] = wanted
    .filter((entry) => entry.type === 'symlink')
    .map((entry) => ({
      file: entry.path,
      message: 'this is a symbolic link, and links are not followed: commit the file itself',
    }));
  const files: SourceFile[] = [];
  const manifests: Manifest[] = [];
  for (const entry of regular) {
    const text = contents.get(entry.object);
    if (text === undefined) {
      problems.push({ file: entry.path, message: 'this file is too large to be a manifest' });
      continue;
    }
    files.push({ path: entry.path, text });
    const read = readManifests(tools.yaml, { path: entry.path, text });
    manifests.push(...read.manifests);
    problems.push(...read.problems);
  }
  return { commit, renderer: 'yaml', manifests, problems, files, folders: [tree.folder] };
}

/** Renders a folder, with some files changed if `edits` are given. */
export async function renderDeclaration(
  tools: DeclarationTools,
  commit: string,
  folder: string,
  edits: ReadonlyMap<string, string | undefined> = new Map(),
): Promise<Declaration> {
  const collected = await collectKustomization(tools, { commit, folder, edits });
  if (collected.problem !== undefined) throw new FolderError('InvalidKustomization', collected.problem);
  const rendered = await tools.kustomize.build(collected.files, folder);
  const read = readManifests(tools.yaml, { path: folder, text: rendered });
  return {
    commit,
    renderer: 'kustomize',
    manifests: read.manifests.map((manifest) => ({ ...manifest, line: 0 })),
    problems: read.problems,
    files: [...collected.files].map(([path, text]) => ({ path, text })),
    folders: collected.folders,
  };
}

/** The manifests of one file. A malformed document harms only itself. */
export function readManifests(
  yaml: YamlParser,
  file: SourceFile,
): { readonly manifests: readonly Manifest[]; readonly problems: readonly ManifestProblem[] } {
  const manifests: Manifest[] = [];
  const problems: ManifestProblem[] = [];
  for (const document of splitDocuments(file.text)) {
    const parsed = yaml.parse(document.text);
    if ('error' in parsed) {
      problems.push({
        file: file.path,
        line: document.line + parsed.line - 1,
        message: `malformed YAML: ${parsed.error}`,
      });
      continue;
    }
    const objects = objectsOf(parsed.value);
    if (typeof objects === 'string') {
      problems.push({ file: file.path, line: document.line + leadingLines(document.text), message: objects });
      continue;
    }
    for (const object of objects) {
      if (groupOf(object.apiVersion) === 'kustomize.config.k8s.io') continue;
      manifests.push({
        object: withEncodedData(object),
        file: file.path,
        line: document.line + leadingLines(document.text),
      });
    }
  }
  return { manifests, problems };
}

/** Blank lines and comments before the first line that says something. */
function leadingLines(text: string): number {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '' && !line.startsWith('#'));
  return Math.max(first, 0);
}

/** `stringData` as the API server will store it, so that it can be compared. */
function withEncodedData(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (object.kind !== 'Secret' || typeof stringData !== 'object' || stringData === null) return object;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  const data = typeof object['data'] === 'object' && object['data'] !== null ? object['data'] : {};
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: object.metadata,
    data: { ...data, ...Object.fromEntries(encoded) },
  };
}
