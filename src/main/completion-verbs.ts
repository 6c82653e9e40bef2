import { Command, type Option } from 'commander';
import type { Grammar, VerbGrammar } from '../cli/completion.ts';
import { KINDS } from '../api/kinds.ts';
import { commandArguments, type ConnectionFlags } from './connection-options.ts';
import type { ProgramIo } from './program-io.ts';

/** `completion SHELL`, and the hidden verb that its scripts (and kubectl) ask for candidates. */
export function completionVerbs(program: Command, io: ProgramIo): readonly Command[] {
  return [
    new Command('completion')
      .description('Print the completion script of a shell: bash, zsh, fish or powershell')
      .argument('<shell>')
      .action(async (shell: string) => {
        const { completionScript } = await import('../cli/completion.ts');
        io.out(`${completionScript(shell)}\n`);
      }),
    new Command('__complete')
      .argument('[words...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(async (words: readonly string[]) => {
        io.out(`${await candidates(program, words, io)}\n`);
      }),
  ];
}

async function candidates(program: Command, typed: readonly string[], io: ProgramIo): Promise<string> {
  const words = [...commandArguments(typed.slice(0, -1)), typed.at(-1) ?? ''];
  const { candidatesFor, completionText, namesFor } = await import('../cli/completion.ts');
  const { words: known, namesOf, files } = candidatesFor(grammarOf(program), words);
  if (namesOf === undefined) return completionText(known, { files });
  const { openSession } = await import('./open-session.ts');
  const session = await openSession(flagsIn(words), io).catch(() => undefined);
  if (session === undefined) return completionText(known, { files });
  const names = await namesFor(session, namesOf, words.at(-1) ?? '');
  await session.close();
  return completionText([...known, ...names], { files });
}

/** Those of the line that is being typed, so that names are those of the place that is meant. */
function flagsIn(words: readonly string[]): ConnectionFlags {
  const after = (...flags: readonly string[]): string | undefined => {
    const index = words.findIndex((word) => flags.includes(word));
    return index === -1 ? undefined : words[index + 1];
  };
  return {
    namespace: after('-n', '--namespace'),
    context: after('--context'),
    kubeconfig: after('--kubeconfig'),
    as: after('--as'),
    color: false,
  };
}

const KIND_WORDS: Readonly<Record<string, readonly string[]>> = {
  get: ['rollout', 'experiment', 'analysisrun'],
  retry: ['rollout', 'experiment'],
  terminate: ['analysisrun', 'experiment'],
};

function grammarOf(program: Command): Grammar {
  const visible = program.commands.filter((command) => !command.name().startsWith('_'));
  return { verbs: visible.flatMap((command) => verbGrammars(command, '')) };
}

function verbGrammars(command: Command, prefix: string): readonly VerbGrammar[] {
  const name = `${prefix}${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((inner) => verbGrammars(inner, `${name} `));
  const isAboutObjects = command.registeredArguments.some((argument) => argument.name() === 'which');
  return [
    {
      name,
      kinds: isAboutObjects && name !== 'terminate' ? [KINDS.rollout] : [],
      kindWords: name === 'list' ? ['rollouts', 'experiments'] : (KIND_WORDS[name] ?? []),
      options: command.options.filter((option) => !option.hidden).map(optionGrammar),
    },
  ];
}

function optionGrammar(option: Option): VerbGrammar['options'][number] {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    takesFile: option.long === '--filename' || option.long === '--kubeconfig',
  };
}
