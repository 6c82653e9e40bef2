import type { ExperimentStatus, ExperimentTemplate } from '../../api/experiment.ts';
import { KINDS } from '../../api/kinds.ts';
import { controllerReference } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import { EXPERIMENT_NAME_ANNOTATION, EXPERIMENT_TEMPLATE_ANNOTATION } from '../../api/labels.ts';
import type { ReplicaSet, Service, ServicePort } from '../../api/workloads.ts';
import { availableOf, sizeOf } from '../rollout/replica-set.ts';
import { isOnItsWayOut } from './ending.ts';
import type { ExperimentObservation } from './observation.ts';
import { ownAnnotations, presentOrPlanned, replicaSetOf } from './replica-sets.ts';

export function serviceOf(observation: ExperimentObservation, template: ExperimentTemplate): Service | undefined {
  return observation.services.find(
    ({ metadata: { annotations = {}, deletionTimestamp } }) =>
      deletionTimestamp === undefined &&
      annotations[EXPERIMENT_NAME_ANNOTATION] === observation.experiment.metadata.name &&
      annotations[EXPERIMENT_TEMPLATE_ANNOTATION] === template.name,
  );
}

/** The Service that leads to a version's pods and should exist; undefined without one, or without ports. */
export function wantedService(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): Service | undefined {
  if (template.service === undefined || isOnItsWayOut(observation, status, template.name)) return undefined;
  const replicaSet = presentOrPlanned(observation, status, template);
  if (replicaSet === undefined) return undefined;
  const ports = portsOf(replicaSet);
  if (ports.length === 0) return undefined;
  const { experiment } = observation;
  const { name } = template.service;
  return {
    apiVersion: 'v1',
    kind: KINDS.service.kind,
    metadata: {
      name: name === undefined || name === '' ? replicaSet.metadata.name : name,
      namespace: experiment.metadata.namespace ?? '',
      annotations: ownAnnotations(experiment, template),
      ownerReferences: [controllerReference(KINDS.experiment, experiment.metadata)],
    },
    spec: { selector: replicaSet.metadata.labels ?? {}, ports },
  };
}

/** Made with the pods; deleted once they are told to go, or none of them is available any more. */
export function planService(
  observation: ExperimentObservation,
  status: ExperimentStatus,
  template: ExperimentTemplate,
): readonly KubeWrite[] {
  const service = serviceOf(observation, template);
  if (service === undefined) {
    const object = wantedService(observation, status, template);
    return object === undefined ? [] : [{ verb: 'create', kind: KINDS.service, object }];
  }
  const { name, namespace = '', uid } = service.metadata;
  const replicaSet = replicaSetOf(observation, template);
  const areGoing = sizeOf(replicaSet) === 0 || availableOf(replicaSet) === 0;
  const isLeft = isOnItsWayOut(observation, status, template.name) && areGoing;
  if (!isLeft && template.service !== undefined) return [];
  return [{ verb: 'delete', ref: { kind: KINDS.service, namespace, name }, uid }];
}

/** Every port of the containers, once; where there are several, each needs a name. */
function portsOf(replicaSet: ReplicaSet): readonly ServicePort[] {
  const found = new Map<string, { readonly name?: string; readonly protocol: string; readonly port: number }>();
  for (const container of replicaSet.spec.template.spec?.containers ?? []) {
    for (const { name, protocol = 'TCP', containerPort } of container.ports ?? []) {
      const key = `${protocol.toLowerCase()}-${containerPort}`;
      if (!found.has(key)) found.set(key, { ...(name === undefined ? {} : { name }), protocol, port: containerPort });
    }
  }
  return [...found].map(([key, port]) => ({
    ...(port.name === undefined && found.size > 1 ? { name: key } : {}),
    ...port,
    targetPort: port.port,
  }));
}
