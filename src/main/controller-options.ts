import { isIPv4, isIPv6 } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { LogLevel } from '../adapters/telemetry/log.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { acceptedOptions, environmentName, ineffectiveOptions, refusedVariables } from './accepted-options.ts';

/** What an operator may choose; names are those that the API's users know where they exist. */
export interface ControllerOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespaced: boolean;
  readonly namespace?: string;
  readonly instanceId?: string;
  readonly rolloutResync: number;
  readonly rolloutThreads: number;
  readonly analysisThreads: number;
  readonly experimentThreads: number;
  readonly leaderElect: boolean;
  readonly leaderElectionNamespace?: string;
  readonly leaderElectionLeaseName: string;
  readonly leaderElectionLeaseDuration: number;
  readonly leaderElectionRenewDeadline: number;
  readonly leaderElectionRetryPeriod: number;
  readonly sharding: boolean;
  readonly metricsPort: number;
  readonly metricsHost: string;
  readonly healthzPort: number;
  readonly loglevel: LogLevel;
  readonly logformat: 'json' | 'pretty' | 'auto';
  readonly prometheusAddress?: string;
  readonly deniedAddresses: readonly string[];
  readonly weightVerificationMinDelay: number;
  readonly gitAllowFile: boolean;
  readonly gitAllowHttp: boolean;
  readonly gitAllowClusterScope: boolean;
  readonly gitStateDir?: string;
  readonly gitWebhookPort?: number;
  readonly gitWebhookHost: string;
  readonly slackApiUrl: string;
  readonly slackChannel?: string;
  readonly slackTokenSecret?: string;
  /** What to say of options that were given and have no effect. */
  readonly remarks?: readonly string[];
}

/** Every option can also be given by environment: `HEADGATE_` and its name in capitals, `HEADGATE_ROLLOUT_THREADS=20`. */
export function controllerCommand(run: (options: ControllerOptions) => Promise<void>): Command {
  const command = new Command('controller').description('Run the controller against a cluster');
  for (const option of [...options(), ...acceptedOptions(), ...refusedVariables()]) command.addOption(option);
  command.addOption(new Option('--metricsport <port>', 'as --metricsPort').argParser(count).hideHelp());
  return command.action(async (given: ControllerOptions & { readonly metricsport?: number }) => {
    const { metricsport, ...chosen } = given;
    const remarks = ineffectiveOptions({ ...given });
    await run({ ...chosen, metricsPort: metricsport ?? given.metricsPort, remarks });
  });
}

/** What a controller runs with when nothing is said. */
export function controllerDefaults(): ControllerOptions {
  return Object.fromEntries(
    options().map((one) => [one.attributeName(), one.defaultValue]),
  ) as unknown as ControllerOptions;
}

