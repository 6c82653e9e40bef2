import type { AnalysisRunSpec, Argument, Metric } from '../../api/analysis.ts';
import { isPlainObject } from '../../lib/merge-patch.ts';

/** A value from a Secret: what stands under the key, or why there is nothing. */
export type SecretValue = { readonly value: string } | { readonly problem: string };

/** A key of a Secret in the run's namespace that an argument takes its value from. */
export interface SecretReference {
  readonly argument: string;
  readonly secretName: string;
  readonly key: string;
}

/** The Secret keys that must be read before a run can measure; the shell reads them live, from the run's own namespace. */
export function secretReferencesOf(args: readonly Argument[]): readonly SecretReference[] {
  return args.flatMap(({ name, valueFrom }) =>
    valueFrom?.secretKeyRef === undefined
      ? []
      : [{ argument: name, secretName: valueFrom.secretKeyRef.name, key: valueFrom.secretKeyRef.key }],
  );
}

/** The API's words for a Secret that does not exist. */
export function missingSecret(name: string): string {
  return `secrets "${name}" not found`;
}

/** The API's words for a key that is not in its Secret. */
export function missingSecretKey(reference: SecretReference): string {
  return `key '${reference.key}' does not exist in secret '${reference.secretName}'`;
}

export type ResolvedMetric =
  | { readonly ok: true; readonly metric: Metric }
  | { readonly ok: false; readonly message: string };

/** Fills `{{args.name}}` into every text of a metric. */
export function resolveMetric(metric: Metric, values: ReadonlyMap<string, string>): ResolvedMetric {
  try {
    // The shape stays; only texts change.
    return { ok: true, metric: substitute(metric, values) as Metric };
  } catch (error) {
    if (error instanceof UnresolvedArgument) return { ok: false, message: error.message };
    throw error;
  }
}

/**
 * The metrics of a run as its status knows them: arguments filled in, also into their names, and a placeholder for what
 * comes from a Secret. A metric that cannot be resolved stays as it is written.
 */
export function resolvedMetricsOf(spec: Pick<AnalysisRunSpec, 'metrics' | 'args'>): readonly Metric[] {
  const values = argumentValues(spec.args ?? [], 'placeholder');
  if (!values.ok) return spec.metrics;
  return spec.metrics.map((metric) => {
    const resolved = resolveMetric(metric, values.values);
    return resolved.ok ? resolved.metric : metric;
  });
}

export type ArgumentValues =
  | { readonly ok: true; readonly values: ReadonlyMap<string, string>; readonly secrets: readonly string[] }
  | { readonly ok: false; readonly message: string };

/**
 * Values of a run's arguments by name. Secrets come from `secrets` by argument; with `placeholder` any text stands for
 * them, which is enough to validate.
 */
export function argumentValues(
  args: readonly Argument[],
  secrets: Readonly<Record<string, SecretValue>> | 'placeholder',
): ArgumentValues {
  const values = new Map<string, string>();
  const found: string[] = [];
  for (const argument of args) {
    const { name, value, valueFrom } = argument;
    // Runs that the API's other controller made from a template's default may have both: the Secret counts.
    if (valueFrom?.secretKeyRef === undefined) {
      if (value === undefined) return { ok: false, message: `argument "${name}" was not supplied` };
      values.set(name, value);
      continue;
    }
    const secret: SecretValue | undefined = secrets === 'placeholder' ? { value: PLACEHOLDER } : secrets[name];
    if (secret === undefined) return { ok: false, message: missingSecret(valueFrom.secretKeyRef.name) };
    if ('problem' in secret) return { ok: false, message: secret.problem };
    values.set(name, secret.value);
    if (secret.value !== '') found.push(secret.value);
  }
  return { ok: true, values, secrets: found };
}

const PLACEHOLDER = 'temp-for-secret';

class UnresolvedArgument extends Error {}

function substitute(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return substituteText(value, values);
  if (Array.isArray(value)) return value.map((item) => substitute(item, values));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, values)]));
}

function substituteText(text: string, values: ReadonlyMap<string, string>): string {
  if (!text.includes('{{')) return text;
  return text.replace(/\{\{([\s\S]*?)(\}\}|$)/g, (_all, tag: string, end: string) => {
    if (end === '') throw new UnresolvedArgument(`Cannot find end tag="}}" in the template=${JSON.stringify(text)}`);
    const value = tag.trim().startsWith('args.') ? values.get(tag.trim().slice('args.'.length)) : undefined;
    if (value === undefined) throw new UnresolvedArgument(`failed to resolve {{${tag}}}`);
    return value;
  });
}
