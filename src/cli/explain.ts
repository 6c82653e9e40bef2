import { KINDS } from '../api/kinds.ts';
import { explanationOf, type Explanation } from './explanation.ts';
import { readRollout } from './objects.ts';
import { formatData, type OutputFormat } from './output.ts';
import { readRelatives } from './relatives.ts';
import { placeText, type Session } from './session.ts';
import { formatTable } from './table.ts';
import { targetOf } from './target.ts';
import { markOf, markText } from './view/mark.ts';

export interface ExplainOptions {
  readonly words: readonly string[];
  readonly output: OutputFormat;
}

/** The verb `explain`: why a Rollout waits, what will wake it, and which command would move it on. */
export async function explainVerb(session: Session, options: ExplainOptions): Promise<number> {
  const { name } = targetOf(options.words, { kinds: [KINDS.rollout] });
  const rollout = await readRollout(session, name);
  const relatives = await readRelatives(session);
  const explanation = explanationOf(rollout, relatives, session.clock.nowMs());
  const { output } = options;
  session.terminal.print(
    output === 'json' || output === 'yaml' ? formatData(explanation, output) : formatExplanation(session, explanation),
  );
  return 0;
}

function formatExplanation({ place, terminal }: Session, explanation: Explanation): string {
  const { paint } = terminal;
  const { name, phase, message, stands } = explanation;
  const state = markText({ ...markOf(phase), text: message === '' ? phase : `${phase} - ${message}` }, paint);
  const paragraphs = [
    `${paint(`rollout '${name}'`, 'bold')} in ${placeText(place)}\n${state}\n${stands}`,
    list(paint('It waits for', 'bold'), explanation.waitsFor),
    list(paint('What will wake it', 'bold'), explanation.wakes),
    list(paint('Also to know', 'bold'), explanation.facts),
  ];
  if (explanation.commands.length > 0) {
    const rows = explanation.commands.map(({ verb, effect }) => [`  ${place.program} ${verb}${place.flags}`, effect]);
    paragraphs.push(`${paint('What you can do', 'bold')}\n${formatTable(rows)}`);
  }
  return paragraphs.filter((paragraph) => paragraph !== '').join('\n\n');
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [title, ...lines.map((line) => `  - ${line.replaceAll('\n', '\n    ')}`)].join('\n');
}
