import { about, int32, int64, intOrString, listByKey, mapOf, oneOfTexts, patched, record, time } from '../schema.ts';
import { conditionSchema, labelSelectorSchema, topLevel } from './meta.ts';

const podDisruptionBudgetSpecSchema = record({
  maxUnavailable: about('Pods that may be missing, as a count or a percentage.', intOrString),
  minAvailable: about('Pods that must stay, as a count or a percentage.', intOrString),
  selector: about('The pods that it protects.', patched(labelSelectorSchema, { strategy: 'replace' })),
  unhealthyPodEvictionPolicy: oneOfTexts('AlwaysAllow', 'IfHealthyBudget'),
});

const podDisruptionBudgetStatusSchema = record({
  conditions: listByKey(conditionSchema, ['type'], { key: 'type' }),
  currentHealthy: int32,
  desiredHealthy: int32,
  disruptedPods: mapOf(time),
  disruptionsAllowed: about('How many may be taken away now.', int32),
  expectedPods: int32,
  observedGeneration: int64,
});

export const podDisruptionBudgetSchema = about(
  'How many pods may be taken away on purpose at a time.',
  topLevel({
    spec: podDisruptionBudgetSpecSchema,
    status: podDisruptionBudgetStatusSchema,
  }),
);
