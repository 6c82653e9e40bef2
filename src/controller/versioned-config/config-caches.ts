import { CONFIG_COPY_LABEL } from '../../api/labels.ts';
import { KINDS } from '../../api/kinds.ts';
import type { Rollout } from '../../api/rollout.ts';
import { configKey, versionedConfigOf, type ConfigKind, type ConfigName } from '../../api/versioned-config.ts';
import type { ConfigObject } from '../../core/versioned-config/copy.ts';
import { RESOURCE_OF } from '../../core/versioned-config/plan-copies.ts';
import { versionedReferences, type ConfigObservation } from '../../core/versioned-config/resolve.ts';
import type { KubeCaches, ObjectCache } from '../../ports/kube.ts';
import { changedObject } from '../changed-object.ts';
import { keyOfOwner, OWNER, ownerUid } from '../rollout/caches.ts';
import { Settling } from './settling.ts';

const KINDS_OF_CONFIG = ['configmap', 'secret'] as const satisfies readonly ConfigKind[];

export interface ConfigCachesInput {
  readonly caches: KubeCaches;
  /** Only this namespace; all of them when absent. */
  readonly namespace: string | undefined;
  readonly wake: (key: string) => void;
}

export interface ConfigLook {
  /** Absent when nothing has to be known. */
  readonly config?: ConfigObservation;
  /** When to look again, though no cache says so. */
  readonly againAtMs?: number;
}

/** How soon a right that was missing is used once it is granted. */
const REFUSED_LOOK_MS = 10_000;

interface Source {
  readonly cache: ObjectCache<ConfigObject>;
  /** Keys of the Rollouts that refer to it. */
  readonly readers: Set<string>;
}

/**
 * The ConfigMaps and Secrets of Rollouts that version their configuration. Each is watched by itself, for as long as such
 * a Rollout refers to it, so that nothing else of a namespace is ever read; copies are found by their label. Without such
 * a Rollout nothing is watched.
 */
export class ConfigCaches {
  readonly #input: ConfigCachesInput;
  readonly #sources = new Map<string, Source>();
  readonly #copies = new Map<ConfigKind, ObjectCache<ConfigObject>>();
  /** By Rollout: keys of its sources. */
  readonly #read = new Map<string, ReadonlySet<string>>();
  readonly #settling = new Settling();

  constructor(input: ConfigCachesInput) {
    this.#input = input;
  }

  /**
   * What a pass over this Rollout has to know, watched from the first time on. `syncing` while it is still being read. `rollout` has the template of its workload.
   */
  look(key: string, rollout: Rollout, nowMs: number): ConfigLook | 'syncing' {
    const isAsked = versionedConfigOf(rollout) !== undefined;
    if (!isAsked && this.#copies.size === 0) return {};
    // Which copies there are has to be known first: what names one is no source.
    const kinds = new Set(versionedReferences(rollout, []).map(({ kind }) => kind));
    const shelves = KINDS_OF_CONFIG.flatMap((kind) => (kinds.has(kind) ? [this.#copiesOf(kind)] : this.#opened(kind)));
    if (shelves.some(({ state }) => state === 'syncing')) return 'syncing';
    const copies = shelves
      .flatMap((cache) => cache.byIndex(OWNER, rollout.metadata.uid ?? ''))
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const names = versionedReferences(rollout, copies);
    this.#readBy(key, rollout, names);
    const sources: Record<string, ConfigObject | null> = {};
    const refused = new Set(KINDS_OF_CONFIG.filter((kind) => this.#copies.get(kind)?.state === 'refused'));
    for (const name of names) {
      const cache = this.#sources.get(sourceKey(rollout, name))?.cache;
      if (cache === undefined || cache.state === 'syncing') return 'syncing';
      if (cache.state === 'refused') refused.add(name.kind);
      else sources[configKey(name)] = cache.get(rollout.metadata.namespace ?? '', name.name) ?? null;
    }
    const settled = this.#settling.look(key, { rollout, sources, nowMs });
    const grantedAtMs = refused.size > 0 ? nowMs + REFUSED_LOOK_MS : undefined;
    return {
      config: { sources: settled.sources, copies, refused: [...refused] },
      againAtMs: settled.againAtMs ?? grantedAtMs,
    };
  }

  /** A Rollout that is gone, or is another process's now, reads nothing any more. */
  forget(key: string): void {
    this.#leave(key, new Set());
    this.#read.delete(key);
    this.#settling.forget(key);
  }

  #opened(kind: ConfigKind): readonly ObjectCache<ConfigObject>[] {
    const cache = this.#copies.get(kind);
    return cache === undefined ? [] : [cache];
  }

  #copiesOf(kind: ConfigKind): ObjectCache<ConfigObject> {
    const open = this.#copies.get(kind);
    if (open !== undefined) return open;
    const { caches, namespace, wake } = this.#input;
    const cache = caches.open<ConfigObject>(RESOURCE_OF[kind], {
      namespace,
      labelSelector: CONFIG_COPY_LABEL,
      mayBeRefused: true,
      // Only whether a copy exists is ever asked.
      trim: withoutContent,
      indexes: { [OWNER]: ownerUid },
    });
    this.#copies.set(kind, cache);
    cache.subscribe((change) => {
      const owner = keyOfOwner(KINDS.rollout, changedObject(change));
      if (owner !== undefined) wake(owner);
    });
    return cache;
  }

  #readBy(key: string, rollout: Rollout, names: readonly ConfigName[]): void {
    const wanted = new Set(names.map((name) => sourceKey(rollout, name)));
    for (const name of names) this.#open(sourceKey(rollout, name), rollout, name).readers.add(key);
    this.#leave(key, wanted);
    if (wanted.size === 0) this.#read.delete(key);
    else this.#read.set(key, wanted);
  }

  #open(sourceKeyText: string, { metadata }: Rollout, { kind, name }: ConfigName): Source {
    const open = this.#sources.get(sourceKeyText);
    if (open !== undefined) return open;
    const scope = { namespace: metadata.namespace ?? '', name, mayBeRefused: true };
    const source: Source = {
      cache: this.#input.caches.open<ConfigObject>(RESOURCE_OF[kind], scope),
      readers: new Set(),
    };
    source.cache.subscribe(() => source.readers.forEach((reader) => this.#input.wake(reader)));
    this.#sources.set(sourceKeyText, source);
    return source;
  }

  #leave(key: string, wanted: ReadonlySet<string>): void {
    for (const name of this.#read.get(key) ?? []) {
      if (wanted.has(name)) continue;
      const source = this.#sources.get(name);
      source?.readers.delete(key);
      if (source === undefined || source.readers.size > 0) continue;
      this.#sources.delete(name);
      this.#input.caches.release(source.cache);
    }
  }
}

function sourceKey({ metadata }: Rollout, name: ConfigName): string {
  return `${metadata.namespace ?? ''}/${configKey(name)}`;
}

function withoutContent({ apiVersion, kind, metadata, type }: ConfigObject): ConfigObject {
  return { apiVersion, kind, metadata, ...(type === undefined ? {} : { type }) };
}
