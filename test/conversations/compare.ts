import type { AcceptedDifference } from './differences.ts';
import { isJsonObject, type Answer, type Exchange, type Json } from './conversation.ts';

/** One place in which two servers answered the same request differently. */
export interface Difference {
  readonly call: string;
  /** Where in the answer, e.g. `body.metadata.labels`. */
  readonly path: string;
  readonly expected: Json | undefined;
  readonly actual: Json | undefined;
}

/** Differences between two tellings of one conversation. */
export function differencesBetween(expected: readonly Exchange[], actual: readonly Exchange[]): readonly Difference[] {
  return expected.flatMap(({ ask, answer }, index) => {
    const other = actual[index]?.answer ?? { status: 0 };
    const found =
      answer.status === other.status ? [...differing(asJson(answer), asJson(other), '')] : [verdicts(answer, other)];
    return found.map((difference) => ({ call: ask.call, ...difference }));
  });
}

/** Where one server refuses what the other takes, nothing else in the answer is worth a comparison. */
function verdicts(answer: Answer, other: Answer): Omit<Difference, 'call'> {
  return { path: 'status', expected: verdict(answer), actual: verdict(other) };
}

function verdict({ status, body }: Answer): string {
  const message = isJsonObject(body) && typeof body['message'] === 'string' ? `: ${body['message']}` : '';
  return `${status}${message}`;
}

/** The entry of the list that accepts this difference, if one does. */
export function acceptanceOf(
  difference: Difference,
  list: readonly AcceptedDifference[],
): AcceptedDifference | undefined {
  return list.find(
    ({ call, path, real }) =>
      matches(call, difference.call) &&
      matches(path, difference.path) &&
      matches(real, JSON.stringify(difference.expected) ?? ''),
  );
}

export function textOf({ call, path, expected, actual }: Difference): string {
  return `${call}: ${path} is ${JSON.stringify(actual)} and should be ${JSON.stringify(expected)}`;
}

function matches(pattern: RegExp | undefined, text: string): boolean {
  return pattern === undefined || pattern.test(text);
}

function asJson(answer: Answer): Json {
  return answer as unknown as Json;
}

function* differing(
  expected: Json | undefined,
  actual: Json | undefined,
  path: string,
): Generator<Omit<Difference, 'call'>> {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    for (let index = 0; index < Math.max(expected.length, actual.length); index++)
      yield* differing(expected[index] as Json | undefined, actual[index] as Json | undefined, `${path}[${index}]`);
    return;
  }
  if (isJsonObject(expected) && isJsonObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)]))
      yield* differing(expected[key], actual[key], path === '' ? key : `${path}.${key}`);
    return;
  }
  if (expected !== actual) yield { path, expected, actual };
}
