import { markOf, markText } from './mark.ts';
import type { Colour, Paint } from './paint.ts';
import { visibleWidth } from '../table.ts';
import { placeText, type Place } from '../session.ts';
import type { ImageView, RolloutView, StepView } from './rollout-view.ts';

export interface OverviewFormat {
  readonly place: Place;
  readonly paint: Paint;
  readonly columns: number;
}

const LABEL_WIDTH = 17;

/** The lines above the tree. Labels are those that scripts look for in the output of `kubectl argo rollouts get`. */
export function formatOverview(view: RolloutView, format: OverviewFormat): string {
  const { paint, place } = format;
  const lines = [
    labelled('Name:', view.name),
    labelled('Namespace:', placeText(place).replace('namespace ', '')),
    labelled('Status:', markText(markOf(view.phase), paint)),
    ...(view.message === '' ? [] : [labelled('Message:', view.message)]),
    ...(view.waitingFor === undefined ? [] : [labelled('Waits for:', view.waitingFor)]),
    ...(view.lastCommand === undefined
      ? []
      : [labelled('Last command:', `${view.lastCommand.text} (${view.lastCommand.at})`)]),
    labelled('Strategy:', view.strategy),
    ...(view.strategy === 'Canary' ? canaryLines(view, format) : []),
    ...imageLines(view.images, paint),
    ...replicaLines(view),
  ];
  return lines.join('\n');
}

/** One labelled line; further lines of the text stand under the first. */
export function labelled(label: string, text: string): string {
  const [first = '', ...more] = text.split('\n');
  return [label.padEnd(LABEL_WIDTH) + first, ...more.map((line) => ' '.repeat(LABEL_WIDTH) + line)].join('\n');
}

function canaryLines(view: RolloutView, { paint, columns }: OverviewFormat): readonly string[] {
  const { steps = [], stepsDone = 0, weightVerified } = view;
  const seen = weightVerified === false ? ' (written, not seen in the data plane yet)' : '';
  return [
    ...(steps.length === 0 ? [] : [labelled('  Step:', `${stepsDone}/${steps.length}`)]),
    ...(steps.length === 0 ? [] : [labelled('', stepTrack(steps, { paint, width: columns - LABEL_WIDTH }))]),
    labelled('  SetWeight:', String(view.setWeight ?? 0)),
    labelled('  ActualWeight:', `${view.actualWeight ?? 0}${seen}`),
  ];
}

const STEP_LOOKS: Readonly<Record<StepView['state'], { readonly icon: string; readonly colour?: Colour }>> = {
  done: { icon: '✔', colour: 'green' },
  now: { icon: '▶', colour: 'yellow' },
  ahead: { icon: '○', colour: 'dim' },
};

/** All steps in order: which are done, which one is at work. */
function stepTrack(
  steps: readonly StepView[],
  { paint, width }: { readonly paint: Paint; readonly width: number },
): string {
  const lines: string[] = [];
  for (const { text, state } of steps) {
    const { icon, colour } = STEP_LOOKS[state];
    const item = `${paint(icon, colour)} ${paint(text, state === 'now' ? 'bold' : colour === 'dim' ? 'dim' : undefined)}`;
    const line = lines.at(-1);
    if (line !== undefined && visibleWidth(line) + visibleWidth(item) + 2 <= width)
      lines[lines.length - 1] = `${line}  ${item}`;
    else lines.push(item);
  }
  return lines.join('\n');
}

const TAG_COLOURS: Readonly<Record<string, Colour>> = {
  stable: 'green',
  active: 'green',
  canary: 'yellow',
  preview: 'blue',
};

function imageLines(images: readonly ImageView[], paint: Paint): readonly string[] {
  if (images.length === 0) return [];
  const texts = images.map(({ image, tags }) => {
    const shown = tags.map((tag) => paint(tag, TAG_COLOURS[tag])).join(', ');
    return tags.length === 0 ? image : `${image} (${shown})`;
  });
  return [labelled('Images:', texts.join('\n'))];
}

function replicaLines({ replicas }: RolloutView): readonly string[] {
  return [
    'Replicas:',
    labelled('  Desired:', String(replicas.desired)),
    labelled('  Current:', String(replicas.current)),
    labelled('  Updated:', String(replicas.updated)),
    labelled('  Ready:', String(replicas.ready)),
    labelled('  Available:', String(replicas.available)),
  ];
}
