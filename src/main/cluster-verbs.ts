import { Command, InvalidArgumentError, Option } from 'commander';
import type { OutputFormat } from '../cli/output.ts';
import type { Session } from '../cli/session.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { parseTimestampMs } from '../lib/timestamp.ts';
import { withConnectionOptions, type ConnectionFlags } from './connection-options.ts';
import type { ProgramIo } from './program-io.ts';
import { headgateVersion } from './version.ts';

/** The verbs that talk to a cluster, as `kubectl headgate` has them. Each loads only what it needs. */
export function clusterVerbs(io: ProgramIo): readonly Command[] {
  const act = (command: Command): Verb => verbOf(command, io);
  return [
    getCommand(act),
    listCommand(act),
    statusCommand(act),
    explainCommand(act),
    historyCommand(act),
    promoteCommand(act),
    skipCommand(act),
    ...patchCommands(act),
    restartCommand(act),
    undoCommand(act),
    setCommand(act),
    versionCommand(act),
  ];
}

interface Verb {
  readonly command: Command;
  /** What the verb does with its arguments and options; answers the exit code. */
  does<Flags>(run: (session: Session, words: readonly string[], flags: Flags) => Promise<number>): Command;
}

type Act = (command: Command) => Verb;

function verbOf(bare: Command, io: ProgramIo): Verb {
  const command = withConnectionOptions(bare);
  return {
    command,
    does: (run) =>
      command.action(async (...given: unknown[]) => {
        const flags = command.opts<ConnectionFlags>();
        // Commander hands over the arguments, then the options and the command itself.
        const words = given.slice(0, -2).flat() as readonly string[];
        const { openSession } = await import('./open-session.ts');
        const session = await openSession(flags, io);
        try {
          io.setExitCode(await run(session, words, command.opts() as Parameters<typeof run>[2]));
        } finally {
          await session.close();
        }
      }),
  };
}

const WHICH = 'a name, or a kind and a name: rollout, experiment, analysisrun';

function getCommand(act: Act): Command {
  const command = new Command('get')
    .description('Show a Rollout, Experiment or AnalysisRun and everything that belongs to it')
    .argument('<which...>', WHICH)
    .option('-w, --watch', 'go on showing it as it changes', false)
    .addOption(time('--timeout <duration>', 'end the watch after this time, with exit code 1'))
    .addOption(new Option('--timeout-seconds <n>').argParser(seconds).hideHelp())
    .addOption(output(['text', 'wide', 'json', 'yaml']));
  interface Flags {
    readonly watch: boolean;
    readonly timeout?: number;
    readonly timeoutSeconds?: number;
    readonly output: OutputFormat;
  }
  return act(command).does(async (session, words, flags: Flags) => {
    const { getVerb } = await import('../cli/get.ts');
    const { watch, output: format, timeout, timeoutSeconds } = flags;
    return getVerb(session, { words, watch, output: format, timeoutMs: timeout ?? timeoutSeconds });
  });
}

function listCommand(act: Act): Command {
  const command = new Command('list')
    .description('List the Rollouts or Experiments of a namespace')
    .argument('[what]', 'rollouts or experiments', 'rollouts')
    .option('-A, --all-namespaces', 'those of all namespaces', false)
    .option('--name <name>', 'only the one of this name')
    .option('-w, --watch', 'go on showing them as they change', false)
    .addOption(output(['text', 'wide', 'json', 'yaml']));
  interface Flags {
    readonly allNamespaces: boolean;
    readonly name?: string;
    readonly watch: boolean;
    readonly output: OutputFormat;
  }
  return act(command).does(async (session, [what = 'rollouts'], flags: Flags) => {
    const { listVerb } = await import('../cli/list.ts');
    return listVerb(session, { what, ...flags });
  });
}

