import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MUTANTS, type Mutant } from './mutants.ts';

/*
 * Plays plans against the product with one defect in it, in a process of its own:
 *
 *   node mutant-run.ts NAME < references.json
 *
 * Prints `caught` with the first failure, or `survived`.
 */
const mutant = MUTANTS.find(({ name }) => name === process.argv[2]);
if (mutant === undefined) throw new Error(`there is no mutant ${process.argv[2]}`);
put(mutant);
// What it runs is loaded after the defect was put in.
const { hunt } = await import('./hunt.ts');
process.stdout.write(await hunt(JSON.parse(readFileSync(0, 'utf8')), mutant.shows));

function put({ file, find, replace }: Mutant): void {
  const url = pathToFileURL(resolve(import.meta.dirname, '../..', file)).href;
  registerHooks({
    load(address, context, next) {
      const loaded = next(address, context);
      if (address !== url) return loaded;
      const source = textOf(loaded.source);
      if (!source.includes(find)) throw new Error(`the place of the mutant is not in ${file} any more: ${find}`);
      return { ...loaded, source: source.replace(find, () => replace) };
    },
  });
}

function textOf(source: unknown): string {
  if (typeof source === 'string') return source;
  if (source instanceof Uint8Array) return Buffer.from(source).toString('utf8');
  throw new Error('the source of the mutant is not text');
}
