#!/usr/bin/env node
import { commandArguments } from './connection-options.ts';
import { becomeSmall } from './small-process.ts';

const args = commandArguments(process.argv.slice(2));
if (args[0] === 'controller') becomeSmall();
try {
  // Loaded only now: what starts over has loaded nothing in vain.
  const { headgateProgram } = await import('./program.ts');
  await headgateProgram().parseAsync([...args], { from: 'user' });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // What was started before the failure may still hold handles: it is not waited for.
  process.stderr.write(`headgate: ${message}\n`, () => process.exit(1));
}
