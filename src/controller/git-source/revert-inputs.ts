import type { GitSource } from '../../api/git-source.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import type { Abort } from '../../core/gitops/abort.ts';
import { takeBackFiles } from '../../core/gitops/file-revert-plan.ts';
import { identityOf, namespaceIn } from '../../core/gitops/manifest.ts';
import { isConfiguration, partsIn, referencedIdentities } from '../../core/gitops/references.ts';
import {
  planRevert,
  type CommitChange,
  type RevertAttempt,
  type RevertPlan,
  type SourceFile,
} from '../../core/gitops/revert-plan.ts';
import type { LoggedCommit } from '../../core/gitops/revert-guard.ts';
import { otherUserOf } from '../../core/gitops/shared-parts.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { FileChange } from '../../ports/git.ts';
import {
  FolderError,
  readDeclaration,
  renderDeclaration,
  type Declaration,
  type DeclarationTools,
} from './declaration.ts';

export interface RevertRange {
  readonly head: string;
  readonly stable: string;
  readonly aborted: string;
  readonly folder: string;
  readonly source: GitSource;
  /** `namespace/name`. */
  readonly rollout: string;
  /** All that stand, of this Rollout and of others. */
  readonly aborts: readonly Abort[];
  readonly attempt: RevertAttempt;
}

/** Rendering takes a process each; a longer history is taken as one change from the stable to the aborted commit. */
const RENDERED_COMMITS_MAX = 20;
/** The same for plain files: two commands each. */
const COMMITS_MAX = 200;

/** Reads what the plan needs from the repository and makes it. Throws GitError and KustomizeError. */
export async function planAtHead(tools: DeclarationTools, range: RevertRange): Promise<RevertPlan> {
  if (range.stable === range.aborted)
    return {
      outcome: 'conflict',
      message: `both versions come from ${range.stable.slice(0, 12)}: what aborted was changed by hand, or in a Secret alone`,
    };
  const declaration = await readDeclaration(tools, range.head, range.folder);
  const changes = await readChanges(tools, range, declaration.folders);
  return declaration.renderer === 'kustomize'
    ? planRendered(tools, range, declaration, changes)
    : planPlain(tools, range, declaration, changes);
}

function planPlain(
  tools: DeclarationTools,
  range: RevertRange,
  declaration: Declaration,
  changes: readonly CommitChange[],
): RevertPlan {
  const [namespace = '', name = ''] = range.rollout.split('/');
  const plan = planRevert({
    rollout: { namespace, name },
    defaultNamespace: range.source.spec.targetNamespace ?? range.source.metadata.namespace ?? '',
    changes,
    head: declaration.files,
    aborted: abortedIdentities(range),
    attempt: range.attempt,
    parse(text) {
      const parsed = tools.yaml.parse(text);
      return 'error' in parsed ? undefined : parsed.value;
    },
  });
  return plan;
}

/** The commits after the stable one up to the aborted one, with the manifests that each changed. */
async function readChanges(
  tools: DeclarationTools,
  range: RevertRange,
  folders: readonly string[],
): Promise<readonly CommitChange[]> {
  const { repository } = tools;
  const commits = await repository.history({ from: range.stable, to: range.aborted, paths: folders });
  if (commits === undefined) {
    await repository.fetch(range.stable);
    return [await readWhole(tools, range, folders, [])];
  }
  if (commits.length > COMMITS_MAX) return [await readWhole(tools, range, folders, commits)];
  const changes: CommitChange[] = [];
  for (const commit of commits) {
    if (commit.parent !== undefined)
      changes.push(await readChange(tools, { from: commit.parent, to: commit.id, message: commit.message }, folders));
  }
  return changes;
}

/** Everything between the stable and the aborted commit as one change. */
async function readWhole(
  tools: DeclarationTools,
  range: RevertRange,
  folders: readonly string[],
  comprises: readonly LoggedCommit[],
): Promise<CommitChange> {
  const change = await readChange(tools, { from: range.stable, to: range.aborted, message: '' }, folders);
  return { ...change, comprises };
}

