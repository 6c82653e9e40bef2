import { createHash } from 'node:crypto';

import type { AnalysisRun } from '../../api/analysis.ts';
import { gitSourceDefaults } from '../../api/defaults.ts';
import type { GitSource, GitSourceStatus, RevertEntry } from '../../api/git-source.ts';
import { KINDS } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kube-object.ts';
import { POD_TEMPLATE_HASH_LABEL } from '../../api/labels.ts';
import type { Rollout } from '../../api/rollout.ts';
import { validateGitSource } from '../../api/validation/git-source.ts';
import { abortOf, type Abort } from '../../core/gitops/abort.ts';
import { describeProblems, withFacts, type ConditionFact } from '../../core/gitops/conditions.ts';
import { dueAtMs, isOpen, keyOf, replaceEntry, withNewAborts, writeBackFact } from '../../core/gitops/journal.ts';
import { GIT_ANNOTATIONS } from '../../core/gitops/names.ts';
import { workloadRefOf } from '../../core/rollout/workload-reference.ts';
import { mergePatchBetween } from '../../lib/merge-patch.ts';
import { formatTimestamp } from '../../lib/timestamp.ts';
import type { GitCredentials, GitError, GitRepository, KustomizeError } from '../../ports/git.ts';
import type { ObjectCache, QueueAnswer } from '../../ports/kube.ts';
import { isKubeError } from '../failure.ts';
import { accountOf, applyDeclaration, type ApplyMemory, type ApplyResult } from './apply-declaration.ts';
import { credentialsOf } from './credentials.ts';
import { FolderError, readDeclaration, type Declaration } from './declaration.ts';
import type { GitSourceControllerInput } from './git-source-input.ts';
import type { LiveObjects } from './live-objects.ts';
import { workOnRevert } from './revert.ts';

/** What one GitSource's passes remember; all of it can be lost at any moment and is read again. */
export interface SourceMemory {
  isPullAsked: boolean;
  generation: number | undefined;
  nextPullAtMs: number;
  /** Pulls that failed in a row. */
  failureCount: number;
  /** Why the last pull failed; empty after one that did not. */
  failure: ConditionFact | undefined;
  /** Passes in a row that left something to be done. */
  unfinishedCount: number;
  declaration: Declaration | undefined;
  credentials: GitCredentials | undefined;
  readonly apply: ApplyMemory;
  /** Objects of kinds that are not watched, as far as they need not be read again before `nextLookAtMs`. */
  readonly settled: Set<string>;
  nextLookAtMs: number;
  /** By key of the journal, what reverts ended in a conflict with: another try is only worth it with something else. */
  conflicts: ReadonlyMap<string, string>;
}

export function newMemory(): SourceMemory {
  return {
    isPullAsked: false,
    generation: undefined,
    nextPullAtMs: 0,
    failureCount: 0,
    failure: undefined,
    unfinishedCount: 0,
    declaration: undefined,
    credentials: undefined,
    apply: new Map(),
    settled: new Set(),
    nextLookAtMs: 0,
    conflicts: new Map(),
  };
}

export interface PassContext {
  readonly live: LiveObjects;
  readonly rollouts: ObjectCache<Rollout>;
  readonly memory: SourceMemory;
  readonly source: GitSource;
}

/** A change by hand of an object that is not watched is found this late when nobody asks for a pull. */
const LOOK_MS = 15 * 60_000;
const PULL_BACKOFF_BASE_MS = 5_000;
const PULL_BACKOFF_MAX_MS = 5 * 60_000;
/** After a conflict or a cache that lags at first; a missing CRD or right takes people longer. */
const SOON_BASE_MS = 250;
const SOON_MAX_MS = 60_000;
const HISTORY_MAX = 10;
/** Failures that a change of the GitSource, of the repository or of the server's settings ends, not time. */
const STALLING: readonly string[] = [
  'AuthenticationFailed',
  'HostKeyRefused',
  'NotFound',
  'ProtocolRefused',
  'TooLarge',
  'KustomizeAbsent',
  'KustomizeFailed',
  'InvalidKustomization',
];

