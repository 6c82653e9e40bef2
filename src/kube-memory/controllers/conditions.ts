import { formatTimestamp } from '../../lib/timestamp.ts';
import { itemsAt, type Fields } from '../builtin/fields.ts';

export interface ConditionWords {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

export function conditionOf(object: unknown, type: string): Fields | undefined {
  return itemsAt(object, 'status', 'conditions').find((condition) => condition.type === type);
}

export function hasCondition(object: unknown, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}

/** The list with the condition set; its transition time moves only when its status does. */
export function withCondition(
  conditions: readonly Fields[],
  words: ConditionWords,
  nowMs: number,
  extra: Fields = {},
): readonly Fields[] {
  const before = conditions.find((condition) => condition.type === words.type);
  const now = formatTimestamp(nowMs);
  const moved = before === undefined || before.status !== words.status;
  const next = { ...words, lastTransitionTime: moved ? now : before.lastTransitionTime, ...extra };
  if (before === undefined) return [...conditions, next];
  return conditions.map((condition) => (condition === before ? next : condition));
}

export function withoutCondition(conditions: readonly Fields[], type: string): readonly Fields[] {
  return conditions.filter((condition) => condition.type !== type);
}
