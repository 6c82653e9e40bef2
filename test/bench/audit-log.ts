import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { CallCounts } from './call-counts.ts';

/** What the API server has noted of one call. */
interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

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
