import { performance } from 'node:perf_hooks';
import { evaluateCondition } from '../../src/core/analysis/expression/program.ts';
import { slice } from '../../src/core/analysis/expression/value.ts';

const MEASURE_MS = 1_000;
const CONDITIONS = [
  'result[0] >= 0.95',
  'len(result) > 0 && result[0] < 0.05',
  'all(result, {# < 0.5 || isNaN(#)})',
  'default(result, 0) != nil and (isNil(result) or result[0] <= 0.3)',
  'sum(map(result, # * 2)) / len(result) < 1',
];
const RESULT = slice([0.01, 0.2, 0.03, 0.4], 'float64');

export interface ConditionBench {
  readonly evaluationsPerSecond: number;
  readonly conditions: number;
}

/** How fast conditions of metrics are judged, as they are in a controller: compiled once, evaluated at each measurement. */
export function benchConditions(): ConditionBench {
  const nowMs = Date.now();
  for (const text of CONDITIONS) {
    const outcome = evaluateCondition(text, RESULT, nowMs);
    if (!outcome.ok) throw new Error(`${text}: ${outcome.message}`);
  }
  const startedMs = performance.now();
  let evaluations = 0;
  while (performance.now() - startedMs < MEASURE_MS) {
    for (let round = 0; round < 100; round += 1) {
      for (const text of CONDITIONS) evaluateCondition(text, RESULT, nowMs);
    }
    evaluations += 100 * CONDITIONS.length;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  return { evaluationsPerSecond: Math.round(evaluations / seconds), conditions: CONDITIONS.length };
}
