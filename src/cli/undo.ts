import type { KubeObject, ObjectRef } from '../api/kube-object.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import { versionedConfigOf } from '../api/versioned-config.ts';
import { findByTemplate, revisionOf, templateAsWritten } from '../core/rollout/revisions.ts';
import { withWorkload, workloadRefOf } from '../core/rollout/workload-reference.ts';
import { revisionNamed, revisionsOf } from './history.ts';
import { editObject, readObject, readRollout, refOf } from './objects.ts';
import { CommandError, placeText, type Session } from './session.ts';
import { targetOf } from './target.ts';

export interface UndoOptions {
  readonly words: readonly string[];
  /** The one before the newest if unset. */
  readonly revision?: number;
}

/** The verb `undo`: the pod template of an earlier revision becomes the wanted one again. */
export async function undoVerb(session: Session, options: UndoOptions): Promise<number> {
  const { name } = targetOf(options.words, { kinds: [KINDS.rollout] });
  const rollout = await readRollout(session, name);
  const replicaSets = await revisionsOf(session, rollout);
  const replicaSet = options.revision === undefined ? replicaSets[1] : revisionNamed(replicaSets, options.revision);
  if (replicaSet === undefined)
    throw new CommandError(`rollout '${name}' has no earlier revision to go back to in ${placeText(session.place)}`);
  const revision = revisionOf(replicaSet);
  const workload = workloadRefOf(rollout);
  const ref = workload ?? refOf(session, KINDS.rollout, name);
  const wanted = workload === undefined ? rollout : withWorkload(rollout, await readObject(session, workload));
  const { terminal, place } = session;
  if (wanted.spec.template !== undefined && findByTemplate([replicaSet], wanted.spec.template, []) !== undefined) {
    terminal.print(`rollout '${name}' has the template of revision ${revision} already in ${placeText(place)}`);
    return 0;
  }
  await editObject(session, ref, (object) => [templateWrite(object, ref, templateAsWritten(replicaSet))]);
  terminal.print(`rollout '${name}' undo: back to the template of revision ${revision} in ${placeText(place)}`);
  if (versionedConfigOf(rollout) !== undefined)
    terminal.note(
      'it names the ConfigMaps and Secrets of that revision; apply your manifest to follow their sources again',
    );
  return 0;
}

/** The whole template is replaced, guarded by what was read. */
function templateWrite(object: KubeObject, ref: ObjectRef, template: object): KubeWrite {
  const path = ref.kind === KINDS.podTemplate ? '/template' : '/spec/template';
  const body = [
    { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
    { op: 'replace', path, value: template },
  ];
  return { verb: 'patch', ref, patchType: 'json', body };
}
