import type { Terminal } from '../cli/session.ts';
import { coloured, plain } from '../cli/view/paint.ts';
import type { ProgramIo } from './program-io.ts';

/** Where nothing is known of the screen. */
const COLUMNS = 120;
const HOME = '\u001B[H';
const CLEAR = '\u001B[2J';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/** The screen of a verb; colours only where somebody sees them. */
export function openTerminal(io: ProgramIo, wishes: { readonly color: boolean }): Terminal {
  const { NO_COLOR = '', TERM } = io.env;
  const wanted = wishes.color && io.isTerminal && NO_COLOR === '' && TERM !== 'dumb';
  const over = io.over();
  let drawn = false;
  return {
    print: (text) => io.out(`${text}\n`),
    note: (text) => io.err(`${text}\n`),
    redraw: (text) => {
      if (!io.isTerminal) return io.out(`${text}\n`);
      const lines = fitting(text.split('\n'), io.rows).map((line) => line + CLEAR_LINE);
      io.out(`${drawn ? '' : CLEAR}${HOME}${lines.join('\n')}\n${CLEAR_BELOW}`);
      drawn = true;
    },
    paint: wanted ? coloured : plain,
    columns: io.columns ?? COLUMNS,
    live: io.isTerminal && TERM !== 'dumb',
    over,
  };
}

/** What is taller than the screen would scroll at each redraw, so its end is left out. */
function fitting(lines: readonly string[], rows: number | undefined): readonly string[] {
  if (rows === undefined || lines.length < rows) return lines;
  const kept = lines.slice(0, Math.max(1, rows - 2));
  return [...kept, `… and ${lines.length - kept.length} more lines`];
}
