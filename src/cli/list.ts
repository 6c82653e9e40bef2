import { replicasOf } from '../api/defaults.ts';
import type { Experiment } from '../api/experiment.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../api/kube-object.ts';
import type { Rollout } from '../api/rollout.ts';
import { parseDurationMs } from '../lib/duration.ts';
import { humanDuration } from '../lib/human-duration.ts';
import { parseTimestampMs } from '../lib/timestamp.ts';
import { follow } from './follow.ts';
import { deedOn, explained } from './kube-failure.ts';
import { formatData, type OutputFormat } from './output.ts';
import { CommandError, placeText, type Session } from './session.ts';
import { formatTable } from './table.ts';
import { markOf } from './view/mark.ts';
import type { Paint } from './view/paint.ts';
import { phaseShown } from './view/rollout-phase.ts';
import { strategyOf, wantedWeight } from './view/rollout-view.ts';

export interface ListOptions {
  readonly what: string;
  readonly allNamespaces: boolean;
  readonly name?: string;
  readonly watch: boolean;
  readonly output: OutputFormat;
}

/** The verb `list`: the Rollouts or Experiments of a namespace, or of all when that is asked for. */
export async function listVerb(session: Session, options: ListOptions): Promise<number> {
  const kind = kindOf(options.what);
  const namespace = options.allNamespaces ? undefined : session.place.namespace;
  const found = await explained(session.place, deedOn('list', { kind }), () =>
    session.reader.list(kind, { namespace }),
  );
  const objects = chosen(found, options);
  const { terminal, place } = session;
  if (options.output === 'json' || options.output === 'yaml') {
    const items = objects.map((object) => ({ ...object, metadata: { ...object.metadata, managedFields: undefined } }));
    terminal.print(formatData({ apiVersion: 'v1', kind: 'List', items }, options.output));
    return 0;
  }
  const where = options.allNamespaces ? `all namespaces (context ${place.context})` : placeText(place);
  if (objects.length === 0) terminal.note(`No ${kind.plural} found in ${where}.`);
  else terminal.note(`${capitalised(kind.plural)} in ${where}`);
  if (options.watch) return watch(session, options, kind);
  if (objects.length > 0) terminal.print(table(session, options, kind, objects));
  return 0;
}

function kindOf(what: string): ResourceKind {
  if (['rollouts', 'rollout', 'ro'].includes(what)) return KINDS.rollout;
  if (['experiments', 'experiment', 'exp'].includes(what)) return KINDS.experiment;
  throw new CommandError(`${what}: list rollouts or experiments`);
}

function chosen(objects: readonly KubeObject[], { name }: ListOptions): readonly KubeObject[] {
  const key = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  return objects
    .filter(({ metadata }) => name === undefined || metadata.name === name)
    .sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

async function watch(session: Session, options: ListOptions, kind: ResourceKind): Promise<number> {
  const { caches, terminal, place } = session;
  let changed = (): void => undefined;
  const cache = caches.open(kind, options.allNamespaces ? {} : { namespace: place.namespace });
  cache.subscribe(() => changed());
  await caches.whenSynced();
  let last = '';
  await follow(session, {
    subscribe: (run) => {
      changed = run;
    },
    look: () => {
      const objects = chosen(cache.list(options.allNamespaces ? undefined : place.namespace), options);
      const frame = table(session, options, kind, objects);
      if (terminal.live) terminal.redraw(frame);
      else if (frame !== last) terminal.print(frame);
      last = frame;
      return 'more';
    },
  });
  return 0;
}

function table(session: Session, options: ListOptions, kind: ResourceKind, objects: readonly KubeObject[]): string {
  const { terminal, clock } = session;
  const wide = options.output === 'wide';
  const input = { paint: terminal.paint, nowMs: clock.nowMs(), wide };
  const rows =
    kind === KINDS.rollout
      ? rolloutRows(objects as readonly Rollout[], input)
      : experimentRows(objects as readonly Experiment[], input);
  if (!options.allNamespaces) return formatTable(rows, 2);
  const namespaces = ['NAMESPACE', ...objects.map(({ metadata }) => metadata.namespace ?? '')];
  return formatTable(
    rows.map((row, index) => [namespaces[index] ?? '', ...row]),
    2,
  );
}

interface RowInput {
  readonly paint: Paint;
  readonly nowMs: number;
  readonly wide: boolean;
}

function rolloutRows(rollouts: readonly Rollout[], { paint, nowMs, wide }: RowInput): readonly (readonly string[])[] {
  const header = [
    'NAME',
    'STRATEGY',
    'STATUS',
    'STEP',
    'SET-WEIGHT',
    'READY',
    'DESIRED',
    'UP-TO-DATE',
    'AVAILABLE',
    'AGE',
  ];
  const rows = rollouts.map((rollout) => {
    const { metadata, spec, status = {} } = rollout;
    const { phase, message } = phaseShown(rollout);
    const steps = spec.strategy?.canary?.steps?.length ?? 0;
    const desired = replicasOf(spec);
    return [
      metadata.name,
      strategyOf(rollout),
      paint(phase, markOf(phase).colour),
      steps === 0 ? '-' : `${Math.min(status.currentStepIndex ?? 0, steps)}/${steps}`,
      spec.strategy?.canary === undefined ? '-' : String(wantedWeight(rollout)),
      `${status.readyReplicas ?? 0}/${desired}`,
      String(desired),
      String(status.updatedReplicas ?? 0),
      String(status.availableReplicas ?? 0),
      ageOf(rollout, nowMs),
      ...(wide ? [message === '' ? '-' : message] : []),
    ];
  });
  return [wide ? [...header, 'MESSAGE'] : header, ...rows];
}

function experimentRows(
  experiments: readonly Experiment[],
  { paint, nowMs, wide }: RowInput,
): readonly (readonly string[])[] {
  const header = ['NAME', 'STATUS', 'DURATION', 'REMAINING', 'AGE', ...(wide ? ['MESSAGE'] : [])];
  const rows = experiments.map((experiment) => {
    const { spec, status = {}, metadata } = experiment;
    const { phase = 'Pending', message = '' } = status;
    return [
      metadata.name,
      paint(phase, markOf(phase).colour),
      spec.duration ?? '-',
      remaining(experiment, nowMs),
      ageOf(experiment, nowMs),
      ...(wide ? [message === '' ? '-' : message] : []),
    ];
  });
  return [header, ...rows];
}

function remaining({ spec, status = {} }: Experiment, nowMs: number): string {
  const startMs = parseTimestampMs(status.availableAt);
  const durationMs = spec.duration === undefined ? undefined : parseDurationMs(spec.duration);
  const runs = status.phase === undefined || status.phase === 'Pending' || status.phase === 'Running';
  if (!runs || startMs === undefined || durationMs === undefined || startMs + durationMs < nowMs) return '-';
  return humanDuration(startMs + durationMs - nowMs);
}

function ageOf({ metadata }: KubeObject, nowMs: number): string {
  const createdMs = parseTimestampMs(metadata.creationTimestamp);
  return createdMs === undefined ? '-' : humanDuration(nowMs - createdMs);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
