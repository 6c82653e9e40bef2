import { fieldsOf } from '../../lib/fields-of.ts';

/** Our own entries that are kept; each is one abort to one recipient. Those of others are left alone. */
const KEPT_MAX = 20;
const OWN_PREFIX = 'headgate/';

/** Whether the annotation on the Rollout records that this recipient was told of this notice. */
export function isNotified(
  annotation: string | undefined,
  told: { readonly key: string; readonly recipient: string },
): boolean {
  return Object.hasOwn(parse(annotation), entryKey(told));
}

/** The annotation with one more entry: a JSON object from keys to Unix seconds, shared with other tools. */
export function withNotified(
  annotation: string | undefined,
  told: { readonly key: string; readonly recipient: string },
  nowMs: number,
): string {
  const entries = Object.entries({ ...parse(annotation), [entryKey(told)]: Math.floor(nowMs / 1_000) });
  const own = entries
    .filter(([key]) => key.startsWith(OWN_PREFIX))
    .toSorted(([, left], [, right]) => Number(right) - Number(left));
  const dropped = new Set(own.slice(KEPT_MAX).map(([key]) => key));
  return JSON.stringify(Object.fromEntries(entries.filter(([key]) => !dropped.has(key))));
}

function entryKey(told: { readonly key: string; readonly recipient: string }): string {
  return `${OWN_PREFIX}${told.recipient}/${told.key}`;
}

/** What cannot be read counts as empty. */
function parse(annotation: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(annotation ?? '{}');
    return fieldsOf(value);
  } catch {
    return {};
  }
}
