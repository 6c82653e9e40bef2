import { fnv1a } from '../../lib/fnv.ts';
import { perObject } from '../../lib/per-object.ts';
import type { PodTemplateSpec } from '../../api/pod-template.ts';
import type { CanaryStep } from '../../api/rollout.ts';
import { goJson } from './go-json.ts';
import { CANARY_STEP, POD_TEMPLATE } from './go-structs.ts';

/**
 * The hash that names a new ReplicaSet: FNV-1a (32 bit) over the template, spelled with letters and digits that form no
 * words. It equals the hash of the API's other controller for ordinary templates, but nothing depends on that: a
 * ReplicaSet that exists is found by the meaning of its template.
 */
export function templateHash(template: PodTemplateSpec, collisionCount: number | undefined): string {
  const hash = hashOfTemplate(template);
  return spell(collisionCount === undefined ? hash : fnv1a([...littleEndian(collisionCount), 0, 0, 0, 0], hash));
}

const hashOfTemplate = perObject((template: PodTemplateSpec) => fnv1a(bytesOf(goJson(template, POD_TEMPLATE))));

/** The hash by which an edit of the steps is seen. */
export function stepsHash(steps: readonly CanaryStep[] | undefined): string {
  return steps === undefined || steps.length === 0 ? NO_STEPS : hashOfSteps(steps);
}

const hashOfSteps = perObject((steps: readonly CanaryStep[]) => spell(fnv1a(bytesOf(goJson(steps, CANARY_STEP)))));

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

function spell(hash: number): string {
  return String(hash).replace(/\d/g, (digit) => ALPHABET.charAt(digit.charCodeAt(0) % ALPHABET.length));
}

const NO_STEPS = spell(fnv1a(bytesOf('null')));

function littleEndian(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}
