import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { ConfigObject } from '../../core/versioned-config/copy.ts';
import { deepEqual } from '../../lib/deep-equal.ts';

/** Who applies a ConfigMap and a Rollout together does so one after the other; it shall be one update. */
const SETTLE_MS = 2_000;

type Sources = Readonly<Record<string, ConfigObject | null>>;

interface Shown {
  readonly template: PodTemplateSpec | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly sources: Sources;
  /** Since when there are other ones. */
  readonly changedAtMs: number | undefined;
}

/**
 * Holds new content back for a moment, until the Rollout itself changes, too. What a pass sees a little later is as if it had
 * been written later; after a restart it is seen at once.
 */
export class Settling {
  readonly #shown = new Map<string, Shown>();

  /** What a pass is to see, and when it will see something else. */
  look(
    key: string,
    { rollout, sources, nowMs }: { readonly rollout: Rollout; readonly sources: Sources; readonly nowMs: number },
  ): { readonly sources: Sources; readonly againAtMs?: number } {
    const template = rollout.spec.template ?? undefined;
    const { annotations = {} } = rollout.metadata;
    const known = this.#shown.get(key);
    const changedAtMs = known?.changedAtMs ?? nowMs;
    const isHeld =
      known?.template === template &&
      deepEqual(known?.annotations, annotations) &&
      nowMs < changedAtMs + SETTLE_MS &&
      mayWait(known?.sources ?? {}, sources);
    if (known === undefined || !isHeld) {
      this.#shown.set(key, { template, annotations, sources, changedAtMs: undefined });
      return { sources };
    }
    this.#shown.set(key, { ...known, changedAtMs });
    return { sources: known.sources, againAtMs: changedAtMs + SETTLE_MS };
  }

  forget(key: string): void {
    this.#shown.delete(key);
  }
}

/** Other content of the same objects; what was missing before is waited for already. */
function mayWait(before: Sources, now: Sources): boolean {
  const names = Object.keys(now);
  if (names.length !== Object.keys(before).length || names.some((name) => before[name] === undefined)) return false;
  const changed = names.filter((name) => versionOf(before[name]) !== versionOf(now[name]));
  return changed.length > 0 && changed.every((name) => before[name] !== null);
}

function versionOf(object: ConfigObject | null | undefined): string | undefined {
  return object?.metadata.resourceVersion;
}
