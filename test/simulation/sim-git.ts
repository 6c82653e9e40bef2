import { createHash } from 'node:crypto';
import { gitError } from '../../src/adapters/git/git-error.ts';
import { sleep } from '../../src/lib/clock.ts';
import type { CommitRequest, FileChange, Git, GitCommit, GitRepository, TreeEntry } from '../../src/ports/git.ts';
import type { GitTrouble } from './plan.ts';
import type { ProcessClock } from './process-clock.ts';

interface StoredCommit {
  readonly id: string;
  readonly parent: string | undefined;
  readonly message: string;
  readonly tree: ReadonlyMap<string, string>;
  /** True for what a controller made. */
  readonly byMachine: boolean;
}

/** A git server in memory with one branch. */
export class SimRepository {
  readonly #commits = new Map<string, StoredCommit>();
  readonly #contents = new Map<string, string>();
  #head = '';

  get head(): string {
    return this.#head;
  }

  /** A person's commit on the branch; undefined deletes a file. */
  commit(files: Readonly<Record<string, string | undefined>>, message: string): string {
    const edits = Object.entries(files).map(([path, text]) => ({ path, text }));
    this.#head = this.write({ parent: this.#head, edits, message, byMachine: false });
    return this.#head;
  }

  file(path: string, commit = this.#head): string | undefined {
    return this.#contents.get(this.at(commit)?.tree.get(path) ?? '');
  }

  /** Commits on the branch, the latest first. */
  log(): readonly StoredCommit[] {
    const found: StoredCommit[] = [];
    for (let at = this.at(this.#head); at !== undefined; at = this.at(at.parent ?? '')) found.push(at);
    return found;
  }

  at(id: string): StoredCommit | undefined {
    return this.#commits.get(id);
  }

  contentOf(object: string): string | undefined {
    return this.#contents.get(object);
  }

  write(input: Pick<CommitRequest, 'parent' | 'edits' | 'message'> & { readonly byMachine: boolean }): string {
    const tree = new Map(this.at(input.parent)?.tree);
    for (const { path, text } of input.edits) {
      if (text === undefined) {
        tree.delete(path);
        continue;
      }
      const object = idOf(text);
      this.#contents.set(object, text);
      tree.set(path, object);
    }
    const id = idOf(JSON.stringify([input.parent, [...tree].map((entry) => entry.join(' ')).sort(), input.message]));
    const parent = input.parent === '' ? undefined : input.parent;
    this.#commits.set(id, { id, parent, message: input.message, tree, byMachine: input.byMachine });
    return id;
  }

  /** Fast-forward only. */
  push(id: string): void {
    if (!this.isAncestor(this.#head, id)) throw gitError('moved', 'pushing: the branch has moved');
    this.#head = id;
  }

  isAncestor(ancestor: string, id: string): boolean {
    for (let at = this.at(id); at !== undefined; at = this.at(at.parent ?? '')) if (at.id === ancestor) return true;
    return false;
  }
}

function idOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** What becomes of one exchange with the git server. */
export type GitFate =
  | { readonly type: 'pass' }
  | GitFault
  | { readonly type: 'crash'; readonly when: 'before' | 'after' };
interface GitFault {
  readonly type: 'git';
  readonly how: GitTrouble;
}

export interface SimGitOptions {
  readonly repository: SimRepository;
  readonly process: ProcessClock;
  readonly delayMs: () => number;
  readonly fateOf: (deed: string, isWrite: boolean) => GitFate;
  readonly crash: () => void;
}

/** Git as one simulated process sees it. */
export function createSimGit(options: SimGitOptions): Git {
  return { open: () => openRepository(options), keepOnly: () => Promise.resolve() };
}

function openRepository({ repository, process, delayMs, fateOf, crash }: SimGitOptions): GitRepository {
  /** One exchange with the server. */
  async function exchange<T>(deed: string, run: () => T): Promise<T> {
    const fate = fateOf(deed, deed === 'push');
    await sleep(process, delayMs());
    if (fate.type === 'crash') {
      if (fate.when === 'after') run();
      crash();
      await new Promise(() => undefined);
    }
    if (fate.type === 'git') {
      if (fate.how === 'lose-answer') run();
      const reason = fate.how === 'lose-answer' ? 'unreachable' : fate.how;
      throw gitError(reason, `${deed}: simulated ${fate.how}`);
    }
    return run();
  }

  function treeOf(commit: string): ReadonlyMap<string, string> {
    return repository.at(commit)?.tree ?? new Map();
  }

  return {
    head: () => exchange('head', () => repository.head),
    fetch: (commit) => exchange('fetch', () => void treeOf(commit)),
    entries: (commit, paths) =>
      Promise.resolve(
        [...treeOf(commit)]
          .filter(([path]) => isUnder(path, paths))
          .map(([path, object]): TreeEntry => ({ path, object, type: 'file' })),
      ),
    contents: (objects) => Promise.resolve(new Map(objects.map((object) => [object, repository.contentOf(object)]))),
    history: ({ from, to, paths }) => exchange('history', () => historyOf(repository, { from, to, paths })),
    changes: ({ from, to, paths }) => Promise.resolve(changesBetween(treeOf(from), treeOf(to), paths)),
    commit: (request) => Promise.resolve(repository.write({ ...request, byMachine: true })),
    push: (commit) => exchange('push', () => repository.push(commit)),
  };
}

function historyOf(
  repository: SimRepository,
  { from, to, paths }: { readonly from: string; readonly to: string; readonly paths: readonly string[] },
): readonly GitCommit[] | undefined {
  if (!repository.isAncestor(from, to)) return undefined;
  const found: GitCommit[] = [];
  for (let at = repository.at(to); at !== undefined && at.id !== from; at = repository.at(at.parent ?? '')) {
    const before = repository.at(at.parent ?? '')?.tree ?? new Map<string, string>();
    if (changesBetween(before, at.tree, paths).length > 0)
      found.push({ id: at.id, parent: at.parent, message: at.message });
  }
  return found;
}

function changesBetween(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  paths: readonly string[],
): readonly FileChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => isUnder(path, paths) && before.get(path) !== after.get(path))
    .map((path) => ({ path, before: before.get(path), after: after.get(path) }));
}

function isUnder(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => folder === '' || path === folder || path.startsWith(`${folder}/`));
}
