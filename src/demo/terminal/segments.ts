/** A piece of text in one colour. Lines are built of these, so that widths are known before colours are put in. */
export interface Segment {
  readonly text: string;
  readonly color?: Color;
}

export type Color = 'green' | 'yellow' | 'red' | 'cyan' | 'magenta' | 'dim' | 'bold';

const CODES: Readonly<Record<Color, string>> = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  magenta: '35',
  cyan: '36',
};

export function paint(text: string, color?: Color): Segment {
  return color === undefined ? { text } : { text, color };
}

/** One line of at most `columns` characters; what is cut off ends in an ellipsis. */
export function renderLine(
  segments: readonly Segment[],
  options: { readonly columns: number; readonly colors: boolean },
): string {
  const whole = segments.reduce((length, segment) => length + segment.text.length, 0);
  let left = whole > options.columns ? options.columns - 1 : options.columns;
  let line = '';
  for (const { text, color } of segments) {
    const shown = text.slice(0, Math.max(0, left));
    left -= shown.length;
    if (shown === '') continue;
    line += color === undefined || !options.colors ? shown : `\x1b[${CODES[color]}m${shown}\x1b[0m`;
  }
  return whole > options.columns ? `${line}…` : line;
}

/** A bar of `width` characters that is filled to a share of 0..1. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.max(0, Math.min(1, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}
