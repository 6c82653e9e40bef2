import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { namespaceIn } from './manifest.ts';
import { templateOf, templateReferences, versionParts } from './references.ts';

type Declared = ReadonlyMap<string, KubeObject>;

export interface SharedPartsQuestion {
  /** Identity of the Rollout that is taken back. */
  readonly id: string;
  /** Identities of the ConfigMaps and Secrets that would be taken back with it. */
  readonly targets: readonly string[];
  /** Everything that the head of the branch declares, by identity. */
  readonly head: Declared;
  /** What is taken back: at least the objects that it changed. */
  readonly before: Declared;
  readonly after: Declared;
  /** Identities of all Rollouts whose abort stands. */
  readonly aborted: ReadonlySet<string>;
}

/**
 * Who else came to a new version together with one of these ConfigMaps or Secrets, in words; undefined when nobody did.
 * A version that was not aborted runs with the new content, and must not lose it.
 */
export function otherUserOf(question: SharedPartsQuestion): string | undefined {
  const { head } = question;
  const spared = new Set([question.id, ...question.aborted].flatMap((id) => [id, workloadOf(head, id) ?? id]));
  for (const [identity, object] of head) {
    if (spared.has(identity)) continue;
    const parts = partsOf(head, identity, object);
    const shared = question.targets.find((target) => parts.names.has(target) && cameWith(question, parts, target));
    if (shared !== undefined) return `${titleOf(shared)} came with a new version of ${titleOf(identity)}, too`;
  }
  return undefined;
}

function titleOf(identity: string): string {
  return identity.slice(identity.indexOf('/') + 1);
}

function workloadOf(declared: Declared, id: string): string | undefined {
  const object = declared.get(id);
  return object && partsIn(declared, id, object).workload;
}

function partsIn(declared: Declared, id: string, object: KubeObject): ReturnType<typeof versionParts> {
  return versionParts(object, namespaceIn(id), (identity) => declared.get(identity));
}

interface Parts {
  /** Identities of the objects whose template it is. */
  readonly templates: readonly string[];
  /** Identities of ConfigMaps and Secrets whose content belongs to its versions. */
  readonly content: readonly string[];
  /** Identities of all ConfigMaps and Secrets that it names. */
  readonly names: ReadonlySet<string>;
}

function partsOf(head: Declared, identity: string, object: KubeObject): Parts {
  const { workload, template, content } = partsIn(head, identity, object);
  const named = templateReferences(template ?? templateOf(object)).map(
    ({ kind, name }) => `/${kind} ${namespaceIn(identity)}/${name}`,
  );
  const templates = workload === undefined ? [identity] : [identity, workload];
  return { templates, content, names: new Set([...named, ...content]) };
}

/** Whether what is taken back also brought a version of this one, and the head still declares that. */
function cameWith({ head, before, after }: SharedPartsQuestion, parts: Parts, target: string): boolean {
  if (parts.content.includes(target)) return true;
  return parts.templates.some((identity) => {
    const [old, now, last] = [before, after, head].map((declared) => declared.get(identity));
    if (old === undefined || now === undefined || last === undefined) return false;
    const template = templateOf(old);
    return !deepEqual(template, templateOf(now)) && !deepEqual(template, templateOf(last));
  });
}