function statusCommand(act: Act): Command {
  const command = new Command('status')
    .description('Wait until a Rollout is Healthy (exit code 0) or Degraded (1); 2 when the time is up')
    .argument('<which...>', 'the name of a Rollout')
    .option('-w, --watch', 'wait for the end; also --watch=false', true)
    .option('--no-watch', 'only say how it stands now')
    .addOption(time('-t, --timeout <duration>', 'how long to wait; for ever if unset'))
    .addOption(output(['text', 'json', 'yaml']));
  interface Flags {
    readonly watch: boolean;
    readonly timeout?: number;
    readonly output: OutputFormat;
  }
  return act(command).does(async (session, words, { watch, timeout, output: format }: Flags) => {
    const { statusVerb } = await import('../cli/status.ts');
    // For scripts that say 0 when they mean no limit.
    return statusVerb(session, { words, watch, timeoutMs: timeout === 0 ? undefined : timeout, output: format });
  });
}

function explainCommand(act: Act): Command {
  const command = new Command('explain')
    .description('Say why a Rollout waits, what will wake it, and which command would move it on')
    .argument('<which...>', 'the name of a Rollout')
    .addOption(output(['text', 'json', 'yaml']));
  return act(command).does(async (session, words, flags: { readonly output: OutputFormat }) => {
    const { explainVerb } = await import('../cli/explain.ts');
    return explainVerb(session, { words, output: flags.output });
  });
}

function historyCommand(act: Act): Command {
  const command = new Command('history')
    .description('List the revisions of a Rollout that are kept, and which one is stable')
    .argument('<which...>', 'the name of a Rollout')
    .addOption(new Option('--revision <n>', 'show the pod template of this revision').argParser(count))
    .addOption(output(['text', 'json', 'yaml']));
  interface Flags {
    readonly revision?: number;
    readonly output: OutputFormat;
  }
  return act(command).does(async (session, words, flags: Flags) => {
    const { historyVerb } = await import('../cli/history.ts');
    return historyVerb(session, { words, revision: flags.revision, output: flags.output });
  });
}

function promoteCommand(act: Act): Command {
  const command = new Command('promote')
    .description('End the pause, or else the step, at which Rollouts are')
    .argument('<which...>', 'names of Rollouts')
    .option('--full', 'all at once: no more steps, pauses and analyses', false)
    .addOption(new Option('-c, --skip-current-step').hideHelp())
    .addOption(new Option('-a, --skip-all-steps').hideHelp());
  interface Flags {
    readonly full: boolean;
    readonly skipCurrentStep?: boolean;
    readonly skipAllSteps?: boolean;
  }
  return act(command).does(async (session, words, { full, skipCurrentStep, skipAllSteps }: Flags) => {
    const { promoteVerb, skipVerb } = await import('../cli/promotion.ts');
    if (skipCurrentStep === true || skipAllSteps === true)
      return skipVerb(session, { words, to: skipAllSteps === true ? 'end' : undefined });
    return promoteVerb(session, { words, full });
  });
}

function skipCommand(act: Act): Command {
  const command = new Command('skip')
    .description('Leave out the canary step at which Rollouts are, or several')
    .argument('<which...>', 'names of Rollouts')
    .addOption(new Option('--to-step <n>', 'go on with this step, counted from 1').argParser(count))
    .option('--all', 'leave out all steps that are left', false);
  interface Flags {
    readonly toStep?: number;
    readonly all: boolean;
  }
  return act(command).does(async (session, words, { toStep, all }: Flags) => {
    const { skipVerb } = await import('../cli/promotion.ts');
    return skipVerb(session, { words, to: all ? 'end' : toStep });
  });
}

