import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { countCalls, type CallCounts } from './call-counts.ts';

/** What the API server has noted of one call. */
interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly name?: string };
  readonly stageTimestamp?: string;
  readonly responseStatus?: { readonly code?: number };
}

/** One call that was answered. */
export interface NotedCall {
  /** As in CallCounts. */
  readonly call: string;
  /** Of the object that was asked about; empty where there was none. */
  readonly name: string;
  readonly atMs: number;
}

/** Reads an audit log on and on: what was noted of one client since the last time that it was asked. */
export interface AuditLog {
  take(): CallCounts;
  takeCalls(): readonly NotedCall[];
}

export function openAuditLog(file: string, userAgent: string): AuditLog {
  let position = 0;

  function takeCalls(): readonly NotedCall[] {
    if (!existsSync(file)) return [];
    const text = readFrom(file, position);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    position += Buffer.byteLength(whole);
    return whole.split('\n').flatMap((line) => callIn(line, userAgent) ?? []);
  }

  return { takeCalls, take: () => countCalls(takeCalls().map(({ call }) => call)) };
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

function callIn(line: string, userAgent: string): NotedCall | undefined {
  // Most lines are other clients': not worth parsing.
  if (!line.includes(`"userAgent":"${userAgent}`)) return undefined;
  const event = JSON.parse(line) as AuditEvent;
  // Many clients put their version and platform behind a slash.
  if (event.stage !== 'ResponseComplete' || event.userAgent?.split('/')[0] !== userAgent) return undefined;
  const { resource = 'none', subresource, name = '' } = event.objectRef ?? {};
  const code = event.responseStatus?.code ?? 0;
  const of = subresource === undefined ? resource : `${resource}/${subresource}`;
  return {
    call: `${event.verb} ${of}${code >= 300 ? ` ${code}` : ''}`,
    name,
    atMs: Date.parse(event.stageTimestamp ?? ''),
  };
}
