import { VERSIONED_CONFIG_ANNOTATION } from '../labels.ts';
import type { Rollout } from '../rollout.ts';
import { isConfigKey, versionedEntries } from '../versioned-config.ts';
import { invalid, type Problem } from './problem.ts';

export const VERSIONED_CONFIG_PATH = `metadata.annotations[${VERSIONED_CONFIG_ANNOTATION}]`;

/** A typing error must not pass for a Rollout that asks for nothing. */
export function validateVersionedConfig(rollout: Rollout): readonly Problem[] {
  const entries = versionedEntries(rollout);
  if (entries.length === 1 && entries[0] === 'true') return [];
  const detail = 'use true, or configmap/NAME and secret/NAME separated by commas';
  return entries.filter((entry) => !isConfigKey(entry)).map((entry) => invalid(VERSIONED_CONFIG_PATH, entry, detail));
}
