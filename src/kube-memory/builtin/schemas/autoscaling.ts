import { about, int32, int64, listByKey, listOf, quantity, record, text, time } from '../schema.ts';
import { labelSelectorSchema, topLevel } from './meta.ts';

const hpaScalingPolicySchema = record(
  {
    periodSeconds: int32,
    type: text,
    value: int32,
  },
  ['type', 'value', 'periodSeconds'],
);

const hpaScalingRulesSchema = record({
  policies: listOf(hpaScalingPolicySchema),
  selectPolicy: text,
  stabilizationWindowSeconds: int32,
  tolerance: quantity,
});

const horizontalPodAutoscalerBehaviorSchema = record({
  scaleDown: hpaScalingRulesSchema,
  scaleUp: hpaScalingRulesSchema,
});

const metricTargetSchema = record(
  {
    averageUtilization: int32,
    averageValue: quantity,
    type: text,
    value: quantity,
  },
  ['type'],
);

const containerResourceMetricSourceSchema = record(
  {
    container: text,
    name: text,
    target: metricTargetSchema,
  },
  ['name', 'target', 'container'],
);

const metricIdentifierSchema = record(
  {
    name: text,
    selector: labelSelectorSchema,
  },
  ['name'],
);

const externalMetricSourceSchema = record(
  {
    metric: metricIdentifierSchema,
    target: metricTargetSchema,
  },
  ['metric', 'target'],
);

const crossVersionObjectReferenceSchema = record(
  {
    apiVersion: text,
    kind: text,
    name: text,
  },
  ['kind', 'name'],
);

const objectMetricSourceSchema = record(
  {
    describedObject: crossVersionObjectReferenceSchema,
    metric: metricIdentifierSchema,
    target: metricTargetSchema,
  },
  ['describedObject', 'target', 'metric'],
);

const podsMetricSourceSchema = record(
  {
    metric: metricIdentifierSchema,
    target: metricTargetSchema,
  },
  ['metric', 'target'],
);

const resourceMetricSourceSchema = record(
  {
    name: text,
    target: metricTargetSchema,
  },
  ['name', 'target'],
);

const metricSpecSchema = record(
  {
    containerResource: containerResourceMetricSourceSchema,
    external: externalMetricSourceSchema,
    object: objectMetricSourceSchema,
    pods: podsMetricSourceSchema,
    resource: resourceMetricSourceSchema,
    type: text,
  },
  ['type'],
);

const horizontalPodAutoscalerSpecSchema = record(
  {
    behavior: about('How fast it may grow and shrink.', horizontalPodAutoscalerBehaviorSchema),
    maxReplicas: about('Never more.', int32),
    metrics: about('What to look at, and the values to aim for.', listOf(metricSpecSchema)),
    minReplicas: about('Never fewer.', int32),
    scaleTargetRef: about('The workload to scale.', crossVersionObjectReferenceSchema),
  },
  ['scaleTargetRef', 'maxReplicas'],
);

const horizontalPodAutoscalerConditionSchema = record({
  lastTransitionTime: time,
  message: text,
  reason: text,
  status: text,
  type: text,
});

const metricValueStatusSchema = record({
  averageUtilization: int32,
  averageValue: quantity,
  value: quantity,
});

const containerResourceMetricStatusSchema = record({
  container: text,
  current: metricValueStatusSchema,
  name: text,
});

const externalMetricStatusSchema = record({
  current: metricValueStatusSchema,
  metric: metricIdentifierSchema,
});

const objectMetricStatusSchema = record({
  current: metricValueStatusSchema,
  describedObject: crossVersionObjectReferenceSchema,
  metric: metricIdentifierSchema,
});

const podsMetricStatusSchema = record({
  current: metricValueStatusSchema,
  metric: metricIdentifierSchema,
});

const resourceMetricStatusSchema = record({
  current: metricValueStatusSchema,
  name: text,
});

const metricStatusSchema = record({
  containerResource: containerResourceMetricStatusSchema,
  external: externalMetricStatusSchema,
  object: objectMetricStatusSchema,
  pods: podsMetricStatusSchema,
  resource: resourceMetricStatusSchema,
  type: text,
});

const horizontalPodAutoscalerStatusSchema = record({
  conditions: listByKey(horizontalPodAutoscalerConditionSchema, ['type'], { key: 'type' }),
  currentMetrics: listOf(metricStatusSchema),
  currentReplicas: int32,
  desiredReplicas: int32,
  lastScaleTime: time,
  observedGeneration: int64,
});

export const horizontalPodAutoscalerSchema = about(
  'Changes the size of a workload by what metrics say.',
  topLevel({
    spec: horizontalPodAutoscalerSpecSchema,
    status: horizontalPodAutoscalerStatusSchema,
  }),
);
