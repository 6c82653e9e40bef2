import type { KubeObject, ObjectRef, ResourceKind } from '../api/kube-object.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import type { Rollout } from '../api/rollout.ts';
import { deedOn, explained, isConflict, isUnserved } from './kube-failure.ts';
import { CommandError, placeText, type Session } from './session.ts';

/** How often an edit is tried again when somebody else was faster. */
const CONFLICTS_MAX = 5;
/** How many names a hint shows. */
const HINTS_MAX = 5;

export function refOf(session: Session, kind: ResourceKind, name: string): ObjectRef {
  return { kind, namespace: session.place.namespace, name };
}

export async function readRollout(session: Session, name: string): Promise<Rollout> {
  return (await readObject(session, refOf(session, KINDS.rollout, name))) as Rollout;
}

/** Throws CommandError with the names that there are when it does not exist. */
export async function readObject(session: Session, ref: ObjectRef): Promise<KubeObject> {
  const found = await explained(session.place, deedOn('get', ref), () => session.reader.get(ref));
  if (found !== undefined) return found;
  const word = ref.kind.kind.toLowerCase();
  throw new CommandError(
    `${word} '${ref.name}' not found in ${placeText(session.place)}${await namesHint(session, ref)}`,
  );
}

/** What else there is; nothing when it may not be listed. A kind that is not served is told, as that is the reason. */
async function namesHint(session: Session, { kind }: ObjectRef): Promise<string> {
  const { place, reader } = session;
  const objects = await explained(place, deedOn('list', { kind }), () =>
    reader.list(kind, { namespace: place.namespace }),
  ).catch((error: unknown) => {
    if (error instanceof CommandError && error.message.includes('does not serve')) throw error;
    return undefined;
  });
  if (objects === undefined) return '';
  if (objects.length === 0) return `; there are no ${kind.plural}. Name another namespace with -n`;
  const names = objects.map(({ metadata }) => metadata.name).sort();
  const more = names.length > HINTS_MAX ? ', …' : '';
  return `; there are ${names.slice(0, HINTS_MAX).join(', ')}${more}. Name another namespace with -n`;
}

export interface ObjectPatch {
  readonly ref: ObjectRef;
  readonly subresource?: 'status';
  /** A merge patch. */
  readonly body: object;
}

/** Sends one patch and returns the object as it is then. Where the kind has no such subresource, the object itself is patched. */
export async function patchObject(session: Session, patch: ObjectPatch): Promise<KubeObject | undefined> {
  const { ref, body } = patch;
  const write: KubeWrite = { verb: 'patch', ref, patchType: 'merge', subresource: patch.subresource, body };
  try {
    return await session.writer.write(write);
  } catch (error) {
    // Without the object there is a better message than that of the API server.
    if (isUnserved(error)) await readObject(session, ref);
    if (isUnserved(error) && patch.subresource !== undefined) return patchObject(session, { ref, body });
    return explained(session.place, deedOf(write), () => Promise.reject(error as Error));
  }
}

/** Reads, decides and writes, and does so again when the object was changed in between: writes carry their guards. */
export async function editObject(
  session: Session,
  ref: ObjectRef,
  edit: (object: KubeObject) => readonly KubeWrite[],
): Promise<KubeObject> {
  for (let conflicts = 0; ; conflicts += 1) {
    const object = await readObject(session, ref);
    const outcome = await tryWrites(session, edit(object), { last: conflicts === CONFLICTS_MAX });
    if (outcome === 'done') return object;
  }
}

async function tryWrites(
  session: Session,
  writes: readonly KubeWrite[],
  { last }: { readonly last: boolean },
): Promise<'done' | 'conflict'> {
  for (const write of writes) {
    const met = await explained(session.place, deedOf(write), () =>
      session.writer.write(write).catch((error: unknown) => {
        if (isConflict(error) && !last) return 'conflict' as const;
        throw error;
      }),
    );
    if (met === 'conflict') return met;
  }
  return 'done';
}

function deedOf(write: KubeWrite): ReturnType<typeof deedOn> {
  if (write.verb === 'create') return deedOn('create', { kind: write.kind });
  const subresource = write.verb === 'patch' ? write.subresource : undefined;
  return deedOn(write.verb === 'delete' ? 'delete' : 'patch', write.ref, subresource);
}