async function readChange(
  tools: DeclarationTools,
  sides: { readonly from: string; readonly to: string; readonly message: string },
  folders: readonly string[],
): Promise<CommitChange> {
  const files = (await tools.repository.changes({ from: sides.from, to: sides.to, paths: folders })).filter(
    (file) => !/\.(png|jpe?g|gif|zip|gz|tgz|jar)$/i.test(file.path),
  );
  const contents = await tools.repository.contents(
    files.flatMap((file) => [file.before, file.after].filter((object) => object !== undefined)),
  );
  return {
    commit: sides.to,
    message: sides.message,
    before: filesOf(files, 'before', contents),
    after: filesOf(files, 'after', contents),
  };
}

function filesOf(
  files: readonly FileChange[],
  side: 'before' | 'after',
  contents: ReadonlyMap<string, string | undefined>,
): readonly SourceFile[] {
  return files.flatMap((file) => {
    const text = contents.get(file[side] ?? '');
    return text === undefined ? [] : [{ path: file.path, text }];
  });
}

/** Objects that Kustomize renders have no lines of their own: files are restored, and rendering both sides proves that nothing else changes. */
async function planRendered(
  tools: DeclarationTools,
  range: RevertRange,
  head: Declaration,
  changes: readonly CommitChange[],
): Promise<RevertPlan> {
  const id = rolloutIdentity(range.rollout);
  const culprits = await renderedCulprits(tools, range, changes, id);
  if (culprits.length === 0)
    return {
      outcome: 'conflict',
      message: 'no commit between the stable and the aborted one changed the rendered pod template',
    };
  const before = byIdentity(head, range);
  const now = before.get(id);
  if (now === undefined)
    return { outcome: 'superseded', message: 'the head of the branch no longer declares this Rollout' };
  const aborted = versionIn(byIdentity(await renderDeclaration(tools, range.aborted, range.folder), range), id);
  if (aborted !== undefined && !deepEqual(aborted, versionIn(before, id)))
    return { outcome: 'superseded', message: 'the head of the branch no longer declares the aborted version' };

  const taken = takeBackFiles(culprits, head.files);
  if ('conflict' in taken) return { outcome: 'conflict', message: taken.conflict };
  const after = byIdentity(await renderDeclaration(tools, range.head, range.folder, taken.edits), range);
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (identity) => !deepEqual(before.get(identity), after.get(identity)),
  );
  const own = ownIdentities(id, [before, after]);
  const others = changed.filter((identity) => !own.has(identity));
  const beside = others.length === 0 ? new Set() : await takenBackBeside(tools, range, { before, after });
  const foreign = others.find((identity) => !beside.has(identity));
  if (foreign !== undefined)
    return { outcome: 'conflict', message: `taking the files back would also change ${foreign}` };
  const shared = await sharedInRendered(tools, range, { id, head: before, changed });
  if (shared !== undefined) return { outcome: 'conflict', message: `${shared}, which was not aborted` };
  const edits = [...taken.edits].map(([path, text]) => ({ path, text }));
  return edits.length === 0
    ? { outcome: 'superseded', message: 'the head of the branch already declares the stable version' }
    : { outcome: 'restore', edits, restored: edits.map((edit) => edit.path), culprits };
}

/** Identities of what makes up other Rollouts that aborted and get their stable version by the same lines. */
async function takenBackBeside(
  tools: DeclarationTools,
  range: RevertRange,
  { before, after }: Record<'before' | 'after', ReadonlyMap<string, KubeObject>>,
): Promise<ReadonlySet<string>> {
  const identities: string[] = [];
  for (const { rollout, stableCommit } of range.aborts) {
    if (rollout === range.rollout || stableCommit === undefined) continue;
    const other = rolloutIdentity(rollout);
    const stable = versionIn(await renderedAt(tools, range, stableCommit), other);
    if (stable === undefined || !deepEqual(stable, versionIn(after, other))) continue;
    identities.push(...ownIdentities(other, [before, after]));
  }
  return new Set(identities);
}

