import type { Metric } from '../../api/analysis.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/**
 * Whether the conditions of a metric say what it means when a result holds nothing. For answers that have a shape
 * without having data, such as results without values; empty results as such are judged with their condition.
 */
export function knowsOfAbsence({
  successCondition = '',
  failureCondition = '',
}: Pick<Metric, 'successCondition' | 'failureCondition'>): boolean {
  const conditions = [successCondition, failureCondition].filter((text) => text !== '');
  return conditions.length > 0 && conditions.every((text) => /\b(len|isNil|default|nil)\b|\?\?/.test(text));
}

/** True for JSON that is lists, objects and nulls all the way down. */
export function holdsNothing(json: unknown): boolean {
  if (json === null || json === undefined) return true;
  if (Array.isArray(json)) return json.every(holdsNothing);
  return isPlainObject(json) && Object.values(json).every(holdsNothing);
}
