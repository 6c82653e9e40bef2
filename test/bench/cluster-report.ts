import { addCounts, byCount, countOf, isByTime, isOfEvents, type CallCounts } from './call-counts.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { percentile, rounded, table } from './figures.ts';
import type { Variant } from './fleet.ts';

/** What one change of all images cost. */
export interface Round {
  readonly wallS: number;
  /** Of each Rollout until it was Healthy itself. */
  readonly untilHealthy: CallCounts;
  readonly calls: CallCounts;
  readonly controllerCpuMs: number;
  readonly apiServerCpuMs: number;
  readonly pauseLateMs: readonly number[];
  /** Afterwards. */
  readonly memoryMb: number;
}

/** What `--json` prints: other programs read these names. */
export interface ClusterFigures {
  readonly n: number;
  readonly variant: Variant;
  readonly wallS: number;
  readonly callsPerRollout: number;
  readonly eventCallsPerRollout: number;
  readonly cpuMsPerRollout: number;
  readonly peakMemoryMb: number;
  readonly pauseLateP50Ms: number;
  readonly pauseLateP99Ms: number;
  readonly apiServerCpuS: number;
}

/** What is told beside them, for people and for the tables of the documentation. */
export interface ClusterDetails extends ClusterFigures {
  readonly callsBesidesEvents: number;
  readonly callsUntilHealthy: number;
  readonly memoryMbAfterRounds: readonly number[];
}

/** Prints what all rounds of one controller cost, and answers the figures. */
export function reportRounds(
  { n, variant }: Pick<ClusterOptions, 'n' | 'variant'>,
  { controller, rounds, peakMemoryMb }: { controller: string; rounds: readonly Round[]; peakMemoryMb: number },
): { readonly figures: ClusterFigures; readonly details: ClusterDetails } {
  const updates = n * rounds.length;
  const calls = addCounts(...rounds.map((round) => round.calls));
  const late = rounds.flatMap((round) => round.pauseLateMs).toSorted((left, right) => left - right);
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  const events = countOf(calls, (call) => isOfEvents(call) && !isByTime(call));
  const all = countOf(calls, (call) => !isByTime(call));
  const figures = {
    n,
    variant,
    wallS: rounded(sum((round) => round.wallS) / rounds.length, 2),
    callsPerRollout: rounded(all / updates, 2),
    eventCallsPerRollout: rounded(events / updates, 2),
    cpuMsPerRollout: rounded(sum((round) => round.controllerCpuMs) / updates, 1),
    peakMemoryMb: rounded(peakMemoryMb, 1),
    pauseLateP50Ms: Math.round(percentile(late, 50)),
    pauseLateP99Ms: Math.round(percentile(late, 99)),
    apiServerCpuS: rounded(sum((round) => round.apiServerCpuMs) / rounds.length / 1_000, 2),
  };
  const details = {
    ...figures,
    callsBesidesEvents: rounded((all - events) / updates, 2),
    callsUntilHealthy: rounded(callsUntilHealthy(rounds) / updates, 2),
    memoryMbAfterRounds: rounds.map((round) => Math.round(round.memoryMb)),
  };
  table(`${controller}: ${n} updates at once, ${variant}${rounds.length > 1 ? `, ${rounds.length} times` : ''}`, [
    ...Object.entries(figures),
    ['calls besides events', details.callsBesidesEvents],
    ['calls besides events until each was Healthy', details.callsUntilHealthy],
    ['memory afterwards, MB', details.memoryMbAfterRounds.join(' ')],
  ]);
  table(
    'calls by verb and resource, per Rollout',
    [...calls]
      .filter(([call]) => !isByTime(call))
      .sort(byCount)
      .map(([call, count]) => [call, rounded(count / updates, 2)]),
  );
  table('calls that time asks for, in all', [...calls].filter(([call]) => isByTime(call)).sort(byCount));
  return { figures, details };
}

/** Over one is in our favour. */
export function reportRatios(ours: ClusterFigures, theirs: ClusterFigures): void {
  const rows = Object.entries(ours).flatMap(([name, value]) => {
    const other: unknown = new Map<string, unknown>(Object.entries(theirs)).get(name);
    if (typeof value !== 'number' || typeof other !== 'number' || name === 'n') return [];
    return [
      [
        name,
        `${value} against ${other}${value > 0 && other > 0 ? `: ${rounded(other / value, 1)} times` : ''}`,
      ] as const,
    ];
  });
  table('ours against the other', rows);
}

function callsUntilHealthy(rounds: readonly Round[]): number {
  const untilHealthy = addCounts(...rounds.map((round) => round.untilHealthy));
  return countOf(untilHealthy, (call) => !isByTime(call) && !isOfEvents(call));
}
