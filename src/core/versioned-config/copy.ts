import { KINDS } from '../../api/kinds.ts';
import { controllerReference, type KubeObject } from '../../api/kube-object.ts';
import { CONFIG_COPY_LABEL, COPY_DIGEST_ANNOTATION, COPY_OF_ANNOTATION } from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import { configKey, type ConfigKind, type ConfigName, type VersionedConfig } from '../../api/versioned-config.ts';
import { perObject } from '../../lib/per-object.ts';
import { hex, hmacSha256, sha256 } from '../../lib/sha256.ts';

/** A ConfigMap or Secret, with what of it is content. */
export interface ConfigObject extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** What tells this content from any other that the Rollout has copied from there: 64 hexadecimal digits. */
export function copyDigest(rollout: Rollout, source: ConfigObject): string {
  const identity = [rollout.metadata.uid ?? '', source.kind, source.metadata.name, contentDigest(source)];
  return hex(sha256(bytesOf(JSON.stringify(identity))));
}

/**
 * Names of copies are seen by people who may not read Secrets, and short values could be guessed from a plain digest. The
 * uid of the Secret is the key, since only those who may read the Secret know it.
 */
const contentDigest = perObject((source: ConfigObject): string => {
  const content = JSON.stringify([source.type ?? '', sorted(source.data), sorted(source.binaryData)]);
  const key = source.kind === 'Secret' ? (source.metadata.uid ?? '') : '';
  return hex(hmacSha256(bytesOf(key), content));
});

function sorted(map: Readonly<Record<string, string>> | undefined): readonly (readonly [string, string])[] {
  return Object.entries(map ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const NAME_MAX = 253;
const DIGEST_DIGITS = 10;

/** `app-3f9c2e71d0`: a name for a copy that is none of the taken ones. */
export function copyName(source: string, digest: string, taken: readonly string[]): string {
  const front = frontOf(source);
  const names = [0, 1, 2, 3].map((turn) => {
    return `${front}-${digest.slice(turn * DIGEST_DIGITS, (turn + 1) * DIGEST_DIGITS)}`;
  });
  return names.find((name) => !taken.includes(name)) ?? `${front}-${digest.slice(-DIGEST_DIGITS)}`;
}

function frontOf(source: string): string {
  return source.slice(0, NAME_MAX - DIGEST_DIGITS - 1).replace(/[^a-z0-9]+$/, '');
}

/** Whether this may be the name of a copy: of anything, or of one of what is versioned. */
export function isCopyName({ kind, name }: ConfigName, versioned: VersionedConfig): boolean {
  const front = /^(.+)-[0-9a-f]{10}$/.exec(name)?.[1];
  if (front === undefined || versioned === 'all') return front !== undefined;
  return [...versioned].some((key) => {
    const source = key.slice(kind.length + 1);
    return key === configKey({ kind, name: source }) && frontOf(source) === front;
  });
}

/** Nothing but the content is copied: labels and annotations of the source would make the copy part of something else. */
export function newCopy(rollout: Rollout, source: ConfigObject, copy: CopyIdentity): ConfigObject {
  const { apiVersion, kind, type, data, binaryData } = source;
  return {
    apiVersion,
    kind,
    metadata: {
      name: copy.name,
      namespace: rollout.metadata.namespace ?? '',
      labels: { [CONFIG_COPY_LABEL]: 'true' },
      annotations: { [COPY_OF_ANNOTATION]: source.metadata.name, [COPY_DIGEST_ANNOTATION]: copy.digest },
      ownerReferences: [controllerReference(KINDS.rollout, rollout.metadata)],
    },
    immutable: true,
    ...(type === undefined ? {} : { type }),
    ...(data === undefined ? {} : { data }),
    ...(binaryData === undefined ? {} : { binaryData }),
  };
}

export interface CopyIdentity {
  readonly name: string;
  readonly digest: string;
}

export function configKindOf(object: KubeObject): ConfigKind {
  return object.kind === 'Secret' ? 'secret' : 'configmap';
}

/** `configmap/app-3f9c2e71d0` */
export function copyKey(copy: ConfigObject): string {
  return configKey({ kind: configKindOf(copy), name: copy.metadata.name });
}

export function isCopyWith(copy: ConfigObject, kind: ConfigKind, digest: string): boolean {
  return configKindOf(copy) === kind && copy.metadata.annotations?.[COPY_DIGEST_ANNOTATION] === digest;
}
