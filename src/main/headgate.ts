#!/usr/bin/env node
import { commandArguments } from './connection-options.ts';
import { headgateProgram } from './program.ts';

try {
  await headgateProgram().parseAsync([...commandArguments(process.argv.slice(2))], { from: 'user' });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // What was started before the failure may still hold handles: it is not waited for.
  process.stderr.write(`headgate: ${message}\n`, () => process.exit(1));
}
