import { int32, int64, intOrString, listByKey, mapOf, oneOfTexts, patched, record, time } from '../schema.ts';
import { conditionSchema, labelSelectorSchema, topLevel } from './meta.ts';

const podDisruptionBudgetSpecSchema = record({
  maxUnavailable: intOrString,
  minAvailable: intOrString,
  selector: patched(labelSelectorSchema, { strategy: 'replace' }),
  unhealthyPodEvictionPolicy: oneOfTexts('AlwaysAllow', 'IfHealthyBudget'),
});

const podDisruptionBudgetStatusSchema = record({
  conditions: listByKey(conditionSchema, ['type'], { key: 'type' }),
  currentHealthy: int32,
  desiredHealthy: int32,
  disruptedPods: mapOf(time),
  disruptionsAllowed: int32,
  expectedPods: int32,
  observedGeneration: int64,
});

export const podDisruptionBudgetSchema = topLevel({
  spec: podDisruptionBudgetSpecSchema,
  status: podDisruptionBudgetStatusSchema,
});