/** Verbs that are one patch. */
function patchCommands(act: Act): readonly Command[] {
  const commands = () => import('../cli/commands.ts');
  return [
    act(
      new Command('abort')
        .description('Give the traffic back to the stable version, and end the update')
        .argument('<which...>', 'names of Rollouts'),
    ).does(async (session, words) => (await commands()).abortVerb(session, words)),
    act(
      new Command('retry')
        .description('Start an aborted Rollout, or an Experiment that ended, again')
        .argument('<which...>', 'names, or a kind and names: rollout, experiment'),
    ).does(async (session, words) => (await commands()).retryVerb(session, words)),
    act(
      new Command('pause')
        .description('Let Rollouts stay where they are (spec.paused)')
        .argument('<which...>', 'names of Rollouts'),
    ).does(async (session, words) => (await commands()).pauseVerb(session, words)),
    act(
      new Command('resume').description('Take a pause by hand back').argument('<which...>', 'names of Rollouts'),
    ).does(async (session, words) => (await commands()).resumeVerb(session, words)),
    act(
      new Command('terminate')
        .description('End an AnalysisRun or Experiment early')
        .argument('<which...>', 'a kind and names: analysisrun, experiment'),
    ).does(async (session, words) => (await commands()).terminateVerb(session, words)),
  ];
}

function restartCommand(act: Act): Command {
  const command = new Command('restart')
    .description('Replace all pods of Rollouts, as far as disruption budgets allow')
    .argument('<which...>', 'names of Rollouts')
    .addOption(time('-i, --in <duration>', 'not at once, but after this time'))
    .addOption(new Option('--at <time>', 'not at once, but then: 2026-03-01T04:00:00Z').argParser(moment));
  interface Flags {
    readonly in?: number;
    readonly at?: number;
  }
  return act(command).does(async (session, words, flags: Flags) => {
    const { restartVerb } = await import('../cli/commands.ts');
    return restartVerb(session, { words, inMs: flags.in, atMs: flags.at });
  });
}

function undoCommand(act: Act): Command {
  const command = new Command('undo')
    .description('Make the pod template of an earlier revision the wanted one again')
    .argument('<which...>', 'the name of a Rollout')
    .addOption(new Option('--to-revision <n>', 'which revision; the one before the newest if unset').argParser(count));
  return act(command).does(async (session, words, flags: { readonly toRevision?: number }) => {
    const { undoVerb } = await import('../cli/undo.ts');
    // For scripts that say 0 when they mean the one before.
    return undoVerb(session, { words, revision: flags.toRevision === 0 ? undefined : flags.toRevision });
  });
}

function setCommand(act: Act): Command {
  const image = new Command('image')
    .description('Set the images of containers, of the Rollout or of the workload that it refers to')
    .argument('<which...>', 'the name of a Rollout, then CONTAINER=IMAGE, once or more; * is every container');
  const command = act(image).does(async (session, words) => {
    const { setImageVerb } = await import('../cli/set-image.ts');
    return setImageVerb(session, words);
  });
  return new Command('set').description('Change what a Rollout runs').addCommand(command);
}

function versionCommand(act: Act): Command {
  const command = new Command('version')
    .description('Show the version of this program and of the controller')
    .option('--controller-namespace <name>', 'where the controller runs', 'headgate')
    .addOption(output(['text', 'json', 'yaml']));
  interface Flags {
    readonly controllerNamespace: string;
    readonly output: OutputFormat;
  }
  return act(command).does(async (session, _words, { controllerNamespace, output: format }: Flags) => {
    const { versionVerb } = await import('../cli/version.ts');
    return versionVerb(session, { client: headgateVersion(), controllerNamespace, output: format });
  });
}

function output(formats: readonly OutputFormat[]): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats).default('text');
}

function time(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const ms = parseDurationMs(text);
    if (ms === undefined || ms < 0) throw new InvalidArgumentError('write a duration such as 30s or 1m30s');
    return ms;
  });
}

function seconds(text: string): number {
  return count(text) * 1_000;
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('write a whole number');
  return number;
}

function moment(text: string): number {
  const ms = parseTimestampMs(text);
  if (ms === undefined) throw new InvalidArgumentError('write a time such as 2026-03-01T04:00:00Z');
  return ms;
}
