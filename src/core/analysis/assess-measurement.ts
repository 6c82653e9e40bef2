import type { Metric } from '../../api/analysis.ts';
import { evaluateCondition, isEmpty } from './expression/program.ts';
import type { ConditionOutcome } from './expression/program.ts';
import type { Value } from './expression/value.ts';

export interface Assessment {
  readonly phase: 'Successful' | 'Failed' | 'Inconclusive' | 'Error';
  /** Only for Error. */
  readonly message?: string;
}

type ConditionName = 'successCondition' | 'failureCondition';

const NO_DATA = 'metric result is nil or empty: no data returned from the metric provider';
const NOT_A_NUMBER =
  'metric result is NaN: no number returned from the metric provider; use isNaN(result) to say what that means';

/**
 * Judges a provider's result by the metric's conditions, as the API does: success only, failure only, or both (where
 * neither is true it is inconclusive). Stricter in one thing: what was not measured is never good. A missing result or
 * NaN that would pass is an error, unless the condition says itself what that means.
 */
export function assessResult(metric: Pick<Metric, ConditionName>, result: Value, nowMs: number): Assessment {
  const success = conditionOf(metric, 'successCondition', result, nowMs);
  if (success?.outcome.ok === false) return unusable(success, result);
  const failure = conditionOf(metric, 'failureCondition', result, nowMs);
  if (failure?.outcome.ok === false) return unusable(failure, result);
  const isBad = failure?.outcome.ok === true ? failure.outcome.holds : undefined;
  const isGood = success?.outcome.ok === true ? success.outcome.holds : undefined;
  if (isBad === true) return { phase: 'Failed' };
  if (isGood === false) return { phase: isBad === undefined ? 'Failed' : 'Inconclusive' };
  return unmeasured([success, failure], result) ?? { phase: 'Successful' };
}

interface Judged {
  readonly name: ConditionName;
  readonly text: string;
  readonly outcome: ConditionOutcome;
}

function conditionOf(
  metric: Pick<Metric, ConditionName>,
  name: ConditionName,
  result: Value,
  nowMs: number,
): Judged | undefined {
  const text = metric[name];
  if (text === undefined || text === '') return undefined;
  return { name, text, outcome: evaluateCondition(text, result, nowMs) };
}

function unusable(judged: Judged, result: Value): Assessment {
  const cause = judged.outcome.ok ? '' : judged.outcome.message;
  const isMissing = result !== '' && isEmpty(result);
  return { phase: 'Error', message: describe(judged, isMissing ? NO_DATA : cause) };
}

/** Why what looks good was never measured, or undefined when it was. */
function unmeasured(conditions: readonly (Judged | undefined)[], result: Value): Assessment | undefined {
  const judged = conditions.filter((condition) => condition !== undefined);
  if (judged.length === 0) return isEmpty(result) ? { phase: 'Error', message: NO_DATA } : unmeasuredNumber(result);
  for (const condition of judged) {
    if (!condition.outcome.ok) continue;
    if (condition.outcome.unawareOfAbsence) return { phase: 'Error', message: describe(condition, NO_DATA) };
    if (condition.outcome.unawareOfNaN) return { phase: 'Error', message: describe(condition, NOT_A_NUMBER) };
  }
  return undefined;
}

/** Without conditions any value is good, but NaN is no value. */
function unmeasuredNumber(result: Value): Assessment | undefined {
  const isNaNOnly =
    Number.isNaN(result) ||
    (typeof result === 'object' && result?.kind === 'slice' && result.items.every((item) => Number.isNaN(item)));
  return isNaNOnly ? { phase: 'Error', message: NOT_A_NUMBER } : undefined;
}

function describe(condition: Judged, cause: string): string {
  return `could not evaluate ${condition.name} "${condition.text}": ${cause}`;
}
