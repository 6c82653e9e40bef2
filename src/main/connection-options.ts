import { Option, type Command } from 'commander';

/** Which cluster and namespace a verb acts on: the words that kubectl has for it. */
export interface ConnectionFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly as?: string;
  readonly color: boolean;
}

const FLAGS = [
  ['-n, --namespace <name>', "namespace to act on; the context's own by default"],
  ['--context <name>', 'context of the kubeconfig; its current one by default'],
  ['--kubeconfig <file>', 'kubeconfig to use; $KUBECONFIG or ~/.kube/config by default'],
  ['--as <user>', 'act as this user'],
  ['--no-color', 'without colours, as with NO_COLOR or when the output is no terminal'],
] as const;

/** Every verb that talks to a cluster takes them. */
export function withConnectionOptions(command: Command): Command {
  for (const [flags, description] of FLAGS) command.addOption(new Option(flags, description));
  return command;
}

/** The arguments as they are parsed: options before the verb go behind it, and `--watch=false` is `--no-watch`. */
export function commandArguments(args: readonly string[]): readonly string[] {
  const leading: string[] = [];
  let rest = args.map(plainFlag);
  for (;;) {
    const [flag = '', value = ''] = rest;
    const known = FLAGS.find(([flags]) => flags.split(/[ ,]+/).includes(flag.split('=')[0] ?? ''));
    if (known === undefined) break;
    const hasValue = known[0].includes('<') && !flag.includes('=');
    leading.push(...(hasValue ? [flag, value] : [flag]));
    rest = rest.slice(hasValue ? 2 : 1);
  }
  return rest.length === 0 ? args : [...rest, ...leading];
}

/** Flags of kubectl plug-ins may be given their value. */
function plainFlag(word: string): string {
  if (/^(-w|--watch)=false$/.test(word)) return '--no-watch';
  return /^(-w|--watch|--full|-A|--all-namespaces)=true$/.test(word) ? word.slice(0, -'=true'.length) : word;
}
