import type { Clock, ScheduledCall } from '../../lib/clock.ts';
import type { Places, World } from '../story/world.ts';
import { renderFrame } from './frame.ts';
import { newsBetween } from './news.ts';

/** Where the demo writes to: a terminal, a file or a pipe. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface Display {
  /** Puts the terminal back as it was. Safe to call twice. */
  readonly close: () => void;
}

export interface DisplayOptions {
  readonly clock: Clock;
  readonly output: Output;
  readonly world: () => World;
  readonly places: Places;
  readonly keys: readonly string[];
}

const FRAME_MS = 150;
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

/** Draws the whole screen again and again, on the terminal's other page. */
export function startScreen(options: DisplayOptions): Display {
  const { output } = options;
  output.write(ENTER);
  const stop = repeat(options.clock, FRAME_MS, () => {
    const { columns = 100, rows = 40 } = output;
    const lines = renderFrame(options.world(), {
      columns,
      rows,
      colors: true,
      places: options.places,
      keys: options.keys,
    });
    output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\n')}\x1b[J`);
  });
  let closed = false;
  return {
    close: () => {
      if (closed) return;
      closed = true;
      stop();
      output.write(LEAVE);
    },
  };
}

/** Writes one line for everything that happens. */
export function startLines(options: DisplayOptions): Display {
  const { output, places } = options;
  let before: World | undefined;
  const tell = (): void => {
    const now = options.world();
    for (const line of newsBetween(before, now)) output.write(`${line}\n`);
    before = now;
  };
  output.write(`kubectl --kubeconfig ${places.kubeconfigPath} -n demo get rollouts,pods\n`);
  output.write(`Prometheus ${places.prometheusUrl}, gateway ${places.gatewayUrl}, git ${places.repository}\n`);
  const stop = repeat(options.clock, FRAME_MS, tell);
  let closed = false;
  return {
    close: () => {
      if (closed) return;
      closed = true;
      stop();
      tell();
    },
  };
}

/** Runs it now and then every so often, until the returned function is called. */
export function repeat(clock: Clock, everyMs: number, run: () => void): () => void {
  let call: ScheduledCall | undefined;
  const turn = (): void => {
    run();
    call = clock.schedule(everyMs, turn);
  };
  turn();
  return () => call?.cancel();
}
