import type { Matcher } from './ast.ts';
import { badData } from './query-error.ts';

/** A test over a label's value; an absent label has the value ''. Throws QueryError for a malformed pattern. */
export function compileMatcher(matcher: Matcher): (value: string) => boolean {
  switch (matcher.op) {
    case '=':
      return (value) => value === matcher.value;
    case '!=':
      return (value) => value !== matcher.value;
    case '=~': {
      const pattern = compilePattern(matcher);
      return (value) => pattern.test(value);
    }
    case '!~': {
      const pattern = compilePattern(matcher);
      return (value) => !pattern.test(value);
    }
  }
}

/** Patterns match the whole value. */
function compilePattern(matcher: Matcher): RegExp {
  try {
    return new RegExp(`^(?:${matcher.value})$`, 'su');
  } catch (cause) {
    throw badData(
      `invalid pattern ${JSON.stringify(matcher.value)} for label ${matcher.label}: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}
