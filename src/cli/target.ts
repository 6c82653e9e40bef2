import { KINDS } from '../api/kinds.ts';
import type { ResourceKind } from '../api/kube-object.ts';
import { CommandError } from './session.ts';

/** Kinds that verbs take, and the words for each of them. */
const WORDS: Readonly<Record<string, ResourceKind>> = {
  rollout: KINDS.rollout,
  rollouts: KINDS.rollout,
  ro: KINDS.rollout,
  experiment: KINDS.experiment,
  experiments: KINDS.experiment,
  exp: KINDS.experiment,
  analysisrun: KINDS.analysisRun,
  analysisruns: KINDS.analysisRun,
  ar: KINDS.analysisRun,
};

export interface Targets {
  readonly kind: ResourceKind;
  readonly names: readonly string[];
}

export interface TargetRules {
  /** Kinds that the verb works on; the first is meant when none is named. */
  readonly kinds: readonly ResourceKind[];
  /** Without one, the kind has to be named. */
  readonly kindMustBeNamed?: boolean;
}

/** Reads `rollout shop`, `rollout/shop`, or only `shop`. */
export function targetsOf(words: readonly string[], rules: TargetRules): Targets {
  const [first = '', ...rest] = words;
  const [prefix = '', name] = first.split('/');
  const named = WORDS[prefix.toLowerCase()];
  const known = rules.kinds.map(({ kind }) => kind.toLowerCase()).join(' or ');
  if (named !== undefined && !rules.kinds.includes(named))
    throw new CommandError(`${prefix}: this verb takes ${known}`);
  if (named === undefined && name !== undefined) throw new CommandError(`${prefix}: no such kind; write ${known}`);
  if (named === undefined && rules.kindMustBeNamed === true)
    throw new CommandError(`say of which kind it is: ${known} ${first === '' ? 'NAME' : first}`);
  const names = named === undefined ? words : name === undefined ? rest : [name, ...rest];
  const kind = named ?? rules.kinds[0];
  if (kind === undefined || names.length === 0) throw new CommandError(`name the ${known} that is meant`);
  return { kind, names };
}

/** The same for verbs that work on exactly one object. */
export function targetOf(
  words: readonly string[],
  rules: TargetRules,
): { readonly kind: ResourceKind; readonly name: string } {
  const { kind, names } = targetsOf(words, rules);
  const [name = '', ...more] = names;
  if (more.length > 0) throw new CommandError(`one name at a time: ${name} or ${more.join(' or ')}`);
  return { kind, name };
}
