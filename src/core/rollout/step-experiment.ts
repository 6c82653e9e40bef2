import { findCondition } from '../../api/conditions.ts';
import type { AnalysisPhase } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import { POD_TEMPLATE_HASH_LABEL, REVISION_ANNOTATION } from '../../api/labels.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isUnderWay } from '../analysis/under-way.ts';
import { distrustOfExperiment } from '../experiment/ending.ts';
import { newExperimentFor, type ExperimentStep } from '../experiment/new-experiment.ts';
import type { Position } from './position.ts';
import { isWithinRollbackWindow } from './promotion.ts';
import { distrustText, failureText, isInconclusive, updateIsMeasured } from './runs.ts';
import { indexOf } from './step-weights.ts';
import { currentStep } from './steps.ts';
import { rolesOf, type World } from './world.ts';

export interface PlannedExperiment {
  readonly name: string;
  readonly experiment: Experiment | undefined;
  readonly create: Experiment | undefined;
}

export interface ExperimentPlan {
  readonly current: PlannedExperiment | undefined;
  /** Experiments that nobody waits for any more. */
  readonly terminate: readonly Experiment[];
  /** Why a wanted Experiment cannot be made. */
  readonly failures: readonly string[];
}

export interface ExperimentPlanInput {
  readonly revision: number;
  /** None is begun while the update may not move; one under way goes on. */
  readonly mayStart: boolean;
  /** A user resumed after an inconclusive verdict, so it is run again. */
  readonly again: boolean;
}

/** The step that should be run as an Experiment at this position. */
function wantedExperiment(world: World, position: Position): ExperimentStep | undefined {
  if (world.blueGreen !== undefined || !updateIsMeasured(position)) return undefined;
  if (isWithinRollbackWindow(world, position)) return undefined;
  return currentStep(world, position)?.experiment;
}

/** What the Experiment of the step came to, as far as it can be trusted; undefined before it has a phase. */
export function experimentVerdict(world: World, position: Position): AnalysisPhase | undefined {
  const found = experimentOf(world, position)?.experiment;
  if (found === undefined || wantedExperiment(world, position) === undefined) return undefined;
  return distrustOfExperiment(found) === undefined ? found.status?.phase : 'Inconclusive';
}

/** The step's Experiment while all its versions run. */
export function runningExperiment(world: World, position: Position): Experiment | undefined {
  if (wantedExperiment(world, position) === undefined) return undefined;
  const experiment = experimentOf(world, position)?.experiment;
  return experiment?.status?.phase === 'Running' && experiment.spec.terminate !== true ? experiment : undefined;
}

/** As the condition and the event of an abort say it. */
function experimentFailure(world: World, position: Position): string | undefined {
  const verdict = experimentVerdict(world, position);
  if (verdict !== 'Failed' && verdict !== 'Error') return undefined;
  const message = experimentOf(world, position)?.experiment?.status?.message ?? '';
  return `Experiment analysis phase is error/failed${message === '' ? '' : `: ${message}`}`;
}

/** Why an Experiment that reads Successful proves nothing, or what keeps it from being run at all. */
export function experimentTrouble(world: World, position: Position): string | undefined {
  const named = wantedExperiment(world, position) === undefined ? undefined : experimentOf(world, position);
  if (named?.experiment === undefined) return undefined;
  const distrust = distrustOfExperiment(named.experiment);
  if (distrust !== undefined) return `Experiment ${named.name} proves nothing: ${distrust}`;
  return findCondition(named.experiment.status?.conditions, 'InvalidSpec')?.message;
}

/** Why a measurement of the update, a run or an Experiment, ends it. */
export function measurementFailure(world: World, position: Position): string | undefined {
  return failureText(world, position) ?? experimentFailure(world, position);
}

/** Why a measurement that reads good, a run or an Experiment, is none. */
export function measurementDoubt(world: World, position: Position): string | undefined {
  return distrustText(world, position) ?? experimentTrouble(world, position);
}

/** Somebody has to judge a measurement, a run or an Experiment. */
export function isUndecided(world: World, position: Position): boolean {
  return isInconclusive(world, position) || experimentVerdict(world, position) === 'Inconclusive';
}

