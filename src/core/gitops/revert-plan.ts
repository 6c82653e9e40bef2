import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';
import { identityOf, namespaceIn } from './manifest.ts';
import type { LoggedCommit } from './revert-guard.ts';
import { mergeText } from './three-way-text.ts';
import { mergeValue } from './three-way-value.ts';
import { partsIn, referencedIdentities, templateOf, type Find } from './references.ts';
import { otherUserOf } from './shared-parts.ts';
import { appendDocument, removeDocument, splitDocuments, type YamlDocument } from './yaml-documents.ts';

/** A file of one commit, and how to read it. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What one commit changed, its files before and after it. Only files under the GitSource's folder. */
export interface CommitChange {
  readonly commit: string;
  readonly message: string;
  readonly before: readonly SourceFile[];
  readonly after: readonly SourceFile[];
  /** The commits that were taken as one change, since they are too many to be looked at singly. */
  readonly comprises?: readonly LoggedCommit[];
}

/**
 * At first the head may hold later work on top of the aborted version. After a conflict people are at it: then it is only taken back
 * where the head declares the very version that was aborted.
 */
export type RevertAttempt = 'first' | 'after-conflict';

export interface RevertRequest {
  readonly rollout: { readonly namespace: string; readonly name: string };
  readonly defaultNamespace: string;
  /** The commits after the stable one up to the aborted one, the latest first. */
  readonly changes: readonly CommitChange[];
  /** Every manifest file at the branch's head. */
  readonly head: readonly SourceFile[];
  /** Identities of all Rollouts whose abort stands. */
  readonly aborted: ReadonlySet<string>;
  readonly attempt: RevertAttempt;
  /** Parses one document; undefined when it is malformed. */
  readonly parse: (text: string) => unknown;
}

export type RevertPlan =
  /** `edits` turn the head into a tree in which the culprits' changes to this Rollout are undone. */
  | {
      readonly outcome: 'restore';
      readonly edits: readonly { readonly path: string; readonly text: string | undefined }[];
      readonly restored: readonly string[];
      readonly culprits: readonly CommitChange[];
    }
  /** The head no longer declares the aborted version. */
  | { readonly outcome: 'superseded'; readonly message: string }
  | { readonly outcome: 'conflict'; readonly message: string };

/**
 * How to undo, at the head, what aborted. The culprits are the commits that changed the pod template of this Rollout (or of the workload it
 * refers to), or content that belongs to its versions. For each of them, the latest first, its change to the Rollout's documents, and to the ConfigMaps and Secrets that the template
 * names, is taken back: as a three-way merge of lines within the document, and checked against a three-way merge of the parsed values.
 * Everything else in the head, also in the same documents, stays.
 */
export function planRevert(request: RevertRequest): RevertPlan {
  const id = identityOf(
    { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: request.rollout },
    request.defaultNamespace,
  );
  const reader = documentReader(request);
  const head = new Map(request.head.map((file) => [file.path, file.text]));
  const known = templateIdentities(id, reader(head));
  const content = partsIn(finderIn(reader(head)), id)?.content ?? [];
  const culprits = request.changes.filter(
    (change) => changesTemplate(change, known, reader) || changesContent(change, content, reader),
  );
  if (culprits.length === 0)
    return {
      outcome: 'conflict',
      message: 'no commit between the stable and the aborted one changed the pod template in the files of this folder',
    };

  if (findDocument(head, id, reader) === undefined)
    return { outcome: 'superseded', message: 'the head of the branch no longer declares this Rollout' };
  const traces = tracesOf({ culprits, known, content, head }, reader);
  const isOther =
    request.attempt === 'first' ? isFixedAlready(traces) : traces.some(({ bad, now }) => !deepEqual(bad, now));
  if (isOther)
    return { outcome: 'superseded', message: 'the head of the branch no longer declares the aborted version' };

  const declared = objectsIn(reader(head));
  const files = new Map(head);
  const restored = new Set<string>();
  for (const culprit of culprits) {
    const targets = targetsOf(culprit, { known, content }, reader);
    const shared = otherUserOf({
      id,
      targets,
      head: declared,
      before: objectsIn(reader(pairs(culprit.before))),
      after: objectsIn(reader(pairs(culprit.after))),
      aborted: request.aborted,
    });
    if (shared !== undefined)
      return {
        outcome: 'conflict',
        message: `${shared}, which was not aborted (commit ${culprit.commit.slice(0, 12)})`,
      };
    for (const target of targets) {
      const conflict = takeBack({ culprit, target, files, reader });
      if (conflict !== undefined)
        return { outcome: 'conflict', message: `${conflict} (commit ${culprit.commit.slice(0, 12)})` };
      restored.add(target.slice(target.indexOf('/') + 1));
    }
  }
  const edits = editsBetween(head, files);
  if (edits.length === 0)
    return { outcome: 'superseded', message: 'the head of the branch already declares the stable version' };
  return { outcome: 'restore', edits, restored: [...restored], culprits };
}

