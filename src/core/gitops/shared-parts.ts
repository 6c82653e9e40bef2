import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { namespaceIn } from './manifest.ts';
import { isConfiguration, partsIn, referencedIdentities, templateOf, versionParts, type Find } from './references.ts';

type Declared = ReadonlyMap<string, KubeObject>;

export interface SharedPartsQuestion {
  /** Identity of the Rollout that is taken back. */
  readonly id: string;
  /** Identities of what would be taken back with it, of which ConfigMaps and Secrets count. */
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
  const targets = question.targets.filter(isConfiguration);
  if (targets.length === 0) return undefined;
  const find = (identity: string): KubeObject | undefined => head.get(identity);
  const spared = new Set([question.id, ...question.aborted].flatMap((id) => [id, partsIn(find, id)?.workload ?? id]));
  for (const [identity, object] of head) {
    if (spared.has(identity)) continue;
    const parts = partsOf(find, identity, object);
    const shared = targets.find((target) => parts.names.has(target) && cameWith(question, parts, target));
    if (shared !== undefined) return `${titleOf(shared)} came with a new version of ${titleOf(identity)}, too`;
  }
  return undefined;
}

function titleOf(identity: string): string {
  return identity.slice(identity.indexOf('/') + 1);
}

interface Parts {
  /** Identities of the objects whose template it is. */
  readonly templates: readonly string[];
  /** Identities of ConfigMaps and Secrets whose content belongs to its versions. */
  readonly content: readonly string[];
  /** Identities of all ConfigMaps and Secrets that it names. */
  readonly names: ReadonlySet<string>;
}

function partsOf(find: Find, identity: string, object: KubeObject): Parts {
  const { workload, template, content } = versionParts(object, namespaceIn(identity), find);
  const named = referencedIdentities(template ?? templateOf(object), namespaceIn(identity));
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
