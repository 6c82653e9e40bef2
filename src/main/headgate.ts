#!/usr/bin/env node
import { Command } from 'commander';
import { controllerCommand } from './controller-options.ts';
import { headgateVersion } from './version.ts';

/** The one binary. Each verb loads only what it needs. */
const program = new Command('headgate')
  .description('Progressive delivery for Kubernetes that closes the loop to Git')
  .version(headgateVersion())
  .showHelpAfterError('(headgate --help lists the verbs)');

program.addCommand(
  controllerCommand(async (options) => {
    const { runController } = await import('./run-controller.ts');
    await runController(options);
  }),
);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`headgate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
