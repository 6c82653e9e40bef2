import type { Argument } from '../../api/analysis.ts';
import type { ExperimentSpec, ExperimentStatus } from '../../api/experiment.ts';
import { formatTimestamp, parseTimestampMs } from '../../lib/timestamp.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { hashOf } from '../rollout/replica-set.ts';
import type { ExperimentObservation } from './observation.ts';
import { presentOrPlanned } from './replica-sets.ts';

export type ExperimentArguments =
  | { readonly ok: true; readonly args: readonly Argument[] }
  | { readonly ok: false; readonly message: string };

/** Fills what is known of the experiment into the values: `{{templates.x.podTemplateHash}}`, `{{experiment.availableAt}}`. */
export function resolveExperimentArguments(
  args: readonly Argument[],
  observation: ExperimentObservation,
  status: ExperimentStatus,
): ExperimentArguments {
  const known = knownValues(observation, status);
  const resolved: Argument[] = [];
  for (const argument of args) {
    if (argument.value === undefined) {
      resolved.push(argument);
      continue;
    }
    const value = fill(argument.value, known);
    if (!value.ok) return value;
    resolved.push({ ...argument, value: value.text });
  }
  return { ok: true, args: resolved };
}

function knownValues(observation: ExperimentObservation, status: ExperimentStatus): ReadonlyMap<string, string> {
  const values = new Map(times(observation.experiment.spec, status));
  for (const template of observation.experiment.spec.templates) {
    const replicaSet = presentOrPlanned(observation, status, template);
    if (replicaSet === undefined) continue;
    values.set(`templates.${template.name}.podTemplateHash`, hashOf(replicaSet));
    values.set(`templates.${template.name}.replicaset.name`, replicaSet.metadata.name);
  }
  return values;
}

function times(spec: ExperimentSpec, status: ExperimentStatus): readonly (readonly [string, string])[] {
  const availableMs = parseTimestampMs(status.availableAt);
  if (availableMs === undefined) return [];
  const durationMs = parseDurationMs(spec.duration ?? '');
  const available = ['experiment.availableAt', formatTimestamp(availableMs)] as const;
  if (durationMs === undefined) return [available];
  return [available, ['experiment.finishedAt', formatTimestamp(availableMs + durationMs)]];
}

type Filled = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

function fill(text: string, known: ReadonlyMap<string, string>): Filled {
  let problem: string | undefined;
  const filled = text.replace(/\{\{([\s\S]*?)(\}\}|$)/g, (_all, tag: string, end: string) => {
    const value = known.get(tag.trim());
    if (end === '') problem ??= `Cannot find end tag="}}" in the template=${JSON.stringify(text)}`;
    else if (value === undefined) problem ??= `failed to resolve {{${tag}}}`;
    return value ?? '';
  });
  return problem === undefined ? { ok: true, text: filled } : { ok: false, message: problem };
}
