import type { Clock } from '../ports/clock.ts';
import type { KubeCaches, KubeReader, KubeWriter } from '../ports/kube.ts';
import type { Paint } from './view/paint.ts';

/** The cluster and namespace that a verb acts on, and where it speaks. */
export interface Session {
  readonly place: Place;
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
  /** List-watches; opened only by verbs that watch. */
  readonly caches: KubeCaches;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

export interface Place {
  /** How this program was called: `headgate` or `kubectl headgate`. */
  readonly program: string;
  readonly context: string;
  readonly namespace: string;
  /** The options that lead to the same place, to be put behind a suggested command: ` -n shop`. */
  readonly flags: string;
}

export interface Terminal {
  /** One or more whole lines of what was asked for. */
  print(text: string): void;
  /** Beside what was asked for: standard error. */
  note(text: string): void;
  /** Replaces what the screen shows, where there is one; else prints. */
  redraw(text: string): void;
  readonly paint: Paint;
  readonly columns: number;
  /** The screen can be drawn again and again. */
  readonly live: boolean;
  /** Aborted when the user has had enough. */
  readonly over: AbortSignal;
}

/** Thrown when the user has to do something: the message says what. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** `namespace shop (context kind-dev)`, as every answer names it. */
export function placeText({ namespace, context }: Place): string {
  return `namespace ${namespace} (context ${context})`;
}