interface FoundDocument {
  readonly path: string;
  readonly document: YamlDocument;
  readonly object: KubeObject;
}

type DocumentReader = (files: Iterable<readonly [string, string]>) => ReadonlyMap<string, FoundDocument>;

function documentReader(request: RevertRequest): DocumentReader {
  const parsed = new Map<string, readonly (readonly [YamlDocument, KubeObject])[]>();
  return (files) => {
    const found = new Map<string, FoundDocument>();
    for (const [path, text] of files) {
      let documents = parsed.get(text);
      if (documents === undefined) {
        documents = splitDocuments(text).flatMap((document) => {
          const value = request.parse(document.text);
          return isObject(value) ? [[document, value] as const] : [];
        });
        parsed.set(text, documents);
      }
      for (const [document, object] of documents)
        found.set(identityOf(object, request.defaultNamespace), { path, document, object });
    }
    return found;
  };
}

function objectsIn(documents: ReadonlyMap<string, FoundDocument>): ReadonlyMap<string, KubeObject> {
  return new Map([...documents].map(([identity, { object }]) => [identity, object]));
}

function isObject(value: unknown): value is KubeObject {
  return (
    isPlainObject(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isPlainObject(value['metadata']) &&
    typeof value['metadata']['name'] === 'string'
  );
}

function pairs(files: readonly SourceFile[]): readonly (readonly [string, string])[] {
  return files.map((file) => [file.path, file.text] as const);
}

function findDocument(
  files: ReadonlyMap<string, string>,
  id: string,
  reader: DocumentReader,
): FoundDocument | undefined {
  return reader(files).get(id);
}

/** The identities whose template is the Rollout's: its own document and the workload that it refers to. */
function templateIdentities(id: string, documents: ReadonlyMap<string, FoundDocument>): readonly string[] {
  const workload = partsIn(finderIn(documents), id)?.workload;
  return workload === undefined ? [id] : [id, workload];
}

function finderIn(documents: ReadonlyMap<string, FoundDocument>): Find {
  return (identity) => documents.get(identity)?.object;
}

/** `known` holds the identities at the head: a commit may change the workload alone, without the Rollout that names it. */
function changesTemplate(change: CommitChange, known: readonly string[], reader: DocumentReader): boolean {
  const [id = ''] = known;
  const before = reader(pairs(change.before));
  const after = reader(pairs(change.after));
  const identities = new Set([...known, ...templateIdentities(id, before), ...templateIdentities(id, after)]);
  return [...identities].some((identity) => {
    const old = before.get(identity)?.object;
    const now = after.get(identity)?.object;
    // A document that only appears was born with this commit: there is nothing to go back to.
    if (old === undefined || now === undefined) return false;
    return !deepEqual(templateOf(old), templateOf(now)) || !deepEqual(workloadReference(old), workloadReference(now));
  });
}

/** Content that belongs to the versions of the Rollout, because it asks for that, changes with it. */
function changesContent(change: CommitChange, content: readonly string[], reader: DocumentReader): boolean {
  const before = reader(pairs(change.before));
  const after = reader(pairs(change.after));
  return content.some((identity) => {
    const old = before.get(identity)?.object;
    const now = after.get(identity)?.object;
    return old !== undefined && now !== undefined && !deepEqual(old, now);
  });
}

function workloadReference(object: KubeObject): unknown {
  return isPlainObject(object['spec']) ? object['spec']['workloadRef'] : undefined;
}

/** The documents that one culprit is undone in. */
function targetsOf(
  culprit: CommitChange,
  { known, content }: { readonly known: readonly string[]; readonly content: readonly string[] },
  reader: DocumentReader,
): readonly string[] {
  const [id = ''] = known;
  const before = reader(pairs(culprit.before));
  const after = reader(pairs(culprit.after));
  const namespace = namespaceIn(id);
  const own = new Set([...known, ...templateIdentities(id, before), ...templateIdentities(id, after)]);
  const referenced = new Set(content);
  for (const identity of own) {
    for (const side of [before, after]) {
      const object = side.get(identity)?.object;
      if (object === undefined) continue;
      for (const reference of referencedIdentities(templateOf(object), namespace)) referenced.add(reference);
    }
  }
  return [...own, ...referenced].filter(
    (identity) => !deepEqual(before.get(identity)?.object, after.get(identity)?.object),
  );
}

/** What the culprits made of one part of the version, and what the head has there. */
interface Trace {
  readonly isTemplate: boolean;
  readonly good: unknown;
  readonly bad: unknown;
  readonly now: unknown;
}

/** One for each template, and each ConfigMap of the versions, that the culprits changed. */
function tracesOf(
  places: {
    readonly culprits: readonly CommitChange[];
    readonly known: readonly string[];
    readonly content: readonly string[];
    readonly head: ReadonlyMap<string, string>;
  },
  reader: DocumentReader,
): readonly Trace[] {
  const { culprits, known, content } = places;
  const before = culprits.map((culprit) => reader(pairs(culprit.before)));
  const after = culprits.map((culprit) => reader(pairs(culprit.after)));
  const head = reader(places.head);
  return [...known, ...content].flatMap((identity) => {
    const isTemplate = known.includes(identity);
    const part = (document: FoundDocument): unknown => (isTemplate ? templateOf(document.object) : document.object);
    const bad = after.map((documents) => documents.get(identity)).find((document) => document !== undefined);
    const good = before.map((documents) => documents.get(identity)).findLast((document) => document !== undefined);
    const now = head.get(identity);
    if (bad === undefined || good === undefined || deepEqual(part(bad), part(good))) return [];
    return [{ isTemplate, good: part(good), bad: part(bad), now: now && part(now) }];
  });
}

/** Nothing of what the culprits changed in the templates is still there as they left it. */
function isFixedAlready(traces: readonly Trace[]): boolean {
  const templates = traces.filter(({ isTemplate }) => isTemplate);
  return templates.length > 0 && templates.every(({ bad, good, now }) => !stillHas(bad, good, now));
}

/** Whether some leaf in which `bad` differs from `good` has the bad value in `head`. */
function stillHas(bad: unknown, good: unknown, head: unknown): boolean {
  if (deepEqual(bad, good)) return false;
  if (isPlainObject(bad) && isPlainObject(good) && isPlainObject(head)) {
    return [...new Set([...Object.keys(bad), ...Object.keys(good)])].some((key) =>
      stillHas(bad[key], good[key], head[key]),
    );
  }
  if (
    Array.isArray(bad) &&
    Array.isArray(good) &&
    Array.isArray(head) &&
    bad.length === good.length &&
    bad.length === head.length
  ) {
    return bad.some((item, index) => stillHas(item, good[index], head[index]));
  }
  return deepEqual(bad, head);
}

interface TakeBack {
  readonly culprit: CommitChange;
  readonly target: string;
  readonly files: Map<string, string>;
  readonly reader: DocumentReader;
}

/** Undoes one culprit in one document of `files`; a message when that is not possible without losing later work. */
function takeBack({ culprit, target, files, reader }: TakeBack): string | undefined {
  const title = target.slice(target.indexOf('/') + 1);
  const before = reader(pairs(culprit.before)).get(target);
  const after = reader(pairs(culprit.after)).get(target);
  const now = findDocument(files, target, reader);
  if (before === undefined) return removeNewDocument({ after, now, files });
  if (after === undefined || now === undefined) return addDocument({ culprit, before, now, files, title });

  const text = mergeText({ base: after.document.text, ours: now.document.text, theirs: before.document.text });
  const value = mergeValue({ base: after.object, ours: now.object, theirs: before.object });
  if ('conflict' in value) return `${title} was changed again at ${value.conflict} (${now.path})`;
  if (text === undefined) return `${title} was changed again in the same lines of ${now.path}`;
  const file = files.get(now.path) ?? '';
  const merged = `${file.slice(0, now.document.start)}${text}${file.slice(now.document.end)}`;
  const result = reader([[now.path, merged]]).get(target)?.object;
  if (!deepEqual(result, value.value)) return `${title} in ${now.path} cannot be merged line by line`;
  files.set(now.path, merged);
  return undefined;
}

/** A document that the culprit brought, say a ConfigMap with a new name: it goes if nobody changed it since. */
function removeNewDocument(places: {
  readonly after: FoundDocument | undefined;
  readonly now: FoundDocument | undefined;
  readonly files: Map<string, string>;
}): undefined {
  const { after, now, files } = places;
  if (after === undefined || now === undefined || !deepEqual(after.object, now.object)) return undefined;
  const rest = removeDocument(files.get(now.path) ?? '', now.document);
  if (rest === undefined) files.delete(now.path);
  else files.set(now.path, rest);
  return undefined;
}

/** A document that the culprit took away comes back, where it was. */
function addDocument(places: {
  readonly culprit: CommitChange;
  readonly before: FoundDocument;
  readonly now: FoundDocument | undefined;
  readonly files: Map<string, string>;
  readonly title: string;
}): string | undefined {
  const { culprit, before, now, files, title } = places;
  if (now !== undefined)
    return deepEqual(now.object, before.object) ? undefined : `${title} was created anew in ${now.path}`;
  const old = culprit.before.find((file) => file.path === before.path)?.text ?? before.document.text;
  const head = files.get(before.path);
  files.set(
    before.path,
    head === undefined ? onlyDocument(old, before.document) : appendDocument(head, before.document.text),
  );
  return undefined;
}

function onlyDocument(file: string, document: YamlDocument): string {
  return splitDocuments(file).length === 1 ? file : document.text;
}

function editsBetween(
  head: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, string>,
): readonly { readonly path: string; readonly text: string | undefined }[] {
  const paths = new Set([...head.keys(), ...files.keys()]);
  return [...paths]
    .filter((path) => head.get(path) !== files.get(path))
    .map((path) => ({ path, text: files.get(path) }));
}
