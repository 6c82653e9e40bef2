import type { RolloutType } from '../../api/labels.ts';

export interface RunPlace {
  readonly rolloutName: string;
  readonly hash: string;
  readonly revision: number;
  readonly kind: RolloutType;
  /** For a run of a step. */
  readonly stepIndex?: number;
}

/** The name of the first run at a place of an update: `<rollout>-<hash>-<revision>[-<step>|-pre|-post]`. */
export function runNameOf(place: RunPlace): string {
  const base = `${place.rolloutName}-${place.hash}-${place.revision}`;
  switch (place.kind) {
    case 'Background':
      return base;
    case 'Step':
      return `${base}-${place.stepIndex ?? 0}`;
    case 'PrePromotion':
      return `${base}-pre`;
    case 'PostPromotion':
      return `${base}-post`;
  }
}

/** The first name that is free: the base itself, then `.1`, `.2` and so on. */
export function freeRunName(base: string, taken: ReadonlySet<string>): string {
  let name = base;
  for (let attempt = 1; taken.has(name); attempt += 1) name = `${base}.${attempt}`;
  return name;
}
