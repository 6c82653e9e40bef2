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

program
  .command('demo')
  .description('Show the whole loop on this machine: a cluster in one process, Git, Prometheus, traffic, Slack')
  .option('--story', 'play a good and a bad version unattended, then end', false)
  .option('--kill-every <ms>', 'kill the controller this often, to show that it changes nothing', Number)
  .action(async (options: { readonly story: boolean; readonly killEvery?: number }) => {
    const { runDemo } = await import('./run-demo.ts');
    process.exitCode = await runDemo(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // What was started before the failure may still hold handles: it is not waited for.
  process.stderr.write(`headgate: ${message}\n`, () => process.exit(1));
}
