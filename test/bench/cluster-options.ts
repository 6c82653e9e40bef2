import { basename } from 'node:path';
import { parseArgs } from 'node:util';
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

export function readClusterOptions(): ClusterOptions {
  const { values } = parseArgs({
    options: {
      n: { type: 'string', default: '50' },
      variant: { type: 'string', default: 'basic' },
      idle: { type: 'string', default: '0' },
      rounds: { type: 'string', default: '1' },
      /** As many rounds as make so many updates. */
      updates: { type: 'string' },
      /** Seconds of rest that are measured. */
      rest: { type: 'string', default: '30' },
      json: { type: 'boolean', default: false },
      program: { type: 'string' },
      details: { type: 'string' },
      /** For the controller's Node, as often as wanted: `--node-option=--cpu-prof`. */
      'node-option': { type: 'string', multiple: true, default: [] },
      /** `"/path/to/it --kubeconfig {kubeconfig}"` */
      against: { type: 'string' },
      /** Clients that do not choose a name of their own take their program's. */
      'against-user-agent': { type: 'string' },
    },
  });
  const variant = VARIANTS.find((one) => one === values.variant);
  if (variant === undefined) throw new Error(`unknown variant ${values.variant}: use ${VARIANTS.join(', ')}`);
  const n = Number(values.n);
  const command = values.against?.split(' ').filter((word) => word !== '');
  return {
    n,
    variant,
    idle: Number(values.idle),
    rounds: values.updates === undefined ? Number(values.rounds) : Math.ceil(Number(values.updates) / n),
    restMs: Number(values.rest) * 1_000,
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
