import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/** The options that a script was started with. `--help` ends it with its usage, and what it does not know with one line. */
export function readOptions<const O extends Options>(usage: string, options: O): Values<O> {
  helpIfAsked(usage);
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

/** The words that a script was started with, instead of options. */
export function readWords<Word extends string>(usage: string, words: readonly Word[]): readonly Word[] {
  helpIfAsked(usage);
  return process.argv.slice(2).map((given) => oneOf('unknown', words, given));
}

/** The word that was given, which has to be one of these; `what` is put before it where it is not. */
export function oneOf<Word extends string>(what: string, words: readonly Word[], given: string): Word {
  return words.find((word) => word === given) ?? refuse(`${what} ${given}: use ${words.join(', ')}`);
}

/** A number of 0 or more. */
export function numberOf(option: string, given: string): number {
  const number = Number(given);
  return given !== '' && number >= 0 ? number : refuse(`${option} ${given}: use a number of 0 or more`);
}

function helpIfAsked(usage: string): void {
  if (!process.argv.includes('--help')) return;
  process.stdout.write(`${usage.replaceAll(/^\n|\n$/g, '')}\n`);
  process.exit(0);
}

/** Ends a script that was started in a way that it does not know. */
function refuse(why: string): never {
  process.stderr.write(`${why.split('\n')[0]} (--help shows what there is)\n`);
  process.exit(2);
}
