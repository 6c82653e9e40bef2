/** Calls of one client by `patch rollouts/status`; a refused one carries its code: `patch rollouts/status 409`. */
export type CallCounts = ReadonlyMap<string, number>;

export function countCalls(calls: readonly string[]): CallCounts {
  const counts = new Map<string, number>();
  for (const call of calls) counts.set(call, (counts.get(call) ?? 0) + 1);
  return counts;
}

export function addCounts(...all: readonly CallCounts[]): CallCounts {
  const total = new Map<string, number>();
  for (const counts of all) for (const [call, count] of counts) total.set(call, (total.get(call) ?? 0) + count);
  return total;
}

/** Leases are renewed and watches opened by time, not by Rollouts. */
export function isByTime(call: string): boolean {
  return / leases\b/.test(call) || /^(watch|list) /.test(call);
}

export function isOfEvents(call: string): boolean {
  return / events\b/.test(call);
}

export function countOf(counts: CallCounts, belongs: (call: string) => boolean): number {
  let total = 0;
  for (const [call, count] of counts) if (belongs(call)) total += count;
  return total;
}

export function byCount([, left]: readonly [string, number], [, right]: readonly [string, number]): number {
  return right - left;
}
