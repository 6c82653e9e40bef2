import type { KubeObject } from './kube-object.ts';
import { VERSIONED_CONFIG_ANNOTATION } from './labels.ts';

export type ConfigKind = 'configmap' | 'secret';

/** A ConfigMap or Secret in the namespace of whoever names it. */
export interface ConfigName {
  readonly kind: ConfigKind;
  readonly name: string;
}

/** `configmap/app`; also how an annotation names one. */
export function configKey({ kind, name }: ConfigName): string {
  return `${kind}/${name}`;
}

/** The ConfigMaps and Secrets whose content belongs to a version of a Rollout: all that its pods refer to, or those named. */
export type VersionedConfig = 'all' | ReadonlySet<string>;

/** Undefined when the Rollout, or that of which a version is, does not ask for it, or not in a way that can be understood. */
export function versionedConfigOf(object: Pick<KubeObject, 'metadata'>): VersionedConfig | undefined {
  const entries = versionedEntries(object);
  if (entries.length === 1 && entries[0] === 'true') return 'all';
  const names = entries.filter(isConfigKey);
  return names.length === 0 || names.length < entries.length ? undefined : new Set(names);
}

/** What the annotation lists, without what only spells out the default. */
export function versionedEntries({ metadata }: Pick<KubeObject, 'metadata'>): readonly string[] {
  const value = metadata.annotations?.[VERSIONED_CONFIG_ANNOTATION]?.trim() ?? '';
  return value === '' || value === 'false' ? [] : value.split(',').map((entry) => entry.trim());
}

export function isConfigKey(entry: string): boolean {
  return /^(configmap|secret)\/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(entry);
}
