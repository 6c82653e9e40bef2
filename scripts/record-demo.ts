import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { runDemo } from '../src/main/run-demo.ts';
import { recordingSvg, type Frame } from './terminal-svg.ts';

/**
 * Plays the story of the demo on a screen of its own and writes what it showed as a picture that moves.
 *
 *   npx node scripts/record-demo.ts           writes docs/demo.svg
 */
const COLUMNS = 112;
const ROWS = 27;
/** One picture for each of these; shown twice as fast as it happened. */
const FRAME_MS = 2_000;
const SPEED = 2;
/** What a path of this machine's temporary folder is called in the picture. */
const TEMPORARY = /\/tmp\/headgate-demo-\w+/g;

const target = 'docs/demo.svg';
// The demo starts its controller from the file that this process was started with.
process.argv[1] = resolve('src/main/headgate.ts');

const frames: Frame[] = [];
let lastMs = Number.NEGATIVE_INFINITY;
let latest = '';
const code = await runDemo({
  story: true,
  output: {
    isTTY: true,
    columns: COLUMNS,
    rows: ROWS,
    write(text: string) {
      // Anything but a screen is what the story has to say at its end.
      if (!text.startsWith('\x1b')) process.stderr.write(text);
      if (!text.startsWith('\x1b[H')) return;
      latest = text;
      const nowMs = performance.now();
      if (nowMs - lastMs < FRAME_MS) return;
      lastMs = nowMs;
      frames.push(text.replaceAll(TEMPORARY, '/tmp/headgate-demo'));
    },
  },
});
frames.push(latest.replaceAll(TEMPORARY, '/tmp/headgate-demo'));
if (code !== 0) throw new Error('the story did not end as it should; nothing was recorded');

mkdirSync(dirname(target), { recursive: true });
const svg = recordingSvg(frames, { columns: COLUMNS, rows: ROWS, frameSeconds: FRAME_MS / SPEED / 1_000 });
writeFileSync(target, svg);
process.stdout.write(`wrote ${target}: ${frames.length} pictures, ${Math.round(svg.length / 1_024)} KiB\n`);
process.exit(0);
