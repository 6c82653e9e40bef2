import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../api/kube-object.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { splitDocuments } from '../core/gitops/yaml-documents.ts';
import type { YamlParser } from '../ports/git.ts';

/** An object from a file, and the line at which its document begins. */
export interface FileObject {
  readonly file: string;
  readonly line: number;
  readonly object: KubeObject;
}

export interface FileFault {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface ManifestFiles {
  readonly objects: readonly FileObject[];
  /** What could not be read; it harms only itself. */
  readonly faults: readonly FileFault[];
}

/** Reads YAML or JSON from files, folders (with all that is below them) and `-`, standard input. */
export function readManifestFiles(paths: readonly string[], yaml: YamlParser): ManifestFiles {
  const objects: FileObject[] = [];
  const faults: FileFault[] = [];
  for (const file of paths.flatMap(filesAt)) {
    for (const document of splitDocuments(readFileSync(file === '-' ? 0 : file, 'utf8'))) {
      const parsed = yaml.parse(document.text);
      if ('error' in parsed) {
        faults.push({ file, line: document.line + parsed.line - 1, message: `malformed YAML: ${parsed.error}` });
      } else {
        objects.push(...objectsIn(parsed.value).map((object) => ({ file, line: document.line, object })));
      }
    }
  }
  return { objects, faults };
}

function filesAt(path: string): readonly string[] {
  if (path === '-') return [path];
  const present = statSync(path, { throwIfNoEntry: false });
  if (present === undefined) throw new Error(`${path}: no such file or folder`);
  if (!present.isDirectory()) return [path];
  return globSync(['**/*.yaml', '**/*.yml', '**/*.json'], { cwd: path })
    .sort()
    .map((file) => join(path, file));
}

function objectsIn(value: unknown): readonly KubeObject[] {
  if (!isPlainObject(value) || typeof value['kind'] !== 'string') return [];
  const items = value['items'];
  // `kubectl get` answers a List, the API server a RolloutList.
  if (value['kind'].endsWith('List') && Array.isArray(items)) return items.flatMap(objectsIn);
  const metadata = isPlainObject(value['metadata']) ? value['metadata'] : { name: '' };
  return [{ ...value, metadata } as unknown as KubeObject];
}
