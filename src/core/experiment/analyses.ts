import type { AnalysisRun } from '../../api/analysis.ts';
import type { ExperimentSpec, ExperimentStatus } from '../../api/experiment.ts';
import { KINDS } from '../../api/kinds.ts';
import { apiVersionOf, controllerReference, createdMs } from '../../api/kube-object.ts';
import { INSTANCE_ID_LABEL } from '../../api/labels.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { isOver } from '../analysis/metric-verdict.ts';
import { freeRunName } from '../analysis/run-name.ts';
import { runSpecFrom } from '../analysis/templates.ts';
import { isUnderWay } from '../analysis/under-way.ts';
import { resolveExperimentArguments } from './arguments.ts';
import { analysisStatusOf, isDurationOver, isEnding } from './ending.ts';
import type { ExperimentObservation } from './observation.ts';

type AnalysisSpec = NonNullable<ExperimentSpec['analyses']>[number];
type AnalysisStatus = NonNullable<ExperimentStatus['analysisRuns']>[number];

/** A template that was applied together with the experiment may be seen a little after it. */
const TEMPLATE_GRACE_MS = 5_000;

/** The state of every measurement that was begun, or that cannot be. */
export function analysisStatuses(
  observation: ExperimentObservation,
  status: ExperimentStatus,
): readonly AnalysisStatus[] {
  return (observation.experiment.spec.analyses ?? []).flatMap((analysis) => {
    const next = analysisStatus(observation, status, analysis);
    return next === undefined ? [] : [next];
  });
}

function analysisStatus(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  analysis: AnalysisSpec,
): AnalysisStatus | undefined {
  const before = analysisStatusOf(status, analysis);
  if (before !== undefined && isOver(before.phase)) return before;
  const ending = isEnding(observation.experiment.spec, status, observation.analysisRuns);
  if (before === undefined || before.analysisRun === '') {
    if (ending) return before;
    return status.availableAt === undefined ? verified(observation, analysis) : begun(observation, status, analysis);
  }
  const run = observation.analysisRuns.find(({ metadata }) => metadata.name === before.analysisRun);
  if (run !== undefined) return seen(before, run);
  const refusal = observation.refusals.find(({ kind, name }) => kind === 'AnalysisRun' && name === before.analysisRun);
  if (refusal !== undefined) return failed(analysis, before.analysisRun, refusal.message);
  // Recorded before it is made; whoever was seen at work and is gone was deleted.
  if (before.phase === 'Pending') return ending ? undefined : renamed(observation, before, analysis);
  return { ...before, phase: 'Error', message: `analysisruns.argoproj.io "${before.analysisRun}" not found` };
}

function seen({ name, analysisRun }: AnalysisStatus, run: AnalysisRun): AnalysisStatus {
  const phase = run.status?.phase;
  const message = run.status?.message ?? '';
  return {
    name,
    analysisRun,
    phase: phase === undefined || (phase as string) === '' ? 'Pending' : phase,
    ...(message === '' ? {} : { message }),
  };
}

/** Before the pods are there, only whether the template exists is looked at; it may be seen a little later. */
function verified(observation: ExperimentObservation, analysis: AnalysisSpec): AnalysisStatus | undefined {
  if (templateExists(observation, analysis) || observation.nowMs < templateDueMs(observation)) return undefined;
  const kind = analysis.clusterScope === true ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
  const missing = `${kind.toLowerCase()}.argoproj.io "${analysis.templateName}" not found`;
  const message = `${kind} verification failed for analysis '${analysis.name}': ${missing}`;
  return { name: analysis.name, analysisRun: '', phase: 'Error', message };
}

function templateExists(observation: ExperimentObservation, { clusterScope, templateName }: AnalysisSpec): boolean {
  const templates = clusterScope === true ? observation.clusterAnalysisTemplates : observation.analysisTemplates;
  return (templates[templateName] ?? null) !== null;
}

function templateDueMs({ experiment }: ExperimentObservation): number {
  return createdMs(experiment) + TEMPLATE_GRACE_MS;
}

/** When a template that is missing counts as an error; undefined when none is missing. */
export function templatesDueMs(observation: ExperimentObservation): number | undefined {
  const analyses = observation.experiment.spec.analyses ?? [];
  return analyses.every((analysis) => templateExists(observation, analysis)) ? undefined : templateDueMs(observation);
}

function begun(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  analysis: AnalysisSpec,
): AnalysisStatus | undefined {
  if (!templateExists(observation, analysis)) return verified(observation, analysis);
  const made = newAnalysisRun(observation, status, analysis);
  if (!made.ok) return failed(analysis, '', made.message);
  return { name: analysis.name, analysisRun: made.run.metadata.name, phase: 'Pending' };
}

function failed(analysis: AnalysisSpec, analysisRun: string, cause: string): AnalysisStatus {
  const message = `Failed to create AnalysisRun for analysis '${analysis.name}': ${cause}`;
  return { name: analysis.name, analysisRun, phase: 'Error', message };
}

