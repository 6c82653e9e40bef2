import type { KubeObject, ObjectRef } from '../api/kube-object.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeWrite } from '../api/kube-write.ts';
import { workloadRefOf } from '../core/rollout/workload-reference.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import { editObject, readRollout, refOf } from './objects.ts';
import { CommandError, placeText, type Session } from './session.ts';
import { targetOf } from './target.ts';

/** One `container=image`; `*` stands for every container. */
export interface ImageChoice {
  readonly container: string;
  readonly image: string;
}

/** The verb `set image`: new images for containers of the Rollout, or of the workload that it takes its template from. */
export async function setImageVerb(session: Session, words: readonly string[]): Promise<number> {
  const choices = words.filter((word) => word.includes('=')).map(choiceOf);
  const { name } = targetOf(
    words.filter((word) => !word.includes('=')),
    { kinds: [KINDS.rollout] },
  );
  if (choices.length === 0) throw new CommandError(`say which image: set image ${name} CONTAINER=IMAGE`);
  const rollout = await readRollout(session, name);
  const ref = workloadRefOf(rollout) ?? refOf(session, KINDS.rollout, name);
  await editObject(session, ref, (object) => [imageWrite(object, ref, choices)]);
  const images = choices.map(({ container, image }) => `${container}=${image}`).join(', ');
  session.terminal.print(
    `${ref.kind.kind.toLowerCase()} '${ref.name}' image updated (${images}) in ${placeText(session.place)}`,
  );
  return 0;
}

function choiceOf(word: string): ImageChoice {
  const [container = '', ...image] = word.split('=');
  if (container === '' || image.join('=') === '') throw new CommandError(`${word}: write CONTAINER=IMAGE`);
  return { container, image: image.join('=') };
}

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** A guarded patch of the images alone. Throws CommandError for a container that is not there. */
export function imageWrite(object: KubeObject, ref: ObjectRef, choices: readonly ImageChoice[]): KubeWrite {
  const root = ref.kind === KINDS.podTemplate ? ['template', 'spec'] : ['spec', 'template', 'spec'];
  const pod = root.reduce<unknown>((value, key) => (isPlainObject(value) ? value[key] : undefined), object);
  const containers = LISTS.flatMap((list) => containersIn(pod, list));
  for (const { container } of choices) {
    if (container !== '*' && !containers.some(({ name }) => name === container))
      throw new CommandError(
        `there is no container '${container}'; there is ${containers.map(({ name }) => name).join(', ')}`,
      );
  }
  const operations = containers.flatMap(({ list, index, name }) => {
    const image = choices.findLast(({ container }) => container === name || container === '*')?.image;
    const path = `/${[...root, list, index].join('/')}`;
    if (image === undefined) return [];
    return [
      { op: 'test', path: `${path}/name`, value: name },
      { op: 'add', path: `${path}/image`, value: image },
    ];
  });
  return { verb: 'patch', ref, patchType: 'json', body: operations };
}

function containersIn(pod: unknown, list: string): readonly { list: string; index: number; name: string }[] {
  const found = isPlainObject(pod) ? pod[list] : undefined;
  if (!Array.isArray(found)) return [];
  return found.map((container: unknown, index) => ({
    list,
    index,
    name: isPlainObject(container) ? String(container['name']) : '',
  }));
}
