import { KINDS } from '../../api/kinds.ts';
import type { GitSource } from '../../api/git-source.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import { INSTANCE_ID_LABEL } from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import { GIT_ANNOTATIONS } from '../../core/gitops/names.ts';
import type { ObjectCache, QueueAnswer } from '../../ports/kube.ts';
import { changedObject } from '../changed-object.ts';
import { causeOf, isKubeError, isRetryable } from '../failure.ts';
import { keyOf } from '../rollout/caches.ts';
import { createLiveObjects, type LiveObjects } from './live-objects.ts';
import type { GitSourceControllerInput } from './git-source-input.ts';
import { GitSourcePass, newMemory, type SourceMemory } from './git-source-pass.ts';

/** Clones of others that ended are found this late. */
const TIDY_MS = 60 * 60_000;

/**
 * Works on GitSources: pull, apply, prune, put drift right, and revert on abort; one pass at a time for each.
 * Create it after the controller of Rollouts, since the first to open a cache says its indexes.
 */
export class GitSourceController {
  readonly sources: ObjectCache<GitSource>;
  readonly #rollouts: ObjectCache<Rollout>;
  readonly #live: LiveObjects;
  readonly #input: GitSourceControllerInput;
  readonly #memories = new Map<string, SourceMemory>();
  #nextTidyAtMs = 0;

  constructor(input: GitSourceControllerInput) {
    this.#input = input;
    const { kube, options } = input;
    const scope = options.namespace === undefined ? {} : { namespace: options.namespace };
    this.sources = kube.caches.open<GitSource>(KINDS.gitSource, scope);
    this.#rollouts = kube.caches.open<Rollout>(KINDS.rollout, scope);
    this.#live = createLiveObjects({ kube, ...scope, changed: (object) => this.#wakeOwner(object) });
    this.sources.subscribe((change) => {
      const key = keyOf(changedObject(change));
      if (change.type === 'updated' && isNoticePassedOn(change.old, change.object)) return this.#pullIfKnown(key);
      if (change.type === 'updated' && !asksForWork(change.old, change.object)) return;
      this.#input.queue.add(key);
    });
    this.#rollouts.subscribe((change) => {
      if (change.type === 'updated' && !concernsGit(change.old, change.object)) return;
      this.#wakeOwner(changedObject(change));
    });
  }

  /** Starts working. Caches fill before that, so that a standby takes over warm. */
  start(): void {
    this.#input.queue.run(this.#input.options.workers, (key) => this.#pass(key));
    // What a process left that ended while GitSources were deleted.
    void this.#removeClones();
  }

  /** Pulls now, for instance since a forge has told of a push. */
  pullNow(key: string): void {
    this.#memory(key).isPullAsked = true;
    this.#input.queue.add(key);
  }

  /** Forgets what is kept of a GitSource that is another process's now. */
  letGo(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    this.#memories.delete(key);
    this.#input.telemetry.metrics.objectGone({ kind: 'git_source', namespace, name });
  }

  /** What is not known yet is pulled by its first pass. */
  #pullIfKnown(key: string): void {
    if (this.#memories.has(key)) this.pullNow(key);
    else this.#input.queue.add(key);
  }

  #memory(key: string): SourceMemory {
    const memory = this.#memories.get(key) ?? newMemory();
    this.#memories.set(key, memory);
    return memory;
  }

  /** Clones of GitSources that are gone, or that follow another repository now. It is a cache: a disk that refuses is only told. */
  async #removeClones(): Promise<void> {
    const { git, clock, telemetry } = this.#input;
    this.#nextTidyAtMs = clock.nowMs() + TIDY_MS;
    if (this.sources.state !== 'synced') return;
    const followed = this.sources
      .list()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata, spec }) => ({ cacheKey: `${metadata.namespace}/${metadata.name}`, url: spec.url }));
    try {
      await git.keepOnly(followed);
    } catch (error) {
      telemetry.log.warn({ cause: error }, 'clones that nobody follows could not be removed');
    }
  }

  #wakeOwner(object: KubeObject): void {
    const owner = object.metadata.annotations?.[GIT_ANNOTATIONS.source];
    if (owner !== undefined && this.#memories.has(owner)) this.#input.queue.add(owner);
  }

  async #pass(key: string): Promise<QueueAnswer> {
    const [namespace = '', name = ''] = key.split('/');
    const { telemetry, clock, kube } = this.#input;
    const source = this.sources.get(namespace, name);
    if (source === undefined || source.metadata.deletionTimestamp !== undefined) {
      this.#memories.delete(key);
      if (source === undefined) telemetry.metrics.objectGone({ kind: 'git_source', namespace, name });
      await this.#removeClones();
      return {};
    }
    if (clock.nowMs() >= this.#nextTidyAtMs) await this.#removeClones();
    if (source.metadata.labels?.[INSTANCE_ID_LABEL] !== this.#input.options.instanceId) return {};
    const ref = { kind: KINDS.gitSource, namespace, name };
    if (!kube.writer.fresh(ref)) {
      kube.writer.whenFresh([ref], () => this.#input.queue.add(key));
      return {};
    }
    const startedMs = clock.nowMs();
    let failed = false;
    try {
      return await new GitSourcePass(this.#input, {
        live: this.#live,
        rollouts: this.#rollouts,
        memory: this.#memory(key),
        source,
      }).run();
    } catch (error) {
      // Deleted in the middle of the pass: the next one finds that it is gone.
      failed = !isRetryable(error) && !(isKubeError(error) && error.reason === 'not-found');
      const facts = { gitSource: key, cause: error };
      if (failed) telemetry.log.error(facts, 'pass over a GitSource failed');
      else telemetry.log.debug({ ...facts, cause: causeOf(error) }, 'pass over a GitSource starts again');
      return { retry: true };
    } finally {
      telemetry.metrics.reconciled({
        kind: 'git_source',
        namespace,
        name,
        seconds: (clock.nowMs() - startedMs) / 1_000,
        failed,
      });
    }
  }
}

/** A forge told another replica of a push. */
function isNoticePassedOn(old: GitSource, now: GitSource): boolean {
  return old.status?.lastPushNotice !== now.status?.lastPushNotice;
}

/** Our own status writes ask for nothing. */
function asksForWork(old: GitSource, now: GitSource): boolean {
  return (
    old.metadata.generation !== now.metadata.generation ||
    old.metadata.labels?.[INSTANCE_ID_LABEL] !== now.metadata.labels?.[INSTANCE_ID_LABEL] ||
    old.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    old.metadata.annotations?.[GIT_ANNOTATIONS.request] !== now.metadata.annotations?.[GIT_ANNOTATIONS.request]
  );
}

/** A spec that changed may have drifted; an abort, its end, and the versions that it is about decide over a revert. */
function concernsGit(old: Rollout, now: Rollout): boolean {
  if (old.metadata.generation !== now.metadata.generation) return true;
  if (JSON.stringify(old.metadata.annotations) !== JSON.stringify(now.metadata.annotations)) return true;
  const fields = [
    'abort',
    'abortedAt',
    'observedGeneration',
    'workloadObservedGeneration',
    'currentPodHash',
    'stableRS',
  ] as const;
  return fields.some((field) => old.status?.[field] !== now.status?.[field]);
}