/** One pass over one GitSource. */
export class GitSourcePass {
  readonly #input: GitSourceControllerInput;
  readonly #context: PassContext;
  /** As last read or written. */
  #source: GitSource;
  /** Whether the declaration is the branch's head, as far as this pass has asked. */
  #isCurrent: boolean | undefined;

  constructor(input: GitSourceControllerInput, context: PassContext) {
    this.#input = input;
    this.#context = context;
    this.#source = context.source;
  }

  async run(): Promise<QueueAnswer> {
    const { memory } = this.#context;
    if (memory.generation !== this.#source.metadata.generation) this.#startAnew();
    const problems = validateGitSource(this.#source, {
      fileUrls: this.#input.options.fileUrls,
      namespaces: this.#input.options.scope === 'cluster' ? 'any' : 'own',
    });
    if (problems.length > 0) {
      const message = problems.map((problem) => problem.message).join('; ');
      await this.#record({}, refused('InvalidSpec', message));
      return {};
    }
    if (this.#source.spec.suspend === true) {
      await this.#record({}, [
        {
          type: 'Reconciling',
          status: 'False',
          reason: 'Suspended',
          message: 'nothing is read, applied or reverted while spec.suspend is set',
        },
      ]);
      return {};
    }
    return this.#work();
  }

  /** The spec changed: what was learned under the old one does not count. */
  #startAnew(): void {
    const { memory } = this.#context;
    Object.assign(memory, {
      ...newMemory(),
      apply: memory.apply,
      generation: this.#source.metadata.generation,
      isPullAsked: true,
    });
  }

  async #work(): Promise<QueueAnswer> {
    const { memory } = this.#context;
    const { clock } = this.#input;
    const request = this.#source.metadata.annotations?.[GIT_ANNOTATIONS.request];
    const isRequested = request !== undefined && request !== this.#source.status?.lastHandledRequest;
    if (memory.isPullAsked || isRequested || clock.nowMs() >= memory.nextLookAtMs) this.#lookAgain();
    if (memory.isPullAsked || isRequested || clock.nowMs() >= memory.nextPullAtMs) await this.#pull();

    const { declaration } = memory;
    const applied = declaration === undefined ? undefined : await this.#apply(declaration);
    const aborts = await this.#aborts();
    await this.#record({ ...this.#appliedStatus(applied), ...(isRequested ? { lastHandledRequest: request } : {}) }, [
      ...this.#facts(applied),
      writeBackFact(this.#journal(), aborts),
    ]);
    const hasPushed = await this.#revert(aborts);
    if (hasPushed) {
      // What Git says now is what the Rollout should go back to: no reason to wait for the interval.
      memory.isPullAsked = true;
      return { againAtMs: clock.nowMs() };
    }
    const dueTimes = this.#openEntries(aborts).map((entry) =>
      Math.max(dueAtMs(entry), memory.failure === undefined ? 0 : memory.nextPullAtMs),
    );
    memory.unfinishedCount = applied?.again === true ? memory.unfinishedCount + 1 : 0;
    const soonMs = Math.min(SOON_BASE_MS * 2 ** Math.min(memory.unfinishedCount - 1, 10), SOON_MAX_MS);
    const soon = applied?.again === true ? [clock.nowMs() + soonMs] : [];
    return { againAtMs: Math.min(memory.nextPullAtMs, ...dueTimes, ...soon) };
  }

  /** Also objects that nobody watches are read in this pass. */
  #lookAgain(): void {
    const { memory } = this.#context;
    memory.settled.clear();
    memory.nextLookAtMs = this.#input.clock.nowMs() + LOOK_MS;
  }

  /** Reads the branch's head, and its manifests if it moved. A failure is remembered and told by the conditions. */
  async #pull(): Promise<void> {
    const { memory } = this.#context;
    const { clock, random } = this.#input;
    memory.isPullAsked = false;
    try {
      const repository = await this.#repository();
      const head = await repository.head();
      if (memory.declaration?.commit !== head) {
        memory.declaration = await readDeclaration(
          { repository, yaml: this.#input.yaml, kustomize: this.#input.kustomize },
          head,
          this.#folder(),
        );
        this.#lookAgain();
      }
      this.#isCurrent = true;
      memory.failure = undefined;
      memory.failureCount = 0;
      // Up to a tenth more, so that many do not pull at one moment.
      memory.nextPullAtMs = clock.nowMs() + gitSourceDefaults(this.#source.spec).intervalMs * (1 + random() / 10);
    } catch (error) {
      const fact = failureOf(error);
      if (fact === undefined) throw error;
      // A Secret that was exchanged is read again.
      memory.credentials = undefined;
      memory.failure = fact;
      memory.failureCount += 1;
      memory.nextPullAtMs =
        clock.nowMs() + Math.min(PULL_BACKOFF_BASE_MS * 2 ** (memory.failureCount - 1), PULL_BACKOFF_MAX_MS);
    }
  }

  async #repository(): Promise<GitRepository> {
    const { memory } = this.#context;
    const { metadata, spec } = this.#source;
    const secretName = spec.credentials?.secretRef.name;
    if (secretName !== undefined && memory.credentials === undefined) {
      const secret = await this.#input.kube.reader.get({
        kind: KINDS.secret,
        namespace: metadata.namespace ?? '',
        name: secretName,
      });
      if (secret === undefined)
        throw new FolderError(
          'NotFound',
          `there is no Secret ${secretName} in ${metadata.namespace}: create it, or correct spec.credentials.secretRef.name`,
        );
      memory.credentials = credentialsOf(secret);
    }
    return this.#input.git.open({
      cacheKey: `${metadata.namespace}/${metadata.name}`,
      url: spec.url,
      branch: gitSourceDefaults(spec).branch,
      ...(memory.credentials === undefined ? {} : { credentials: memory.credentials }),
    });
  }

  #folder(): string {
    return gitSourceDefaults(this.#source.spec)
      .path.split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/');
  }

  #apply(declaration: Declaration): Promise<ApplyResult> {
    const { kube, kinds, options } = this.#input;
    const { live, memory } = this.#context;
    const rollouts = this.#context.rollouts.list(this.#source.metadata.namespace);
    return applyDeclaration(
      {
        kube,
        kinds,
        live,
        memory: memory.apply,
        settled: memory.settled,
        scope: options.scope,
        isCurrent: () => this.#confirmHead(),
      },
      this.#source,
      declaration,
      rollouts,
    );
  }

  /** Asks once in a pass whether the branch still stands where it was read. While Git cannot tell, what was read counts. */
  async #confirmHead(): Promise<boolean> {
    if (this.#isCurrent !== undefined) return this.#isCurrent;
    const { memory } = this.#context;
    try {
      this.#isCurrent = (await (await this.#repository()).head()) === memory.declaration?.commit;
    } catch (error) {
      if (failureOf(error) === undefined) throw error;
      this.#isCurrent = true;
    }
    if (!this.#isCurrent) memory.isPullAsked = true;
    return this.#isCurrent;
  }

  #appliedStatus(applied: ApplyResult | undefined): Partial<GitSourceStatus> {
    const { declaration } = this.#context.memory;
    if (applied === undefined || declaration === undefined) return {};
    const status = this.#source.status;
    const isComplete = applied.problems.length === 0 && !applied.again;
    const isNew = status?.lastAppliedRevision !== declaration.commit;
    const entry = { revision: declaration.commit, appliedAt: formatTimestamp(this.#input.clock.nowMs()) };
    return {
      lastAttemptedRevision: declaration.commit,
      inventory: { entries: applied.inventory },
      ...(isComplete && isNew
        ? {
            lastAppliedRevision: declaration.commit,
            history: [entry, ...(status?.history ?? [])].slice(0, HISTORY_MAX),
          }
        : {}),
    };
  }

  #facts(applied: ApplyResult | undefined): readonly ConditionFact[] {
    const { failure, declaration, failureCount } = this.#context.memory;
    if (failure !== undefined) return pullFailureFacts(failure, failureCount);
    if (applied === undefined || declaration === undefined) return [];
    const commit = declaration.commit.slice(0, 12);
    if (applied.problems.length > 0) {
      const message = `at ${commit}: ${describeProblems(applied.problems)}`;
      const reason = declaration.problems.length > 0 ? 'UnreadableManifests' : 'ApplyFailed';
      return [
        { type: 'Ready', status: 'False', reason, message },
        applied.again ? retrying(message) : settled(),
        applied.again
          ? notStalled()
          : { type: 'Stalled', status: 'True', reason, message: 'a new commit, or a change of the cluster, is needed' },
      ];
    }
    if (applied.again) return [retrying(`${commit} is being applied`), notStalled()];
    if (applied.heldBack !== undefined)
      return [
        { type: 'Ready', status: 'False', reason: 'PruneHeldBack', message: applied.heldBack },
        settled(),
        notStalled(),
      ];
    return [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Applied',
        message: `${applied.inventory.length} objects are as ${commit} declares them`,
      },
      settled(),
      notStalled(),
    ];
  }

  /** Aborts of this GitSource's Rollouts that stand now. What waits for news of a Rollout is looked at when they come. */
  async #aborts(): Promise<readonly Abort[]> {
    const { namespace = '', name } = this.#source.metadata;
    const { options, kube } = this.#input;
    const isOwnOnly = options.scope === 'own-namespace';
    const scope = options.namespace === undefined ? {} : { namespace: options.namespace };
    const candidates = this.#context.rollouts
      .list(isOwnOnly ? namespace : undefined)
      .filter((rollout) => rollout.status?.abort === true);
    if (candidates.length === 0) return [];
    const replicaSets = kube.caches.open(KINDS.replicaSet, { ...scope, labelSelector: POD_TEMPLATE_HASH_LABEL });
    const aborts: Abort[] = [];
    for (const rollout of candidates) {
      const abort = abortOf(rollout, replicaSets.list(rollout.metadata.namespace), `${namespace}/${name}`);
      if (abort !== undefined && (await this.#isSeenByItsController(rollout))) aborts.push(abort);
    }
    return aborts;
  }

  /** Whether the status is about what this pass applied: about the newest Rollout, and the newest workload that it refers to. */
  async #isSeenByItsController(rollout: Rollout): Promise<boolean> {
    const { kube } = this.#input;
    const { namespace = '', name } = rollout.metadata;
    if (!kube.writer.fresh({ kind: KINDS.rollout, namespace, name })) return false;
    const workload = workloadRefOf(rollout);
    const seen = rollout.status?.workloadObservedGeneration;
    if (workload === undefined || seen === undefined) return true;
    try {
      const { generation } =
        (await kube.reader.get(workload, { impersonate: accountOf(this.#source) }))?.metadata ?? {};
      return generation === undefined || seen === String(generation);
    } catch (error) {
      // An account that may not read it has not applied it.
      if (isKubeError(error) && error.reason === 'forbidden') return true;
      throw error;
    }
  }

  #journal(): readonly RevertEntry[] {
    return this.#source.status?.reverts ?? [];
  }

  /** Records new aborts, then works on what is open. True when something was pushed. */
  async #revert(aborts: readonly Abort[]): Promise<boolean> {
    const { clock } = this.#input;
    if (gitSourceDefaults(this.#source.spec).onAbort !== 'Push') return false;
    const known = this.#journal();
    const journal = withNewAborts(known, aborts, formatTimestamp(clock.nowMs()));
    if (journal.length === 0) return false;
    const failure = this.#context.memory.failure;
    if (failure !== undefined) {
      const waiting = journal.map((entry) =>
        entry.state === 'Pending' ? { ...entry, message: `waits for Git: ${failure.message}` } : entry,
      );
      await this.#record({ reverts: waiting }, [writeBackFact(waiting, aborts)]);
      return false;
    }
    // The intent stands in the status before anything is pushed.
    if (journal !== known) await this.#record({ reverts: journal }, [writeBackFact(journal, aborts)]);
    let hasPushed = false;
    const due = this.#openEntries(aborts).filter((entry) => dueAtMs(entry) <= clock.nowMs());
    for (const entry of [...due, ...this.#changedConflicts(aborts)]) {
      const after = await this.#revertOne(entry, aborts);
      if (after.state === 'Conflicted') this.#rememberConflict(entry, aborts);
      if (after.state === 'Pushed') hasPushed = true;
    }
    return hasPushed;
  }

  /** What can be worked on: whether an abort is final cannot be told while somebody paused the Rollout, or its controller lags. */
  #openEntries(aborts: readonly Abort[]): readonly RevertEntry[] {
    return this.#journal().filter((entry) => {
      const [namespace = '', name = ''] = entry.rollout.split('/');
      const status = this.#context.rollouts.get(namespace, name)?.status;
      const isSame = status?.abort === true && status.currentPodHash === entry.podTemplateHash;
      return isOpen(entry) && (!isSame || aborts.some(({ rollout }) => rollout === entry.rollout));
    });
  }

  /** Conflicts of aborts that stand, where what is declared, or what is aborted, is not what the revert was tried with. */
  #changedConflicts(aborts: readonly Abort[]): readonly RevertEntry[] {
    const keys = new Set(aborts.map(keyOf));
    const standing = this.#journal().filter((entry) => entry.state === 'Conflicted' && keys.has(entry.key));
    if (standing.length === 0) return [];
    const situation = this.#situation(aborts);
    return standing.filter((entry) => this.#context.memory.conflicts.get(entry.key) !== situation);
  }

  #rememberConflict({ key }: RevertEntry, aborts: readonly Abort[]): void {
    const { memory } = this.#context;
    const known = new Set(this.#journal().map((entry) => entry.key));
    const others = [...memory.conflicts].filter(([other]) => other !== key && known.has(other));
    memory.conflicts = new Map([...others, [key, this.#situation(aborts)]]);
  }

  /** Digest of everything besides history that a conflict comes from. */
  #situation(aborts: readonly Abort[]): string {
    const hash = createHash('sha256').update(JSON.stringify(aborts.map(({ rollout }) => rollout).toSorted()));
    for (const { path, text } of this.#context.memory.declaration?.files ?? []) hash.update(`\0${path}\0${text}`);
    return hash.digest('hex');
  }

  async #revertOne(entry: RevertEntry, aborts: readonly Abort[]): Promise<RevertEntry> {
    const { clock, random, yaml, kustomize, telemetry } = this.#input;
    const tools = { repository: await this.#repository(), yaml, kustomize, clock, random };
    const [namespace = '', name = ''] = entry.rollout.split('/');
    const rollout = this.#context.rollouts.get(namespace, name);
    const abort = aborts.find((one) => keyOf(one) === entry.key);
    const after = await workOnRevert(tools, {
      source: this.#source,
      folder: this.#folder(),
      entry,
      abort,
      aborts,
      journal: this.#journal(),
      run: this.#failedRun(rollout),
    });
    telemetry.log.info(
      {
        rollout: entry.rollout,
        key: entry.key,
        state: after.state,
        commit: after.commitRevision,
        outcome: after.message,
      },
      'worked on a revert',
    );
    const journal = replaceEntry(this.#journal(), after);
    await this.#record({ reverts: journal }, [writeBackFact(journal, aborts)]);
    if (after.state !== entry.state || after.message !== entry.message) this.#tell(rollout, after);
    return after;
  }

  #failedRun(rollout: Rollout | undefined): AnalysisRun | undefined {
    const canary = rollout?.status?.canary;
    const runs = [canary?.currentStepAnalysisRunStatus, canary?.currentBackgroundAnalysisRunStatus];
    const failed = runs.find(
      (run) => run?.status === 'Failed' || run?.status === 'Error' || run?.status === 'Inconclusive',
    );
    if (failed?.name === undefined || rollout === undefined) return undefined;
    const { options, kube } = this.#input;
    const cache = kube.caches.open<AnalysisRun>(
      KINDS.analysisRun,
      options.namespace === undefined ? {} : { namespace: options.namespace },
    );
    return cache.get(rollout.metadata.namespace ?? '', failed.name);
  }

  #tell(rollout: Rollout | undefined, entry: RevertEntry): void {
    const isGood = entry.state === 'Pushed';
    const notice = {
      type: isGood ? 'Normal' : 'Warning',
      reason: isGood ? 'GitReverted' : `GitRevert${entry.state}`,
      message: `${entry.rollout}: ${entry.message ?? ''}`,
    } as const;
    this.#input.kube.events.record(this.#source, notice);
    if (rollout !== undefined) this.#input.kube.events.record(rollout, notice);
  }

  /** Writes the difference to the status, and tells an event when readiness changed. Throws KubeError. */
  async #record(changes: Partial<GitSourceStatus>, facts: readonly ConditionFact[]): Promise<void> {
    const { kube, clock } = this.#input;
    const { metadata, status = {} } = this.#source;
    const conditions = withFacts(status.conditions ?? [], facts, {
      now: formatTimestamp(clock.nowMs()),
      generation: metadata.generation,
    });
    const next: GitSourceStatus = {
      ...status,
      ...changes,
      conditions: [...conditions],
      observedGeneration: metadata.generation,
    };
    const patch = mergePatchBetween(status, ordered(next, status));
    if (patch === undefined) return;
    const ref = { kind: KINDS.gitSource, namespace: metadata.namespace ?? '', name: metadata.name };
    const answer = await kube.writer.write({
      verb: 'patch',
      ref,
      patchType: 'merge',
      subresource: 'status',
      body: { metadata: { resourceVersion: metadata.resourceVersion }, status: patch },
    });
    const before = status.conditions?.find((condition) => condition.type === 'Ready');
    const after = next.conditions?.find((condition) => condition.type === 'Ready');
    if (after !== undefined && (before?.reason !== after.reason || before.message !== after.message)) {
      kube.events.record(this.#source, {
        type: after.status === 'True' ? 'Normal' : 'Warning',
        reason: after.reason,
        message: after.message,
      });
    }
    if (answer !== undefined)
      this.#source = { ...(answer as KubeObject & GitSource), status: (answer as GitSource).status ?? next };
  }
}

/** Conditions keep the order in which they stand already, so that an unchanged set makes no write. */
function ordered(next: GitSourceStatus, before: GitSourceStatus): GitSourceStatus {
  const types = (before.conditions ?? []).map((condition) => condition.type);
  const rank = (type: string): number => (types.includes(type) ? types.indexOf(type) : types.length);
  return {
    ...next,
    conditions: [...(next.conditions ?? [])].sort((left, right) => rank(left.type) - rank(right.type)),
  };
}

function failureOf(error: unknown): ConditionFact | undefined {
  const reason = reasonOf(error);
  return reason === undefined
    ? undefined
    : { type: 'Ready', status: 'False', reason, message: error instanceof Error ? error.message : '' };
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof FolderError) return error.reason;
  if (!isForeign(error)) return undefined;
  return REASONS[error.reason] ?? (error.name === 'KustomizeError' ? 'KustomizeFailed' : 'GitFailed');
}

