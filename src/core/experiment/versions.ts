import { experimentProgressDeadlineSecondsOf } from '../../api/defaults.ts';
import type { ExperimentStatus, ExperimentTemplate, ExperimentTemplateStatus } from '../../api/experiment.ts';
import type { ReplicaSet } from '../../api/workloads.ts';
import { formatTimestampMs, waitStartMs } from '../../lib/timestamp.ts';
import { availableOf, hashOf, podsOf, readyOf, sizeOf } from '../rollout/replica-set.ts';
import { isDurationOver, isEnding, recordedVersion } from './ending.ts';
import type { ExperimentObservation } from './observation.ts';
import { collisionsOf, presentOrPlanned, replicaSetName, replicaSetOf, wantedSize } from './replica-sets.ts';
import { serviceOf, wantedService } from './services.ts';

/** The state of every version: its pods, and whether it runs, comes, or has ended. */
export function versionStatuses(
  observation: ExperimentObservation,
  status: ExperimentStatus,
): readonly ExperimentTemplateStatus[] {
  return observation.experiment.spec.templates.map((template) => versionStatus(observation, status, template));
}

function versionStatus(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): ExperimentTemplateStatus {
  const before = recordedVersion(status, template.name);
  const replicaSet = replicaSetOf(observation, template);
  const collisionCount = collisionsOf(observation, template, before?.collisionCount);
  const named = withCollisions(status, template.name, collisionCount);
  const counts = countsOf(replicaSet);
  const resized = isGrown(observation, status, template, replicaSet);
  const moved = before === undefined || resized || !sameCounts(before, counts);
  const lastTransitionTime = moved ? formatTimestampMs(observation.nowMs) : before.lastTransitionTime;
  const service = serviceOf(observation, template) ?? wantedService(observation, named, template);
  const versioned: ExperimentTemplateStatus = {
    name: template.name,
    ...counts,
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
    ...(service === undefined
      ? {}
      : {
          serviceName: service.metadata.name,
          podTemplateHash: hashOf(presentOrPlanned(observation, named, template)),
        }),
  };
  return { ...versioned, ...phaseOf(observation, status, { template, before, versioned }) };
}

const NO_PODS = { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0 };

/** The status with the number of collisions that was just found out, which is part of names. */
function withCollisions(status: ExperimentStatus, name: string, collisionCount: number | undefined): ExperimentStatus {
  const known = status.templateStatuses ?? [];
  const own = known.find((version) => version.name === name) ?? { name, ...NO_PODS };
  const others = known.filter((version) => version.name !== name);
  return { ...status, templateStatuses: [...others, { ...own, collisionCount }] };
}

type Counts = Pick<ExperimentTemplateStatus, 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'>;

function countsOf(replicaSet: ReplicaSet | undefined): Counts {
  const replicas = podsOf(replicaSet);
  return {
    replicas,
    updatedReplicas: replicas,
    readyReplicas: readyOf(replicaSet),
    availableReplicas: availableOf(replicaSet),
  };
}

function sameCounts(left: Counts, right: Counts): boolean {
  return (
    left.replicas === right.replicas &&
    left.updatedReplicas === right.updatedReplicas &&
    left.readyReplicas === right.readyReplicas &&
    left.availableReplicas === right.availableReplicas
  );
}

/** Its pods are asked for anew, so that the time for them begins anew. */
function isGrown(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
  replicaSet: ReplicaSet | undefined,
): boolean {
  const wanted = wantedSize(observation, status, template);
  return replicaSet !== undefined && wanted > 0 && sizeOf(replicaSet) !== wanted;
}

interface PhaseInput {
  readonly template: ExperimentTemplate;
  readonly before: ExperimentTemplateStatus | undefined;
  readonly versioned: ExperimentTemplateStatus;
}

type Phase = Pick<ExperimentTemplateStatus, 'status' | 'message'>;

/** A version that has ended stays so. */
function phaseOf(observation: ExperimentObservation, status: ExperimentStatus, input: PhaseInput): Phase {
  const { experiment, nowMs, analysisRuns } = observation;
  const { template, before, versioned } = input;
  const known = before?.status;
  if (known === 'Successful' || known === 'Failed' || known === 'Error')
    return { status: known, ...(before?.message === undefined ? {} : { message: before.message }) };
  const refused = refusalOf(observation, template, versioned);
  if (refused !== undefined) return { status: 'Error', message: refused };
  if (isEnding(experiment.spec, status, analysisRuns)) return { status: 'Successful' };
  if (versioned.availableReplicas === wantedSize(observation, status, template))
    return { status: isDurationOver(experiment.spec, status, nowMs) ? 'Successful' : 'Running' };
  const deadlineSeconds = experimentProgressDeadlineSecondsOf(experiment.spec);
  if (nowMs <= deadlineMs(versioned, deadlineSeconds)) return { status: 'Progressing' };
  const message = `Template '${template.name}' exceeded its progressDeadlineSeconds (${deadlineSeconds})`;
  return { status: 'Failed', message };
}

/** Until when something has to happen to a version whose pods are not all available. */
export function deadlineMs(version: ExperimentTemplateStatus, deadlineSeconds: number): number {
  const sinceMs = waitStartMs(version.lastTransitionTime ?? '');
  return sinceMs === undefined ? Number.POSITIVE_INFINITY : sinceMs + deadlineSeconds * 1_000;
}

/** Why the API server will not give this version what it needs. */
function refusalOf(
  observation: ExperimentObservation,
  template: ExperimentTemplate,
  version: ExperimentTemplateStatus,
): string | undefined {
  const { experiment, refusals } = observation;
  const own = replicaSetName(experiment.metadata.name, template.name, version.collisionCount);
  const about = `for template '${template.name}'`;
  for (const { deed, kind, name, message } of refusals) {
    if (kind === 'ReplicaSet' && name === own && deed === 'create')
      return `Failed to create ReplicaSet ${about}: ${message}`;
    if (kind === 'ReplicaSet' && name === own && deed === 'scale')
      return `Unable to scale ReplicaSet ${about} to desired replica count '${template.replicas ?? 1}': ${message}`;
    if (kind === 'Service' && name === (template.service?.name ?? own) && deed === 'create')
      return `Failed to create Service ${name} ${about}: ${message}`;
  }
  return undefined;
}
