/** What was written to a terminal to draw the whole screen once: lines with colours. */
export type Frame = string;

export interface RecordingOptions {
  readonly columns: number;
  readonly rows: number;
  readonly frameSeconds: number;
}

/** Terminals are told what to do by sequences that begin with this. */
const ESCAPE = '\u001b';
const DRAWING = new RegExp(`${ESCAPE}\\[[HJK]`, 'g');
const COLOUR = new RegExp(`(${ESCAPE}\\[\\d+m)`);
const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;
const FRAMES_HELD_AT_END = 5;

/**
 * Frames of a terminal as one SVG that plays them again and again. Where nothing moves, the last frame is seen: it lies
 * below all others, which are hidden except in their own time.
 */
export function recordingSvg(frames: readonly Frame[], options: RecordingOptions): string {
  const width = Math.round(options.columns * CELL.width + 2 * MARGIN);
  const height = options.rows * CELL.height + 2 * MARGIN;
  const total = frames.length + FRAMES_HELD_AT_END;
  const share = (100 / total).toFixed(3);
  const last = frames.at(-1) ?? '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    '<style>',
    'text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d5dae1;white-space:pre}',
    '.c1{font-weight:bold;fill:#fff}.c2{fill:#7d8794}.c31{fill:#ff6b6b}.c32{fill:#5fd38d}.c33{fill:#f2c14e}.c35{fill:#d79bff}.c36{fill:#6cc7f0}',
    `.f{visibility:hidden;animation:f ${(total * options.frameSeconds).toFixed(1)}s step-end infinite}`,
    `@keyframes f{0%{visibility:visible}${share}%{visibility:hidden}}`,
    '</style>',
    `<rect width="${width}" height="${height}" rx="8" fill="#14181f"/>`,
    `<g>${screen(last)}</g>`,
    ...frames.slice(0, -1).map((frame, index) => {
      const delay = `style="animation-delay:${(index * options.frameSeconds).toFixed(1)}s"`;
      const cover = `<rect x="4" y="4" width="${width - 8}" height="${height - 8}" fill="#14181f"/>`;
      return `<g class="f" ${delay}>${cover}${screen(frame)}</g>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

function screen(frame: Frame): string {
  const lines = frame.replaceAll(DRAWING, '').split('\n');
  return lines.map((line, row) => lineSvg(line, MARGIN + (row + 0.8) * CELL.height)).join('');
}

/** Each run of one colour stands where its column says, so that no font can shift what follows it. */
function lineSvg(line: string, y: number): string {
  let column = 0;
  let color = '';
  const spans: string[] = [];
  for (const part of line.split(COLOUR)) {
    const code = COLOUR.test(part) ? part.slice(2, -1) : undefined;
    if (code !== undefined) {
      color = code === '0' ? '' : ` class="c${code}"`;
      continue;
    }
    if (part.trim() !== '') {
      const x = (MARGIN + column * CELL.width).toFixed(1);
      const length = (part.length * CELL.width).toFixed(1);
      spans.push(`<tspan x="${x}" textLength="${length}"${color}>${escaped(part)}</tspan>`);
    }
    column += part.length;
  }
  return spans.length === 0 ? '' : `<text y="${y.toFixed(0)}" xml:space="preserve">${spans.join('')}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