/** A name that turned out to be somebody else's is given up. */
function renamed(observation: ExperimentObservation, before: AnalysisStatus, analysis: AnalysisSpec): AnalysisStatus {
  if (!observation.taken.analysisRuns.includes(before.analysisRun)) return before;
  return { ...before, analysisRun: freeName(observation, analysis) };
}

type NewRun =
  | { readonly ok: true; readonly run: AnalysisRun }
  /** `message` is the API's wording. */
  | { readonly ok: false; readonly message: string };

/** The AnalysisRun of an analysis: one under way that is just like it, or a new one. */
export function newAnalysisRun(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  analysis: AnalysisSpec,
): NewRun {
  const { experiment } = observation;
  const args = resolveExperimentArguments(analysis.args ?? [], observation, status);
  if (!args.ok) return args;
  const { templateName, clusterScope = false } = analysis;
  const outcome = runSpecFrom(
    {
      templates: [{ templateName, clusterScope }],
      args: args.args,
      dryRun: experiment.spec.dryRun ?? [],
      measurementRetention: experiment.spec.measurementRetention ?? [],
    },
    observation,
  );
  if (!outcome.ok) return outcome;
  const recorded = analysisStatusOf(status, analysis)?.analysisRun ?? '';
  if (recorded !== '') return { ok: true, run: { ...identity(observation, recorded), spec: outcome.spec } };
  const same = observation.analysisRuns.find(
    (run) =>
      isNamedFor(run, experiment.metadata.name, analysis) && isUnderWay(run) && deepEqual(run.spec, outcome.spec),
  );
  const name = freeName(observation, analysis);
  return { ok: true, run: same ?? { ...identity(observation, name), spec: outcome.spec } };
}

function isNamedFor(run: AnalysisRun, experiment: string, analysis: AnalysisSpec): boolean {
  const base = `${experiment}-${analysis.name}`;
  const { name } = run.metadata;
  return name === base || (name.startsWith(`${base}.`) && /^\d+$/.test(name.slice(base.length + 1)));
}

function freeName({ experiment, analysisRuns, taken }: ExperimentObservation, analysis: AnalysisSpec): string {
  const used = [...analysisRuns.map(({ metadata }) => metadata.name), ...taken.analysisRuns];
  return freeRunName(`${experiment.metadata.name}-${analysis.name}`, new Set(used));
}

function identity(
  { experiment }: ExperimentObservation,
  name: string,
): Pick<AnalysisRun, 'apiVersion' | 'kind' | 'metadata'> {
  const { labels, annotations } = experiment.spec.analysisRunMetadata ?? {};
  const instanceId = experiment.metadata.labels?.[INSTANCE_ID_LABEL];
  return {
    apiVersion: apiVersionOf(KINDS.analysisRun),
    kind: KINDS.analysisRun.kind,
    metadata: {
      name,
      namespace: experiment.metadata.namespace,
      labels: { ...(instanceId === undefined ? {} : { [INSTANCE_ID_LABEL]: instanceId }), ...labels },
      annotations: { ...annotations },
      ownerReferences: [controllerReference(KINDS.experiment, experiment.metadata)],
    },
  };
}

export interface AnalysisPlan {
  readonly create: readonly AnalysisRun[];
  readonly terminate: readonly { readonly analysis: string; readonly run: AnalysisRun }[];
}

/** Runs that are recorded and not there are made; those that nobody waits for any more are ended. */
export function planAnalyses(observation: ExperimentObservation, status: ExperimentStatus): AnalysisPlan {
  const { experiment, analysisRuns, nowMs } = observation;
  const { spec } = experiment;
  const ending = isEnding(spec, status, analysisRuns);
  const create: AnalysisRun[] = [];
  const wanted = new Map<string, string>();
  for (const analysis of spec.analyses ?? []) {
    const recorded = analysisStatusOf(status, analysis);
    const kept = !ending && (analysis.requiredForCompletion === true || !isDurationOver(spec, status, nowMs));
    if (recorded === undefined || recorded.analysisRun === '') {
      // Whoever made one had recorded it, in a status that is not seen yet.
      const ahead = analysisRuns.filter((run) => kept && isNamedFor(run, experiment.metadata.name, analysis));
      for (const run of ahead) wanted.set(run.metadata.name, analysis.name);
      continue;
    }
    if (kept) wanted.set(recorded.analysisRun, analysis.name);
    const missing = !analysisRuns.some(({ metadata }) => metadata.name === recorded.analysisRun);
    if (ending || !missing || isOver(recorded.phase)) continue;
    const made = newAnalysisRun(observation, status, analysis);
    if (made.ok) create.push(made.run);
  }
  const terminate = analysisRuns
    .filter((run) => isUnderWay(run) && !wanted.has(run.metadata.name))
    .map((run) => ({ analysis: analysisOf(spec, status, run), run }));
  return { create, terminate };
}

function analysisOf(spec: ExperimentSpec, status: ExperimentStatus, run: AnalysisRun): string {
  const found = (spec.analyses ?? []).find(
    (analysis) => analysisStatusOf(status, analysis)?.analysisRun === run.metadata.name,
  );
  return found?.name ?? run.metadata.name;
}
