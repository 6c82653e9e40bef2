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
  const bytes = [...new TextEncoder().encode(goJson(template, POD_TEMPLATE))];
  if (collisionCount !== undefined) bytes.push(...littleEndian(collisionCount), 0, 0, 0, 0);
  return spell(fnv1a(bytes));
}

/** The hash by which an edit of the steps is seen. */
export function stepsHash(steps: readonly CanaryStep[] | undefined): string {
  const text = steps === undefined || steps.length === 0 ? 'null' : goJson(steps, CANARY_STEP);
  return spell(fnv1a([...new TextEncoder().encode(text)]));
}

function fnv1a(bytes: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

function spell(hash: number): string {
  return String(hash).replace(/\d/g, (digit) => ALPHABET.charAt(digit.charCodeAt(0) % ALPHABET.length));
}

function littleEndian(value: number): readonly number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}
