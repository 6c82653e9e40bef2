import {
  about,
  flag,
  int32,
  int64,
  intOrString,
  listByKey,
  oneOfTexts,
  patched,
  record,
  text,
  time,
} from '../schema.ts';
import { labelSelectorSchema, topLevel } from './meta.ts';
import { podTemplateSpecSchema } from './pod.ts';

const rollingUpdateDeploymentSchema = record({
  maxSurge: about('Pods above the wanted number, as a count or a percentage (rounded up).', intOrString),
  maxUnavailable: about('Pods below the wanted number, as a count or a percentage (rounded down).', intOrString),
});

const deploymentStrategySchema = about(
  'How old pods are replaced by new ones.',
  record({
    rollingUpdate: about('Limits of a rolling update.', rollingUpdateDeploymentSchema),
    type: about(
      'RollingUpdate replaces little by little, Recreate ends all old pods first.',
      oneOfTexts('Recreate', 'RollingUpdate'),
    ),
  }),
);

const deploymentSpecSchema = record(
  {
    minReadySeconds: about('Seconds that a pod must be ready for before it counts as available.', int32),
    paused: about('Changes of the template start no rollout.', flag),
    progressDeadlineSeconds: about('Seconds without progress after which the rollout counts as failed.', int32),
    replicas: about('How many pods there should be.', int32),
    revisionHistoryLimit: about('How many old ReplicaSets are kept to go back to.', int32),
    selector: about('Selects the pods; must match the labels of the template, and cannot change.', labelSelectorSchema),
    strategy: about(
      'How old pods are replaced by new ones.',
      patched(deploymentStrategySchema, { strategy: 'retainKeys' }),
    ),
    template: about('What the pods look like; a change of it starts a rollout.', podTemplateSpecSchema),
  },
  ['selector', 'template'],
);

const deploymentConditionSchema = record({
  lastTransitionTime: time,
  lastUpdateTime: time,
  message: text,
  reason: text,
  status: text,
  type: text,
});

const deploymentStatusSchema = record({
  availableReplicas: int32,
  collisionCount: int32,
  conditions: about(
    'Available and Progressing tell how the rollout goes.',
    listByKey(deploymentConditionSchema, ['type'], { key: 'type' }),
  ),
  observedGeneration: int64,
  readyReplicas: int32,
  replicas: int32,
  terminatingReplicas: int32,
  unavailableReplicas: int32,
  updatedReplicas: int32,
});

export const deploymentSchema = about(
  'Keeps pods of one template running and rolls changes out step by step.',
  topLevel({
    spec: about('What is wanted.', deploymentSpecSchema),
    status: about('What is observed.', deploymentStatusSchema),
  }),
);

const replicaSetSpecSchema = record(
  {
    minReadySeconds: about('Seconds that a pod must be ready for before it counts as available.', int32),
    replicas: about('How many pods there should be.', int32),
    selector: about('Selects the pods; cannot change.', labelSelectorSchema),
    template: about('What new pods look like.', podTemplateSpecSchema),
  },
  ['selector'],
);

const replicaSetConditionSchema = record({
  lastTransitionTime: time,
  message: text,
  reason: text,
  status: text,
  type: text,
});

const replicaSetStatusSchema = record({
  availableReplicas: about('Pods that are ready long enough.', int32),
  conditions: listByKey(replicaSetConditionSchema, ['type'], { key: 'type' }),
  fullyLabeledReplicas: int32,
  observedGeneration: int64,
  readyReplicas: about('Pods that are ready.', int32),
  replicas: about('Pods that exist.', int32),
  terminatingReplicas: int32,
});

export const replicaSetSchema = about(
  'Keeps a number of equal pods running.',
  topLevel({
    spec: about('What is wanted.', replicaSetSpecSchema),
    status: about('What is observed.', replicaSetStatusSchema),
  }),
);
