import { flag, int32, int64, intOrString, listByKey, oneOfTexts, patched, record, text, time } from '../schema.ts';
import { labelSelectorSchema, topLevel } from './meta.ts';
import { podTemplateSpecSchema } from './pod.ts';

const rollingUpdateDeploymentSchema = record({
  maxSurge: intOrString,
  maxUnavailable: intOrString,
});

const deploymentStrategySchema = record({
  rollingUpdate: rollingUpdateDeploymentSchema,
  type: oneOfTexts('Recreate', 'RollingUpdate'),
});

const deploymentSpecSchema = record(
  {
    minReadySeconds: int32,
    paused: flag,
    progressDeadlineSeconds: int32,
    replicas: int32,
    revisionHistoryLimit: int32,
    selector: labelSelectorSchema,
    strategy: patched(deploymentStrategySchema, { strategy: 'retainKeys' }),
    template: podTemplateSpecSchema,
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
  conditions: listByKey(deploymentConditionSchema, ['type'], { key: 'type' }),
  observedGeneration: int64,
  readyReplicas: int32,
  replicas: int32,
  terminatingReplicas: int32,
  unavailableReplicas: int32,
  updatedReplicas: int32,
});

export const deploymentSchema = topLevel({
  spec: deploymentSpecSchema,
  status: deploymentStatusSchema,
});

const replicaSetSpecSchema = record(
  {
    minReadySeconds: int32,
    replicas: int32,
    selector: labelSelectorSchema,
    template: podTemplateSpecSchema,
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
  availableReplicas: int32,
  conditions: listByKey(replicaSetConditionSchema, ['type'], { key: 'type' }),
  fullyLabeledReplicas: int32,
  observedGeneration: int64,
  readyReplicas: int32,
  replicas: int32,
  terminatingReplicas: int32,
});

export const replicaSetSchema = topLevel({
  spec: replicaSetSpecSchema,
  status: replicaSetStatusSchema,
});
