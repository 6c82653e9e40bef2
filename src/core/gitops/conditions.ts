import type { StandardCondition } from '../../api/git-source.ts';
import { placeOf, type ManifestProblem } from './manifest.ts';

/** What is true of a GitSource after a pass. */
export interface ConditionFact {
  readonly type: 'Ready' | 'Reconciling' | 'Stalled' | 'WriteBack';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

const PROBLEMS_SHOWN_MAX = 10;
const MESSAGE_CHARACTERS_MAX = 4_096;

/** The conditions with the facts among them; the time of transition moves with the status only. `now` is RFC 3339. */
export function withFacts(
  conditions: readonly StandardCondition[],
  facts: readonly ConditionFact[],
  about: { readonly now: string; readonly generation: number | undefined },
): readonly StandardCondition[] {
  const next = conditions.filter((condition) => !facts.some((fact) => fact.type === condition.type));
  for (const fact of facts) {
    const before = conditions.find((condition) => condition.type === fact.type);
    const lastTransitionTime = before?.status === fact.status ? before.lastTransitionTime : about.now;
    const observedGeneration = about.generation === undefined ? {} : { observedGeneration: about.generation };
    next.push({
      ...fact,
      message: fact.message.slice(0, MESSAGE_CHARACTERS_MAX),
      lastTransitionTime,
      ...observedGeneration,
    });
  }
  return next;
}

/** All problems in one message, each with its file and line. */
export function describeProblems(problems: readonly ManifestProblem[]): string {
  const shown = problems
    .slice(0, PROBLEMS_SHOWN_MAX)
    .map((problem) => (problem.file === '' ? problem.message : `${placeOf(problem)}: ${problem.message}`));
  const more = problems.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
