import { RE2JS } from 're2js';

import { fail } from './errors.ts';

/** How many compiled patterns are kept; a condition has one or two. */
const CACHE_MAX = 256;
const compiled = new Map<string, RE2JS>();

/** Whether the pattern occurs in the text: RE2 syntax, in time linear to the text. */
export function matchesPattern(pattern: string, text: string): boolean {
  return patternOf(pattern).test(text);
}

/** What is wrong with a pattern, in the Go implementation's words as far as they are known; undefined when nothing is. */
export function checkPattern(pattern: string): string | undefined {
  try {
    patternOf(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function patternOf(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const fresh = compile(pattern);
  const oldest = compiled.keys().next();
  if (compiled.size >= CACHE_MAX && oldest.done !== true) compiled.delete(oldest.value);
  compiled.set(pattern, fresh);
  return fresh;
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}
