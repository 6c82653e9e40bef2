import { Command, type Option } from 'commander';
import { ACCEPTED_GROUP } from '../src/main/accepted-options.ts';
import { withConnectionOptions } from '../src/main/connection-options.ts';
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
    'Installed as `kubectl-headgate` somewhere on `PATH`, it is also `kubectl headgate VERB`.',
    '',
    ...program.commands.flatMap((command) => verb(command, 'headgate')),
    '## Options of every verb that talks to a cluster',
    '',
    optionsTable(connectionOptions()),
    '',
    '`headgate --help`, `headgate VERB --help` and `headgate --version` say the rest. The exit code is 0 when all went',
    'well, and 1 when there is something to mend; the message says what.',
    '',
  ].join('\n');
}

/** The page of `headgate controller`. */
export function controllerOptionsPage(): string {
  const controller = headgateProgram().commands.find((command) => command.name() === 'controller');
  const all = (controller?.options ?? []).filter((option) => !option.hidden);
  const options = all.filter((option) => option.helpGroupHeading !== ACCEPTED_GROUP);
  const accepted = all.filter((option) => option.helpGroupHeading === ACCEPTED_GROUP);
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
    '## Accepted without effect',
    '',
    'Arguments of Argo Rollouts that start scripts and charts may go on giving. The log has a warning for each.',
    '',
    table(
      ['Option', 'Why'],
      accepted.map((option) => [code(option.flags), option.description]),
    ),
    '',
    '`--metricsport` is taken for `--metricsPort`. `--controllers` is refused: this controller runs all of its kinds.',
    '',
  ].join('\n');
}

function verb(command: Command, before: string): readonly string[] {
  const name = `${before} ${command.name()}`;
  if (command.name().startsWith('_')) return [];
  if (command.commands.length > 0) return command.commands.flatMap((inner) => verb(inner, name));
  const words = command.registeredArguments.map((argument) => {
    const shown = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${shown}>` : `[${shown}]`;
  });
  const heading = [`## ${name}`, '', `${command.description()}.`, ''];
  if (command.name() === 'controller') return [...heading, 'See [its options](controller-options.md).', ''];
  const shared = new Set(connectionOptions().map(({ long }) => long));
  const own = command.options.filter((option) => !option.hidden && !(isShared(command) && shared.has(option.long)));
  const described = command.registeredArguments.filter(({ description }) => description !== '');
  const usage = words.length === 0 ? [] : [`    ${name} ${words.join(' ')}`, ''];
  return [
    ...heading,
    ...usage,
    ...described.flatMap((argument) => [`\`${argument.name()}\`: ${argument.description}.`, '']),
    ...(own.length === 0 ? [] : [optionsTable(own), '']),
  ];
}

/** Those that every verb has which talks to a cluster; told once. */
function connectionOptions(): readonly Option[] {
  return withConnectionOptions(new Command()).options;
}

function isShared(command: Command): boolean {
  return connectionOptions().every(({ long }) => command.options.some((option) => option.long === long));
}

function optionsTable(options: readonly Option[]): string {
  const rows = options.map((option) => [code(option.flags), option.description + choices(option), unset(option)]);
  return table(['Option', 'Meaning', 'Unset'], rows);
}

function choices(option: Option): string {
  return option.argChoices === undefined ? '' : `: ${option.argChoices.join(', ')}`;
}

function unset(option: Option): string {
  if (option.defaultValueDescription !== undefined) return option.defaultValueDescription;
  const value: unknown = option.defaultValue;
  if (value === undefined) return option.mandatory ? 'must be given' : '';
  if (value === false) return 'off';
  if (value === true) return 'on';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
