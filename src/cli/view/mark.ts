import type { Colour, Paint } from './paint.ts';

/** A state at a glance. Icons are those that users of `kubectl argo rollouts` know. */
export interface Mark {
  readonly icon: string;
  readonly text: string;
  readonly colour?: Colour;
}

const GOOD = { icon: '✔', colour: 'green' } as const;
const BAD = { icon: '✖', colour: 'red' } as const;
const WORKING = { icon: '◌', colour: 'blue' } as const;
const WARNING = { icon: '⚠', colour: 'red' } as const;
const OPEN = { icon: '?', colour: 'yellow' } as const;
const PAUSED = { icon: '॥', colour: 'yellow' } as const;
const WAITING = { icon: '◷', colour: 'yellow' } as const;
const AT_REST = { icon: '•' } as const;

const BY_WORD: Readonly<Record<string, Omit<Mark, 'text'>>> = {
  Healthy: GOOD,
  Successful: GOOD,
  Running: WORKING,
  Progressing: WORKING,
  Paused: PAUSED,
  Degraded: BAD,
  Failed: BAD,
  ReplicaFailure: BAD,
  Error: WARNING,
  Inconclusive: OPEN,
  Unknown: OPEN,
  Pending: WAITING,
  ScaledDown: AT_REST,
};

/** The mark of a phase, as Rollouts, ReplicaSets, Experiments, AnalysisRuns and measurements have them. */
export function markOf(word: string): Mark {
  return { ...(BY_WORD[word] ?? { icon: ' ' }), text: word };
}

export function goodMark(text: string): Mark {
  return { ...GOOD, text };
}

export function badMark(text: string): Mark {
  return { ...BAD, text };
}

export function workingMark(text: string): Mark {
  return { ...WORKING, text };
}

export function restingMark(text: string): Mark {
  return { ...AT_REST, text };
}

export function markText({ icon, text, colour }: Mark, paint: Paint): string {
  return `${paint(icon, colour)} ${text}`;
}
