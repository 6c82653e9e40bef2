import { readFileSync } from 'node:fs';

/** Linux counts CPU time of processes in hundredths of a second, whatever the machine. */
const MS_PER_TICK = 10;

/** CPU that a process has used since it started, user and system, all threads; milliseconds. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name may hold spaces and brackets; what follows the last bracket does not. utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

export interface ResidentMemory {
  readonly nowMb: number;
  /** The most since the process started. */
  readonly peakMb: number;
}

export function memoryOf(pid: number): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return { nowMb: field(status, 'VmRSS') / 1_024, peakMb: field(status, 'VmHWM') / 1_024 };
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}
