import { forbidden, invalid, type Problem } from '../../api/validation/problem.ts';
import { VERSIONED_CONFIG_PATH } from '../../api/validation/versioned-config.ts';
import type { Rollout } from '../../api/rollout.ts';
import { configKey, versionedConfigOf, type ConfigKind } from '../../api/versioned-config.ts';
import { copyDigest, copyKey, copyName, isCopyWith, newCopy, type ConfigObject } from './copy.ts';
import { configReferences, withConfigNames, type ConfigReference } from './references.ts';

/** What was read for a Rollout whose configuration is versioned. */
export interface ConfigObservation {
  /** By key (`configmap/app`), what its template refers to; null when it does not exist. */
  readonly sources: Readonly<Record<string, ConfigObject | null>>;
  /** Copies that the Rollout owns and that are not on their way out. */
  readonly copies: readonly ConfigObject[];
  /** Kinds that the controller has no right to watch. */
  readonly refused: readonly ConfigKind[];
}

export interface ResolvedConfig {
  /** With a template that refers to copies; as it was when the template does not version its configuration. */
  readonly rollout: Rollout;
  /** Why the content of the version cannot be told. */
  readonly problems: readonly Problem[];
  /** Copies that the template refers to and that have to be made. */
  readonly missing: readonly ConfigObject[];
}

/** The places of a template whose content belongs to the version. A copy that is named as such is one already. */
export function versionedReferences(rollout: Rollout, copies: readonly ConfigObject[]): readonly ConfigReference[] {
  const wanted = versionedConfigOf(rollout);
  const { template } = rollout.spec;
  if (wanted === undefined || template === undefined || template === null) return [];
  return configReferences(template).filter((reference) => {
    return (
      (wanted === 'all' || wanted.has(configKey(reference))) &&
      !copies.some((copy) => copyKey(copy) === configKey(reference))
    );
  });
}

/**
 * The Rollout as if its template named, instead of each ConfigMap and Secret, an immutable copy of what it holds now. So
 * its content is part of the template's hash, and every ReplicaSet keeps the content that it was made with.
 */
export function withVersionedConfig(
  rollout: Rollout,
  observed: ConfigObservation | undefined,
  takenNames: readonly string[] = [],
): ResolvedConfig {
  const { template } = rollout.spec;
  if (observed === undefined || template === undefined || template === null) return unchanged(rollout, []);
  const references = versionedReferences(rollout, observed.copies);
  const problems = problemsOf(rollout, references, observed);
  if (problems.length > 0) return unchanged(rollout, problems);
  const names = new Map<string, string>();
  const missing: ConfigObject[] = [];
  for (const reference of references) {
    const key = configKey(reference);
    const source = observed.sources[key] ?? undefined;
    if (source === undefined || names.has(key)) continue;
    const digest = copyDigest(rollout, source);
    const present = observed.copies.find((copy) => isCopyWith(copy, reference.kind, digest));
    const name = present?.metadata.name ?? copyName(reference.name, digest, takenNames);
    names.set(key, name);
    if (present === undefined) missing.push(newCopy(rollout, source, { name, digest }));
  }
  const effective = withConfigNames(template, (reference) => names.get(configKey(reference)) ?? reference.name);
  return { rollout: { ...rollout, spec: { ...rollout.spec, template: effective } }, problems: [], missing };
}

function unchanged(rollout: Rollout, problems: readonly Problem[]): ResolvedConfig {
  return { rollout, problems, missing: [] };
}

function problemsOf(
  rollout: Rollout,
  references: readonly ConfigReference[],
  { sources, refused }: ConfigObservation,
): readonly Problem[] {
  const denied = refused.filter((kind) => references.some((reference) => reference.kind === kind));
  if (denied.length > 0) return denied.map((kind) => deniedProblem(rollout, kind));
  return references
    .filter((reference) => !reference.optional && sources[configKey(reference)] === null)
    .map(({ path, kind, name }) => invalid(path, name, `${kind} "${name}" not found`));
}

function deniedProblem({ metadata }: Rollout, kind: ConfigKind): Problem {
  return forbidden(
    VERSIONED_CONFIG_PATH,
    `the controller may not watch ${kind}s in namespace ${metadata.namespace ?? ''}; grant it get, list, watch, create and ` +
      'delete on them (chart value versionedConfig.enabled), or take the annotation away',
  );
}
