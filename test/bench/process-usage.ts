import { readFileSync } from 'node:fs';

/** Linux counts CPU time of processes in hundredths of a second, whatever the machine. */
const MS_PER_TICK = 10;

/** CPU that a process has used since it started, user and system, all threads; milliseconds. */
export function cpuMsOf(pid: number): number {
  // utime and stime are fields 14 and 15.
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** CPU of all programs that this process has started and that have ended, with those that they had started. */
export function cpuMsOfEnded(): number {
  const fields = statOf(process.pid);
  return (Number(fields[13]) + Number(fields[14])) * MS_PER_TICK;
}

/** CPU that anything on this machine has used since it was started; all processors. */
export function cpuMsOfMachine(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq + steal) * MS_PER_TICK;
}

/** From the third on: the name may hold spaces and brackets, and what follows the last bracket does not. */
function statOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
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
