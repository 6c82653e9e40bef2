import { mergeText } from './three-way-text.ts';
import type { CommitChange, SourceFile } from './revert-plan.ts';

/**
 * The head with the culprits' changes taken back file by file, the latest first, for sources whose objects are rendered and so
 * have no lines of their own. The caller renders the result and checks that only the Rollout's own objects changed.
 */
export function takeBackFiles(
  culprits: readonly CommitChange[],
  head: readonly SourceFile[],
): { readonly edits: ReadonlyMap<string, string | undefined> } | { readonly conflict: string } {
  const original = new Map(head.map((file) => [file.path, file.text]));
  const files = new Map(original);
  for (const culprit of culprits) {
    const before = new Map(culprit.before.map((file) => [file.path, file.text]));
    const after = new Map(culprit.after.map((file) => [file.path, file.text]));
    for (const path of new Set([...before.keys(), ...after.keys()])) {
      const conflict = takeBackFile({ path, before: before.get(path), after: after.get(path), files });
      if (conflict !== undefined) return { conflict: `${conflict} (commit ${culprit.commit.slice(0, 12)})` };
    }
  }
  const edits = new Map<string, string | undefined>();
  for (const path of new Set([...original.keys(), ...files.keys()])) {
    if (original.get(path) !== files.get(path)) edits.set(path, files.get(path));
  }
  return { edits };
}

interface FileSides {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly files: Map<string, string>;
}

function takeBackFile({ path, before, after, files }: FileSides): string | undefined {
  const now = files.get(path);
  if (before === after || now === before) return undefined;
  if (after === undefined || now === undefined || before === undefined) {
    if (now !== after) return `${path} was changed again`;
    if (before === undefined) files.delete(path);
    else files.set(path, before);
    return undefined;
  }
  const merged = mergeText({ base: after, ours: now, theirs: before });
  if (merged === undefined) return `${path} was changed again in the same lines`;
  files.set(path, merged);
  return undefined;
}
