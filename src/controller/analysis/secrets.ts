import { KINDS } from '../../api/kinds.ts';
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Secret } from '../../api/workloads.ts';
import {
  missingSecret,
  missingSecretKey,
  secretReferencesOf,
  type SecretReference,
  type SecretValue,
} from '../../core/analysis/arguments.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KubeReader } from '../../ports/kube.ts';
import { causeOf } from '../failure.ts';
import { decodeBase64 } from '../secret-value.ts';

/** A value that was rotated is noticed this late at most; a run that measures often does not ask each time. */
const FRESH_MS = 10_000;
/** Runs whose values are remembered at once; the oldest is read again. */
const REMEMBERED_MAX = 1_000;

/** Values of the Secret keys that a run's arguments name, read live and from the run's own namespace only. */
export class RunSecrets {
  readonly #reader: KubeReader;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly readAtMs: number; readonly values: Record<string, SecretValue> }>();

  constructor(reader: KubeReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  async valuesFor(run: AnalysisRun): Promise<Readonly<Record<string, SecretValue>>> {
    const references = secretReferencesOf(run.spec.args ?? []);
    if (references.length === 0) return {};
    const key = run.metadata.uid ?? '';
    const known = this.#known.get(key);
    if (known !== undefined && this.#clock.nowMs() < known.readAtMs + FRESH_MS) return known.values;
    const values: Record<string, SecretValue> = {};
    for (const reference of references) {
      values[reference.argument] = await this.#read(run.metadata.namespace ?? '', reference);
    }
    this.#remember(key, values);
    return values;
  }

  async #read(namespace: string, reference: SecretReference): Promise<SecretValue> {
    const { secretName: name, key } = reference;
    try {
      const secret = (await this.#reader.get({ kind: KINDS.secret, namespace, name })) as Secret | undefined;
      if (secret === undefined) return { problem: missingSecret(name) };
      const encoded = secret.data?.[key];
      if (encoded === undefined) return { problem: missingSecretKey(reference) };
      return { value: decodeBase64(encoded) };
    } catch (error) {
      return { problem: `reading secret "${name}": ${causeOf(error)}` };
    }
  }

  #remember(key: string, values: Record<string, SecretValue>): void {
    this.#known.delete(key);
    this.#known.set(key, { readAtMs: this.#clock.nowMs(), values });
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}
