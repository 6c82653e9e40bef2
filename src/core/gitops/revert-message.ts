import { TRAILERS } from './names.ts';

/** Everything that the message of a revert tells. */
export interface RevertFacts {
  readonly key: string;
  /** `namespace/name`. */
  readonly rollout: string;
  readonly abortedCommit: string;
  readonly stableCommit: string;
  /** The abort's own words. */
  readonly reason: string;
  readonly metric?: FailingMetric;
  /** The AnalysisRun that failed. */
  readonly run?: string;
  /** `kind name` of what was restored. */
  readonly restored: readonly string[];
}

export interface FailingMetric {
  readonly name: string;
  readonly value?: string;
  readonly condition?: string;
}

const SUBJECT_CHARACTERS_MAX = 72;
const REASON_CHARACTERS_MAX = 500;

/** A message that says what was undone and why, with trailers by which the revert is found again. */
export function revertMessage(facts: RevertFacts): string {
  const name = facts.rollout.slice(facts.rollout.indexOf('/') + 1);
  const subject = `revert: ${name} to ${facts.stableCommit.slice(0, 12)} after an abort`;
  const body = [
    `The rollout of ${facts.rollout} that commit ${facts.abortedCommit} started was aborted:`,
    oneLine(facts.reason),
    ...(facts.metric === undefined ? [] : [describeMetric(facts.metric)]),
  ];
  const restored = `Restored as of ${facts.stableCommit}: ${facts.restored.join(', ')}. Later changes to other things are kept.`;
  return `${subject.slice(0, SUBJECT_CHARACTERS_MAX)}\n\n${body.join('\n')}\n\n${restored}\n\n${trailers(facts).join('\n')}\n`;
}

function trailers(facts: RevertFacts): readonly string[] {
  const metric = facts.metric;
  return [
    `${TRAILERS.rollout}: ${facts.rollout}`,
    `${TRAILERS.aborted}: ${facts.abortedCommit}`,
    `${TRAILERS.stable}: ${facts.stableCommit}`,
    `${TRAILERS.reason}: ${oneLine(facts.reason)}`,
    ...(metric === undefined
      ? []
      : [`${TRAILERS.metric}: ${oneLine(`${metric.name}${metric.value === undefined ? '' : ` = ${metric.value}`}`)}`]),
    ...(facts.run === undefined ? [] : [`${TRAILERS.run}: ${facts.run}`]),
    `${TRAILERS.key}: ${facts.key}`,
  ];
}

function describeMetric(metric: FailingMetric): string {
  const value = metric.value === undefined ? 'gave no value' : `was ${metric.value}`;
  return oneLine(
    `The metric ${metric.name} ${value}${metric.condition === undefined ? '' : `; wanted: ${metric.condition}`}.`,
  );
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? 'no reason was given' : line.slice(0, REASON_CHARACTERS_MAX);
}