/** Compares the stable and the aborted commit as wholes: which commit in between changed what takes a rendering each. */
async function sharedInRendered(
  tools: DeclarationTools,
  range: RevertRange,
  plan: { readonly id: string; readonly head: ReadonlyMap<string, KubeObject>; readonly changed: readonly string[] },
): Promise<string | undefined> {
  if (!plan.changed.some(isConfiguration)) return undefined;
  const before = await renderedAt(tools, range, range.stable);
  const after = await renderedAt(tools, range, range.aborted);
  return otherUserOf({
    id: plan.id,
    targets: plan.changed,
    head: plan.head,
    before,
    after,
    aborted: abortedIdentities(range),
  });
}

async function renderedCulprits(
  tools: DeclarationTools,
  range: RevertRange,
  changes: readonly CommitChange[],
  id: string,
): Promise<readonly CommitChange[]> {
  if (changes.length > RENDERED_COMMITS_MAX)
    return [
      await readWhole(
        tools,
        range,
        [range.folder],
        changes.map(({ commit, message }) => ({ id: commit, message })),
      ),
    ];
  const culprits: CommitChange[] = [];
  let later = await renderedTemplate(tools, range, range.aborted, id);
  for (const [index, change] of changes.entries()) {
    const earlier = await renderedTemplate(tools, range, changes[index + 1]?.commit ?? range.stable, id);
    if (!deepEqual(earlier, later)) culprits.push(change);
    later = earlier;
  }
  return culprits;
}

async function renderedTemplate(
  tools: DeclarationTools,
  range: RevertRange,
  commit: string,
  id: string,
): Promise<unknown> {
  return versionIn(await renderedAt(tools, range, commit), id);
}

/** What a commit declares, by identity; nothing for one that cannot be rendered. */
async function renderedAt(
  tools: DeclarationTools,
  range: RevertRange,
  commit: string,
): Promise<ReadonlyMap<string, KubeObject>> {
  try {
    await tools.repository.fetch(commit);
    return byIdentity(await renderDeclaration(tools, commit, range.folder), range);
  } catch (error) {
    if (error instanceof FolderError || (error instanceof Error && error.name === 'KustomizeError')) return new Map();
    throw error;
  }
}

/** What a version of the Rollout is made of; undefined when it is not declared. */
function versionIn(declared: ReadonlyMap<string, KubeObject>, id: string): unknown {
  const parts = partsIn((identity) => declared.get(identity), id);
  return parts && [parts.template, ...parts.content.map((identity) => declared.get(identity))];
}

function rolloutIdentity(rollout: string): string {
  return `argoproj.io/Rollout ${rollout}`;
}

function abortedIdentities(range: RevertRange): ReadonlySet<string> {
  return new Set(range.aborts.map(({ rollout }) => rolloutIdentity(rollout)));
}

function byIdentity(declaration: Declaration, range: RevertRange): ReadonlyMap<string, KubeObject> {
  const namespace = range.source.spec.targetNamespace ?? range.source.metadata.namespace ?? '';
  return new Map(declaration.manifests.map((manifest) => [identityOf(manifest.object, namespace), manifest.object]));
}

/** The Rollout, its workload, and the ConfigMaps and Secrets that either version of it names. */
function ownIdentities(id: string, declarations: readonly ReadonlyMap<string, KubeObject>[]): ReadonlySet<string> {
  const parts = declarations.flatMap((declared) => partsIn((identity) => declared.get(identity), id) ?? []);
  return new Set([
    id,
    ...parts.flatMap(({ workload }) => workload ?? []),
    ...parts.flatMap(({ template }) => referencedIdentities(template, namespaceIn(id))),
  ]);
}