function options(): readonly Option[] {
  return [
    option('--kubeconfig <file>', 'kubeconfig to use; without one, the in-cluster service account'),
    option('--context <name>', 'context of the kubeconfig; its current one by default'),
    option('--namespaced [bool]', 'work on one namespace only, with no cluster-wide permissions', flag, false),
    option('--namespace <name>', 'the namespace to work on with --namespaced; the own one by default'),
    option('--instance-id <id>', 'work only on objects that carry this controller instance id'),
    option('--rollout-resync <seconds>', 'look at every Rollout again after this time', count, 900),
    option('--rollout-threads <n>', 'Rollouts worked on at once; half as many more when a pause ends', count, 10),
    option('--analysis-threads <n>', 'AnalysisRuns worked on at once; half as many more when one is due', count, 30),
    option('--experiment-threads <n>', 'Experiments worked on at once; half as many more when one is due', count, 10),
    option('--leader-elect [bool]', 'act only while holding the Lease', flag, true),
    option(
      '--leader-election-namespace <name>',
      'namespace of the Lease; the own one by default, and default outside of a cluster',
    ),
    option(
      '--leader-election-lease-name <name>',
      'name of the Lease (with the instance id behind it): that of the controller that Headgate replaces',
      undefined,
      'argo-rollouts-controller-lock',
    ),
    option('--leader-election-lease-duration <duration>', 'how long a Lease holds', duration, 15_000, '15s'),
    option(
      '--leader-election-renew-deadline <duration>',
      'how long renewing is tried before giving up',
      duration,
      10_000,
      '10s',
    ),
    option('--leader-election-retry-period <duration>', 'wait between two tries', duration, 2_000, '2s'),
    option('--sharding [bool]', 'share the objects among all replicas, instead of one replica that acts', flag, false),
    option('--metricsPort <port>', 'port of /metrics (0: any free one)', count, 8090),
    option('--metrics-host <address>', 'address that /metrics and the probes listen on', undefined, '0.0.0.0'),
    option('--healthzPort <port>', 'port of /healthz and /readyz (0: any free one)', count, 8080),
    option('--loglevel <level>', 'trace, debug, info, warn, error or fatal', logLevel, 'info'),
    option('--logformat <format>', 'json, pretty (also: text), or auto: pretty on a terminal', logFormat, 'auto'),
    option('--prometheus-address <url>', 'Prometheus for metrics that name no address').env(
      'ARGO_ROLLOUTS_PROMETHEUS_ADDRESS',
    ),
    option(
      '--denied-addresses <list>',
      'addresses (a.b.c.d/n, with commas) that requests of metrics and notifications never reach; "" denies none',
      addressBlocks,
      DENIED_ADDRESSES,
      DENIED_ADDRESSES.join(','),
    ),
    option(
      '--weight-verification-min-delay <duration>',
      'time that a new weight is given to reach a data plane that does not report it',
      duration,
      1_000,
      '1s',
    ),
    option('--git-allow-file [bool]', 'allow file:// repositories in GitSources (for trials)', flag, false),
    option('--git-allow-http [bool]', 'allow http:// repositories in GitSources (for trials)', flag, false),
    option('--git-allow-cluster-scope [bool]', 'let a GitSource apply outside its own namespace', flag, false),
    option('--git-state-dir <dir>', 'where clones are kept; a temporary directory by default'),
    option('--git-webhook-port <port>', 'port of the webhook receiver (0: any free one); off by default', count),
    option('--git-webhook-host <address>', 'address that the webhook receiver listens on', undefined, '0.0.0.0'),
    option('--slack-api-url <url>', 'base of the Slack Web API', undefined, 'https://slack.com/api'),
    option('--slack-channel <channel>', 'channel for aborts of Rollouts that name none'),
    option('--slack-token-secret <ns/name/key>', 'where the Slack token is; no messages without it'),
  ];
}

type Parser = (text: string) => unknown;

function option(flags: string, description: string, parse?: Parser, value?: unknown, shown?: string): Option {
  const made = new Option(flags, description);
  made.env(environmentName(made));
  if (parse !== undefined) made.argParser(parse);
  return value === undefined ? made : made.default(value, shown);
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0)
    throw new InvalidArgumentError(`${text} is not a whole number of 0 or more`);
  return number;
}

/** Where clouds answer with what only the machine itself may know: link-local, and places of their own. */
const DENIED_ADDRESSES: readonly string[] = [
  '169.254.0.0/16',
  'fe80::/10',
  // AWS, Google Cloud, Alibaba Cloud, Azure, Oracle Cloud
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
];

function addressBlocks(text: string): readonly string[] {
  const blocks = text
    .split(',')
    .map((block) => block.trim())
    .filter((block) => block !== '');
  for (const block of blocks) {
    const [address = '', bits = ''] = block.split('/');
    const bitsMax = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
    if (!/^\d+$/.test(bits) || Number(bits) > bitsMax) {
      throw new InvalidArgumentError(`${block} is no block of addresses; write 169.254.0.0/16`);
    }
  }
  return blocks;
}

function duration(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 0) throw new InvalidArgumentError(`${text} is not a duration; write 15s or 1m30s`);
  return ms;
}

function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS[text.toLowerCase()];
  if (level === undefined) throw new InvalidArgumentError(`${text} is no level; write one of ${LEVEL_NAMES}`);
  return level;
}

/** Also by the names that other programs have for them. */
const LOG_LEVELS: Readonly<Record<string, LogLevel>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  fatal: 'fatal',
  panic: 'fatal',
};
const LEVEL_NAMES = [...new Set(Object.values(LOG_LEVELS))].join(', ');

function logFormat(text: string): ControllerOptions['logformat'] {
  if (text === 'text') return 'pretty';
  if (text === 'json' || text === 'pretty' || text === 'auto') return text;
  throw new InvalidArgumentError(`${text} is no format; write json, pretty or auto`);
}

function flag(text: string | undefined): boolean {
  if (text === undefined) return true;
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError(`${text} is neither true nor false`);
  return text === 'true';
}
