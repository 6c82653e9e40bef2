import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** What the API server has noted of one call. */
interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** Calls by `patch rollouts/status`; a refused one carries its code: `patch rollouts/status 409`. */
export type CallCounts = ReadonlyMap<string, number>;

/** Reads an audit log on and on: each call to `take` counts what was noted of one client since the call before. */
export interface AuditLog {
  take(): CallCounts;
}

export function openAuditLog(file: string, userAgent: string): AuditLog {
  let position = 0;
  return {
    take() {
      const counts = new Map<string, number>();
      if (!existsSync(file)) return counts;
      const text = readFrom(file, position);
      const end = text.lastIndexOf('\n') + 1;
      const whole = text.slice(0, end);
      position += Buffer.byteLength(whole);
      for (const line of whole.split('\n')) {
        const call = callIn(line, userAgent);
        if (call !== undefined) counts.set(call, (counts.get(call) ?? 0) + 1);
      }
      return counts;
    },
  };
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

function readFrom(file: string, position: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - position));
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, position));
  } finally {
    closeSync(descriptor);
  }
}

function callIn(line: string, userAgent: string): string | undefined {
  // Most lines are other clients': not worth parsing.
  if (!line.includes(`"userAgent":"${userAgent}"`)) return undefined;
  const event = JSON.parse(line) as AuditEvent;
  if (event.stage !== 'ResponseComplete' || event.userAgent !== userAgent) return undefined;
  const { resource = 'none', subresource } = event.objectRef ?? {};
  const code = event.responseStatus?.code ?? 0;
  return `${event.verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${code >= 300 ? ` ${code}` : ''}`;
}
