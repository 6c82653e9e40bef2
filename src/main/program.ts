import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDurationMs } from '../lib/duration.ts';
import { clusterVerbs } from './cluster-verbs.ts';
import { completionVerbs } from './completion-verbs.ts';
import { controllerCommand } from './controller-options.ts';
import { processIo, type ProgramIo } from './program-io.ts';
import { headgateVersion } from './version.ts';

/** The one binary: its verbs and their options. Each verb loads only what it needs. */
export function headgateProgram(io: ProgramIo = processIo()): Command {
  const program = new Command('headgate')
    .description('Progressive delivery for Kubernetes that closes the loop to Git')
    .version(headgateVersion())
    .showHelpAfterError('(headgate --help lists the verbs)')
    .addCommand(controllerVerb())
    .addCommand(demoVerb())
    .addCommand(planCommand(io))
    .addCommand(lintCommand(io));
  for (const verb of clusterVerbs(io)) program.addCommand(verb);
  const [completion, complete] = completionVerbs(program, io);
  if (completion !== undefined) program.addCommand(completion);
  if (complete !== undefined) program.addCommand(complete, { hidden: true });
  return program;
}

function controllerVerb(): Command {
  return controllerCommand(async (options) => {
    const { runController } = await import('./run-controller.ts');
    await runController(options);
  });
}

function demoVerb(): Command {
  return new Command('demo')
    .description('Show the whole loop on this machine: a cluster in one process, Git, Prometheus, traffic, Slack')
    .option('--story', 'play a good and a bad version unattended, then end', false)
    .option('--kill-every <ms>', 'kill the controller this often, to show that it changes nothing', Number)
    .action(async (options: { readonly story: boolean; readonly killEvery?: number }) => {
      const { runDemo } = await import('./run-demo.ts');
      process.exitCode = await runDemo(options);
    });
}

interface PlanFlags {
  readonly filename: readonly string[];
  readonly podStart: number;
  readonly analysisTime: number;
  readonly resumeAfter: number;
  readonly install: boolean;
  readonly output: string;
}

function planCommand(io: ProgramIo): Command {
  return new Command('plan')
    .description('Print what an update would do, and when: the same decisions as in the cluster, on imagined objects')
    .requiredOption('-f, --filename <path...>', 'files, folders, or - for standard input')
    .addOption(time('--pod-start <duration>', 'from the start of a pod until it is available', { ms: 0, text: '0s' }))
    .addOption(
      time('--analysis-time <duration>', 'how long each analysis takes before it is good', { ms: 60_000, text: '1m' }),
    )
    .addOption(
      time('--resume-after <duration>', 'how long people take to end a pause without a duration', {
        ms: 0,
        text: '0s',
      }),
    )
    .option('--install', 'the first deployment instead of an update', false)
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .action(async (options: PlanFlags) => {
      const { planVerb } = await import('../cli/plan.ts');
      const { createYamlParser } = await import('../adapters/git/yaml-parser.ts');
      const { filename, podStart, analysisTime, resumeAfter, install, output } = options;
      const times = { podStartMs: podStart, analysisMs: analysisTime, resumeAfterMs: resumeAfter };
      print(io, planVerb({ filename, ...times, install, json: output === 'json' }, createYamlParser()));
    });
}

function lintCommand(io: ProgramIo): Command {
  return new Command('lint')
    .description('Check manifests without a cluster, by the rules that the controller applies')
    .requiredOption('-f, --filename <path...>', 'files, folders, or - for standard input')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json', 'sarif']).default('text'))
    .action(async (options: { readonly filename: readonly string[]; readonly output: 'text' | 'json' | 'sarif' }) => {
      const { lintVerb } = await import('../cli/lint.ts');
      const { createYamlParser } = await import('../adapters/git/yaml-parser.ts');
      print(io, lintVerb({ filename: options.filename, format: options.output }, createYamlParser()));
    });
}

function time(flags: string, description: string, unset: { readonly ms: number; readonly text: string }): Option {
  return new Option(flags, description).argParser(duration).default(unset.ms, unset.text);
}

function duration(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 0) throw new InvalidArgumentError('write a duration such as 30s or 1m30s');
  return ms;
}

function print(io: ProgramIo, result: { readonly text: string; readonly exitCode: number }): void {
  io.out(`${result.text}\n`);
  io.setExitCode(result.exitCode);
}
