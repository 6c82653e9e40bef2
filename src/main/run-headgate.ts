import { CommanderError, type Command } from 'commander';
import { commandArguments } from './connection-options.ts';
import { headgateProgram } from './program.ts';
import type { ProgramIo } from './program-io.ts';

/** Runs the program once with these arguments, inside a process that goes on; answers the exit code. */
export async function runHeadgate(args: readonly string[], io: ProgramIo): Promise<number> {
  let exitCode = 0;
  const program = headgateProgram({
    ...io,
    setExitCode: (code) => {
      exitCode = code;
      io.setExitCode(code);
    },
  });
  for (const command of everyCommand(program)) {
    command.exitOverride().configureOutput({ writeOut: io.out.bind(io), writeErr: io.err.bind(io) });
  }
  try {
    await program.parseAsync([...commandArguments(args)], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    io.err(`headgate: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}
