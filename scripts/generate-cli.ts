import type { Command, Option } from 'commander';
import { headgateProgram } from '../src/main/program.ts';
import { code, GENERATED, table } from './markdown.ts';

/** The page of all verbs, made from their definitions; the controller's options have a page of their own. */
export function cliPage(): string {
  const program = headgateProgram();
  return [
    '# Command line',
    '',
    GENERATED,
    '',
    `${program.description()}. From a checkout, \`npm run headgate -- VERB\` stands for \`headgate VERB\`.`,
    '',
    ...program.commands.flatMap(verb),
    '`headgate --help`, `headgate VERB --help` and `headgate --version` say the rest. The exit code is 0 when all went',
    'well, and 1 when there is something to mend; the message says what.',
    '',
  ].join('\n');
}

/** The page of `headgate controller`. */
export function controllerOptionsPage(): string {
  const controller = headgateProgram().commands.find((command) => command.name() === 'controller');
  const options = controller?.options ?? [];
  return [
    '# Options of the controller',
    '',
    GENERATED,
    '',
    'Each is an argument of `headgate controller`, or an environment variable. In the Helm chart they go into `extraArgs`',
    'or `extraEnv`.',
    '',
    table(
      ['Option', 'Meaning', 'Unset', 'Environment'],
      options.map((option) => [code(option.flags), option.description, unset(option), code(option.envVar ?? '')]),
    ),
    '',
  ].join('\n');
}

function verb(command: Command): readonly string[] {
  const heading = [`## headgate ${command.name()}`, '', `${command.description()}.`, ''];
  if (command.name() === 'controller') return [...heading, 'See [its options](controller-options.md).', ''];
  const rows = command.options.map((option) => [
    code(option.flags),
    option.description + choices(option),
    unset(option),
  ]);
  return [...heading, table(['Option', 'Meaning', 'Unset'], rows), ''];
}

function choices(option: Option): string {
  return option.argChoices === undefined ? '' : `: ${option.argChoices.join(', ')}`;
}

function unset(option: Option): string {
  if (option.defaultValueDescription !== undefined) return option.defaultValueDescription;
  const value: unknown = option.defaultValue;
  if (value === undefined) return option.mandatory ? 'must be given' : '';
  if (value === false) return 'off';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
