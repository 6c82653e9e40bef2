import { basename } from 'node:path';
import { numberOf, oneOf, readOptions } from '../../scripts/read-options.ts';
import { VARIANTS, type Variant } from './fleet.ts';

export interface ClusterOptions {
  readonly n: number;
  readonly variant: Variant;
  /** Rollouts that have nothing to do; the controller is started anew beside them. */
  readonly idle: number;
  /** How often all images are changed. */
  readonly rounds: number;
  readonly restMs: number;
  readonly json: boolean;
  /** Another build to measure, or the sources: `src/main/headgate.ts`. A fresh bundle by default. */
  readonly program: string | undefined;
  readonly nodeOptions: readonly string[];
  /** A file to which all that is told is appended as lines of JSON. */
  readonly details: string | undefined;
  /** Another controller of the same API that is measured in the same way afterwards. */
  readonly against: OtherController | undefined;
}

export interface OtherController {
  readonly command: readonly string[];
  /** What its calls are known by in the audit log, up to a slash. */
  readonly userAgent: string;
}

const USAGE = `
  npm run bench:cluster [-- OPTIONS]

  --n 50                      Rollouts that are updated at once
  --variant basic             ${VARIANTS.join(', ')}
  --idle 0                    Rollouts at rest beside them; the controller is started anew
  --rounds 1, --updates 1000  how often all images are changed, or as often as makes so many updates
  --rest 30                   seconds of rest that are measured
  --program FILE              another build, or the sources: src/main/headgate.ts
  --node-option=--cpu-prof    for the controller's Node, as often as wanted
  --details FILE              all that is told is appended to it as lines of JSON
  --against "/path/to/it --kubeconfig {kubeconfig}"    another controller, measured in the same way afterwards
  --against-user-agent NAME   what its calls are known by, if not by the name of its program
  --json                      the figures as a line of JSON at the end
`;

export function readClusterOptions(): ClusterOptions {
  const values = readOptions(USAGE, {
    n: { type: 'string', default: '50' },
    variant: { type: 'string', default: 'basic' },
    idle: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '1' },
    updates: { type: 'string' },
    rest: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    program: { type: 'string' },
    details: { type: 'string' },
    'node-option': { type: 'string', multiple: true, default: [] },
    against: { type: 'string' },
    'against-user-agent': { type: 'string' },
  });
  const variant = oneOf('--variant', VARIANTS, values.variant);
  const n = numberOf('--n', values.n);
  const command = values.against?.split(' ').filter((word) => word !== '');
  return {
    n,
    variant,
    idle: numberOf('--idle', values.idle),
    rounds:
      values.updates === undefined
        ? numberOf('--rounds', values.rounds)
        : Math.ceil(numberOf('--updates', values.updates) / n),
    restMs: numberOf('--rest', values.rest) * 1_000,
    json: values.json,
    program: values.program,
    details: values.details,
    nodeOptions: values['node-option'],
    against:
      command === undefined
        ? undefined
        : { command, userAgent: values['against-user-agent'] ?? basename(command[0] ?? '') },
  };
}
