import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from '../../api/kube-object.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Distinct texts and lists of owned fields; far more than there are managers and kinds, so that sharing never grows without end. */
const SHARED_MAX = 10_000;

const NOBODY: readonly ManagedFieldsEntry[] = [];

export type Trim = <T extends KubeObject>(object: T) => T;

/**
 * Makes the function that takes the weight off a freshly parsed object before a cache keeps it; it changes the object in
 * place. `managedFields` becomes a digest (who manages which top-level field, when, through which subresource), which is all
 * that telling an actor's name needs; kubectl's copy of the last applied manifest goes. Texts that thousands of objects
 * carry are shared among all objects that went through the same function.
 */
export function createTrim(): Trim {
  const texts = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();

  function shareText(text: string | undefined): string | undefined {
    return text === undefined ? undefined : shared(texts, text, text);
  }

  /** `spec.paused`, `status.abort`, `metadata.labels`; `data` and the like as a whole. */
  function ownedFields(tree: unknown): readonly string[] {
    const text = textOfFields(tree);
    return lists.get(text) ?? shared(lists, text, text === '' ? [] : text.split(' '));
  }

  /** A managedFields entry without its tree. */
  function digest(entry: ManagedFieldsEntry): ManagedFieldsEntry {
    return {
      manager: shareText(entry.manager),
      operation: entry.operation,
      time: entry.time,
      subresource: shareText(entry.subresource),
      fields: ownedFields(entry.fieldsV1),
    };
  }

  return (object) => {
    const metadata = object.metadata as { -readonly [Key in keyof ObjectMeta]: ObjectMeta[Key] };
    // Every object of a server has some, unless somebody took them away: that is told from an object that never was there.
    metadata.managedFields = metadata.managedFields?.map(digest) ?? NOBODY;
    if (metadata.annotations?.[LAST_APPLIED] !== undefined) {
      const { [LAST_APPLIED]: _dropped, ...kept } = metadata.annotations;
      metadata.annotations = kept;
    }
    return object;
  };
}

/** The names of the fields with blanks between them. Every object that arrives is read so: it makes nothing but the text. */
function textOfFields(tree: unknown): string {
  if (!isPlainObject(tree)) return '';
  let text = '';
  for (const key of Object.keys(tree)) {
    if (key === 'f:spec' || key === 'f:status' || key === 'f:metadata') text += textBelow(tree[key], key.slice(2));
    else if (key.startsWith('f:')) text += text === '' ? key.slice(2) : ` ${key.slice(2)}`;
  }
  return text.startsWith(' ') ? text.slice(1) : text;
}

function textBelow(tree: unknown, parent: string): string {
  if (!isPlainObject(tree)) return '';
  let text = '';
  for (const key of Object.keys(tree)) if (key.startsWith('f:')) text += ` ${parent}.${key.slice(2)}`;
  return text;
}

function shared<Value>(known: Map<string, Value>, key: string, value: Value): Value {
  const first = known.get(key);
  if (first !== undefined) return first;
  if (known.size >= SHARED_MAX) known.clear();
  known.set(key, value);
  return value;
}