function isForeign(error: unknown): error is GitError | KustomizeError {
  return error instanceof Error && (error.name === 'GitError' || error.name === 'KustomizeError');
}

const REASONS: Readonly<Record<string, string>> = {
  unreachable: 'GitUnreachable',
  timeout: 'GitUnreachable',
  'auth-failed': 'AuthenticationFailed',
  'host-key': 'HostKeyRefused',
  'repository-not-found': 'NotFound',
  'ref-not-found': 'NotFound',
  'protocol-refused': 'ProtocolRefused',
  'too-large': 'TooLarge',
  absent: 'KustomizeAbsent',
};

function pullFailureFacts(failure: ConditionFact, count: number): readonly ConditionFact[] {
  const isStalled = STALLING.includes(failure.reason);
  return [
    failure,
    retrying(`the pull is tried again; it failed ${count} times in a row`),
    isStalled ? { type: 'Stalled', status: 'True', reason: failure.reason, message: failure.message } : notStalled(),
  ];
}

function refused(reason: string, message: string): readonly ConditionFact[] {
  return [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Reconciling', status: 'False', reason, message: 'nothing is tried until the spec is corrected' },
    { type: 'Stalled', status: 'True', reason, message },
  ];
}

function retrying(message: string): ConditionFact {
  return { type: 'Reconciling', status: 'True', reason: 'Retrying', message };
}

function settled(): ConditionFact {
  return { type: 'Reconciling', status: 'False', reason: 'Done', message: 'nothing is under way' };
}

function notStalled(): ConditionFact {
  return { type: 'Stalled', status: 'False', reason: 'Done', message: 'nothing is in the way' };
}