export function planExperiment(world: World, position: Position, input: ExperimentPlanInput): ExperimentPlan {
  const failures: string[] = [];
  const current = planCurrent();
  const cutShort = position.abort || position.promoteFull;
  const terminate = world.experiments.filter(
    (experiment) =>
      isUnderWay(experiment) &&
      experiment.metadata.name !== current?.name &&
      (cutShort || !isAhead(world, position, experiment)),
  );
  return { current, terminate, failures };

  function planCurrent(): PlannedExperiment | undefined {
    const step = wantedExperiment(world, position);
    if (step === undefined) return undefined;
    const named = experimentOf(world, position);
    const stale = input.again && experimentVerdict(world, position) === 'Inconclusive';
    if (named?.experiment !== undefined && !stale) return { ...named, create: undefined };
    if (!input.mayStart) return named === undefined ? undefined : { ...named, create: undefined };
    const roles = rolesOf(world, position);
    // The new version is made first.
    if (roles.current === undefined) return undefined;
    const made = newExperimentFor({
      rollout: world.rollout,
      step,
      name: freeName(world, baseName(world, position, input.revision)),
      revision: input.revision,
      canary: roles.current,
      stable: roles.stable,
      latestHash: position.currentHash,
      stableHash: position.stableHash,
    });
    if (!made.ok) {
      failures.push(made.message);
      return undefined;
    }
    const adopted = world.experiments.find((one) => isUnderWay(one) && isTheSame(one, made.experiment));
    return adopted === undefined
      ? { name: made.experiment.metadata.name, experiment: undefined, create: made.experiment }
      : { name: adopted.metadata.name, experiment: adopted, create: undefined };
  }
}

type NamedExperiment = Pick<PlannedExperiment, 'name' | 'experiment'>;

/** The recorded one, unless it belongs to an earlier step or update. */
function experimentOf(world: World, position: Position): NamedExperiment | undefined {
  const { status } = world;
  const isOfUpdate = status.currentPodHash === position.currentHash && status.currentStepHash === position.stepsHash;
  const recorded = isOfUpdate ? (status.canary?.currentExperiment ?? '') : '';
  if (recorded === '' || indexIn(world, recorded) !== indexOf(position, world.settings.steps)) return undefined;
  return { name: recorded, experiment: world.experiments.find(({ metadata }) => metadata.name === recorded) };
}

/** The step in an Experiment's name, `<rollout>-<hash>-<revision>-<step>` and a number after a collision. */
function indexIn(world: World, name: string): number | undefined {
  const prefix = `${world.rollout.metadata.name}-`;
  const [, index] = /^[^-]+-\d+-(\d+)(?:-\d+)?$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '') ?? [];
  return index === undefined ? undefined : Number(index);
}

function baseName(world: World, position: Position, revision: number): string {
  return `${world.rollout.metadata.name}-${position.currentHash}-${revision}-${indexOf(position, world.settings.steps)}`;
}

function freeName(world: World, base: string): string {
  const taken = new Set([
    ...world.experiments.map(({ metadata }) => metadata.name),
    ...(world.observation.takenNames ?? []),
  ]);
  let name = base;
  for (let attempt = 1; taken.has(name); attempt += 1) name = `${base}-${attempt}`;
  return name;
}

/** Under way for the very thing: whoever made it had recorded it in a status that is not seen yet. */
function isTheSame(found: Experiment, made: Experiment): boolean {
  return (
    found.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === made.metadata.labels?.[POD_TEMPLATE_HASH_LABEL] &&
    found.metadata.annotations?.[REVISION_ANNOTATION] === made.metadata.annotations?.[REVISION_ANNOTATION] &&
    deepEqual(found.spec, made.spec)
  );
}

/** Of this version and from further on than the status is, which will catch up: to end it cannot be undone. */
function isAhead(world: World, position: Position, { metadata }: Experiment): boolean {
  const isOfUpdate =
    position.currentHash !== position.stableHash && metadata.labels?.[POD_TEMPLATE_HASH_LABEL] === position.currentHash;
  return isOfUpdate && (indexIn(world, metadata.name) ?? -1) > indexOf(position, world.settings.steps);
}
