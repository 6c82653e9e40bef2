import type { KubeObject } from '../../api/kube-object.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import type { FieldError, ResourceDefinition } from '../resource.ts';
import { ageColumn, column } from './columns.ts';
import { define } from './define.ts';
import { forbidden } from './field-errors.ts';
import { changedItems, fieldsAt, filled, itemsAt, listAt, textAt, withConditionTimes, type Fields } from './fields.ts';
import { podReadyText, podRestartsText, podStatusText, readinessGatesText } from './pod-cells.ts';
import { defaultedPodSpec } from './pod-defaults.ts';
import { checkPodSpec } from './pod-validation.ts';
import { podSchema } from './schemas/pod-status.ts';

export const podResource: ResourceDefinition = define({
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  subresources: [{ name: 'status' }, { name: 'eviction' }],
  schema: podSchema,
  countsGenerations: true,
  fieldSelectors: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  columns: [
    column('Ready', podReadyText),
    column('Status', podStatusText),
    column('Restarts', podRestartsText),
    ageColumn,
    column('IP', (pod) => textAt(pod, 'status', 'podIP') ?? '<none>', 'wide'),
    column('Node', (pod) => textAt(pod, 'spec', 'nodeName') ?? '<none>', 'wide'),
    column('Nominated Node', (pod) => textAt(pod, 'status', 'nominatedNodeName') ?? '<none>', 'wide'),
    column('Readiness Gates', readinessGatesText, 'wide'),
  ],
  defaults: defaultedPod,
  allocate: (pod, old) => (old === undefined ? admitted(pod) : pod),
  rowConditions: finishedRow,
  validate: checkPod,
});

function defaultedPod(pod: KubeObject): KubeObject {
  const complete = withRequests(filled(defaultedPodSpec(fieldsAt(pod, 'spec'), 'pod'), { enableServiceLinks: true }));
  return {
    ...pod,
    spec: complete,
    status: filled(completeStatus(fieldsAt(pod, 'status')), { phase: 'Pending', qosClass: qosClassOf(complete) }),
  };
}

/** What admission plugins fill. */
function admitted(pod: KubeObject): KubeObject {
  const spec = filled(fieldsAt(pod, 'spec'), { priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  return { ...pod, spec: { ...spec, tolerations: tolerationsWithDefaults(itemsAt(spec, 'tolerations')) } };
}

/** Times and states that the type always has, be they null or empty. */
function completeStatus(status: Fields): Fields {
  let result = withConditionTimes(withAllAddresses(status), 'lastProbeTime', 'lastTransitionTime');
  for (const list of ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses']) {
    result = changedItems(result, list, (container) => ({
      ...container,
      state: completeState(fieldsAt(container, 'state')),
      lastState: completeState(fieldsAt(container, 'lastState')),
    }));
  }
  return result;
}

/** The one address is the first of all addresses. */
function withAllAddresses(status: Fields): Fields {
  const ip = textAt(status, 'podIP') ?? '';
  return ip === '' ? status : filled(status, { podIPs: [{ ip }] });
}

function completeState(state: Fields): Fields {
  if (state.terminated === undefined) return state;
  return { ...state, terminated: filled(fieldsAt(state, 'terminated'), { startedAt: null, finishedAt: null }) };
}

/** Tables mark rows of pods that have ended, so that clients may leave them out. */
function finishedRow(pod: KubeObject): readonly unknown[] {
  const phase = textAt(pod, 'status', 'phase');
  const row = { type: 'Completed', status: 'True' };
  if (phase === 'Succeeded') return [{ ...row, reason: phase, message: 'The pod has completed successfully.' }];
  return phase === 'Failed' ? [{ ...row, reason: phase, message: 'The pod failed.' }] : [];
}

/** Requests follow limits where only limits are given. */
function withRequests(spec: Fields): Fields {
  let result = spec;
  for (const list of ['initContainers', 'containers']) {
    result = changedItems(result, list, (container) => {
      const limits = fieldsAt(container, 'resources', 'limits');
      if (Object.keys(limits).length === 0) return container;
      const resources = fieldsAt(container, 'resources');
      return { ...container, resources: { ...resources, requests: filled(fieldsAt(resources, 'requests'), limits) } };
    });
  }
  return result;
}

/** Pods survive a node that is not ready or not reachable for five minutes, unless they say something else about these taints. */
function tolerationsWithDefaults(tolerations: readonly Fields[]): readonly Fields[] {
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) =>
      !tolerations.some(
        (toleration) =>
          (toleration.key === key || (toleration.key ?? '') === '') &&
          ['NoExecute', '', undefined].includes(textAt(toleration, 'effect')),
      ),
  );
  return [
    ...tolerations,
    ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })),
  ];
}

function qosClassOf(spec: unknown): string {
  const containers = [...itemsAt(spec, 'containers'), ...itemsAt(spec, 'initContainers')];
  const sized = (container: Fields, kind: string): Fields => fieldsAt(container, 'resources', kind);
  if (
    containers.every(
      (each) => Object.keys(sized(each, 'limits')).length + Object.keys(sized(each, 'requests')).length === 0,
    )
  )
    return 'BestEffort';
  const guaranteed = containers.every((each) =>
    ['cpu', 'memory'].every(
      (name) =>
        sized(each, 'limits')[name] !== undefined &&
        deepEqual(sized(each, 'limits')[name], sized(each, 'requests')[name]),
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function checkPod(pod: KubeObject, old: KubeObject | undefined): readonly FieldError[] {
  const spec = fieldsAt(pod, 'spec');
  const errors = checkPodSpec('spec', spec);
  if (old === undefined || textAt(old, 'spec', 'nodeName') === undefined) return errors;
  return deepEqual(fixedPart(spec), fixedPart(fieldsAt(old, 'spec')))
    ? errors
    : [...errors, forbidden('spec', FIXED_SPEC)];
}

/** A pod's spec without the fields that may change after its creation. */
function fixedPart(spec: Fields): Fields {
  const {
    activeDeadlineSeconds: _deadline,
    tolerations: _tolerations,
    terminationGracePeriodSeconds: _grace,
    schedulingGates: _gates,
    ...rest
  } = spec;
  return {
    ...rest,
    containers: listAt(spec, 'containers').map((container) => ({ ...fieldsAt(container), image: '' })),
    initContainers: listAt(spec, 'initContainers').map((container) => ({ ...fieldsAt(container), image: '' })),
  };
}

const FIXED_SPEC =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
