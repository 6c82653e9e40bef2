import { sortedJson } from '../../lib/sorted-json.ts';

/**
 * Something in a spec that keeps it from being run. `detail` says what to do; where the API has a well-known text for
 * the same fault, it is that text, because tools match on it.
 */
export interface Problem {
  readonly kind: ProblemKind;
  /** As in `spec.strategy.canary.steps[0].setWeight`. */
  readonly path: string;
  readonly detail: string;
  /** What was found there; for the kinds that show it. */
  readonly value?: unknown;
  /** The whole line, as the API server would write it. */
  readonly message: string;
}

export type ProblemKind = 'Invalid' | 'Required' | 'Forbidden' | 'Duplicate' | 'NotFound' | 'NotSupported' | 'Internal';

export function invalid(path: string, value: unknown, detail: string): Problem {
  return problem('Invalid', path, detail, value);
}

export function required(path: string, detail = ''): Problem {
  return problem('Required', path, detail);
}

export function forbidden(path: string, detail: string): Problem {
  return problem('Forbidden', path, detail);
}

export function duplicate(path: string, value: unknown): Problem {
  return problem('Duplicate', path, '', value);
}

export function notFound(path: string, value: unknown): Problem {
  return problem('NotFound', path, '', value);
}

export function notSupported(path: string, value: unknown, supported: readonly string[]): Problem {
  return problem('NotSupported', path, `supported values: ${supported.map(goText).join(', ')}`, value);
}

/**
 * Where the API puts what is wrong with steps and other settings of a strategy: without the strategy's name, and tools
 * match on it. What it says of the objects that a strategy names, and some checks of our own, have the whole path.
 */
export const STRATEGY_PATH = 'spec.strategy';

/** A fault that the API tells without saying where it is. */
export function placeless(path: string, detail: string): Problem {
  return { kind: 'Internal', path, detail, message: detail };
}

/** A fault that the API reports without a value, as it does where two fields exclude each other. */
export function internal(path: string, detail: string): Problem {
  return problem('Internal', path, detail);
}

/** The message of the condition InvalidSpec: the first problem counts, as in the API. */
export function invalidSpecMessage(kind: string, name: string, problems: readonly Problem[]): string | undefined {
  const first = problems[0];
  return first === undefined ? undefined : `The ${kind} "${name}" is invalid: ${first.message}`;
}

const TITLES: Readonly<Record<ProblemKind, string>> = {
  Invalid: 'Invalid value',
  Required: 'Required value',
  Forbidden: 'Forbidden',
  Duplicate: 'Duplicate value',
  NotFound: 'Not found',
  NotSupported: 'Unsupported value',
  Internal: 'Internal error',
};

const SHOWS_VALUE: ReadonlySet<ProblemKind> = new Set(['Invalid', 'Duplicate', 'NotFound', 'NotSupported']);

function problem(kind: ProblemKind, path: string, detail: string, value?: unknown): Problem {
  const shown = SHOWS_VALUE.has(kind) ? `: ${goText(value)}` : '';
  const message = `${path}: ${TITLES[kind]}${shown}${detail === '' ? '' : `: ${detail}`}`;
  return value === undefined ? { kind, path, detail, message } : { kind, path, detail, message, value };
}

/** Values as the API's messages show them: as JSON, with the keys of maps sorted. */
function goText(value: unknown): string {
  return isTextMap(value) ? sortedJson(value) : (JSON.stringify(value) ?? 'null');
}

function isTextMap(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const values = Object.values(value);
  return values.length > 0 && values.every((entry) => typeof entry === 'string');
}
