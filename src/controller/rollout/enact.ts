import { refKey, type KubeObject, type ObjectRef } from '../../api/kube-object.ts';
import type { KubeWrite } from '../../api/kube-write.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { Effect } from '../../core/decision.ts';
import type { TrafficPlan } from '../../core/traffic.ts';
import type { CurrentObjects } from '../../routers/contract.ts';
import type { KubeWriter } from '../../ports/kube.ts';
import { isKubeError } from '../failure.ts';
import { routedTargets } from './reads.ts';

export interface EnactInput {
  /** With the status that was recorded: which Service is the stable one may have changed with it. */
  readonly rollout: Rollout;
  /** resourceVersion after the status was recorded: our own write must not look like somebody else's. */
  readonly rolloutResourceVersion: string | undefined;
  readonly effects: readonly Effect[];
  readonly routed: CurrentObjects;
}

/**
 * Carries out the effects of a decision in their order and stops at the first that fails: what follows may rest on it,
 * and the next pass decides anew.
 */
export async function enact(
  writer: KubeWriter,
  input: EnactInput,
  { written, done, refused }: EnactListeners,
): Promise<void> {
  for (const effect of input.effects) {
    await carryOutWrites(writer, writesOf(effect, input), written, refused);
    done(effect);
  }
}

export interface EnactListeners {
  readonly written: Written;
  readonly done: (effect: Effect) => void;
  readonly refused: EvictionRefused;
}

/** Told of each pod that may not be evicted yet. */
export type EvictionRefused = (uid: string, error: unknown) => void;

/** Told of each write, with what the API server made of it. */
export type Written = (ref: ObjectRef, answer: KubeObject | undefined) => void;

/**
 * One after the other; stops at the first that fails, which says as NameTaken or WriteRefused what it was about. One whose
 * answer is lost may have taken effect, so that it is told as written, too.
 */
export async function carryOutWrites(
  writer: KubeWriter,
  writes: readonly KubeWrite[],
  written: Written,
  refused?: EvictionRefused,
): Promise<void> {
  for (const write of writes) {
    const answer = await carryOutWrite(writer, write, refused).catch((error: unknown) => {
      if (isKubeError(error) && error.reason === 'unavailable') written(refOf(write, undefined), undefined);
      throw error;
    });
    if (answer !== 'refused') written(refOf(write, answer), answer);
  }
}

/** An eviction that is refused concerns one pod only: the others go on, and a later pass asks again. */
async function carryOutWrite(
  writer: KubeWriter,
  write: KubeWrite,
  refused: EvictionRefused | undefined,
): Promise<KubeObject | undefined | 'refused'> {
  try {
    return await writer.write(write);
  } catch (error) {
    if (write.verb === 'evict' && isKubeError(error) && error.reason === 'not-found') return undefined;
    if (write.verb === 'evict' && isKubeError(error) && EVICTION_REFUSED.includes(error.status)) {
      refused?.(write.uid ?? '', error);
      return 'refused';
    }
    if (write.verb === 'create' && isKubeError(error) && error.reason === 'already-exists')
      throw new NameTaken(write, error);
    if (isKubeError(error) && (error.reason === 'invalid' || error.reason === 'forbidden'))
      throw new WriteRefused(write, error);
    throw error;
  }
}

/** By a PodDisruptionBudget; and what the API server answers where a pod has more than one of them. */
const EVICTION_REFUSED: readonly number[] = [429, 500];

/** A create found its name in use: by our own object that the cache does not show yet, or by somebody else's. */
export class NameTaken extends Error {
  readonly ref: ObjectRef;

  constructor(write: Extract<KubeWrite, { verb: 'create' }>, cause: Error) {
    super(cause.message, { cause });
    this.ref = refOf(write, undefined);
  }
}

/** The API server says no to a write, and will say no to it again. */
export class WriteRefused extends Error {
  readonly write: KubeWrite;
  /** Name of the ReplicaSet that could not be created, when it was that. */
  readonly createdReplicaSet: string | undefined;

  constructor(write: KubeWrite, cause: Error) {
    super(cause.message, { cause });
    this.write = write;
    const isReplicaSet = write.verb === 'create' && write.kind.plural === 'replicasets';
    this.createdReplicaSet = isReplicaSet ? write.object.metadata.name : undefined;
  }
}

function writesOf(effect: Effect, input: EnactInput): readonly KubeWrite[] {
  switch (effect.type) {
    case 'write':
      return [onOwnVersion(effect.write, input)];
    case 'shift':
      return shiftWrites(input.rollout, effect.plan, input.routed);
  }
}

function shiftWrites(rollout: Rollout, plan: TrafficPlan, routed: CurrentObjects): readonly KubeWrite[] {
  // Nothing is written on the strength of what may not be read.
  return routedTargets(rollout)
    .filter(({ router, target }) => router.reads(target).every((ref) => routed.has(refKey(ref))))
    .flatMap(({ router, target }) => router.desired(plan, target, routed));
}

/** A guarded patch of the Rollout itself was decided on the version before our status write; it now guards the one after. */
function onOwnVersion(write: KubeWrite, input: EnactInput): KubeWrite {
  if (write.verb !== 'patch' || write.ref.kind.plural !== 'rollouts' || write.patchType === 'json') return write;
  const body = write.body as { readonly metadata?: { readonly resourceVersion?: string } };
  if (body.metadata?.resourceVersion === undefined || input.rolloutResourceVersion === undefined) return write;
  return {
    ...write,
    body: {
      ...body,
      metadata: { ...body.metadata, resourceVersion: input.rolloutResourceVersion },
    },
  };
}

function refOf(write: KubeWrite, answer: KubeObject | undefined): ObjectRef {
  if (write.verb !== 'create') return write.ref;
  const { metadata } = answer ?? write.object;
  return { kind: write.kind, namespace: metadata.namespace ?? '', name: metadata.name };
}

/** The objects written for one Rollout that its caches may not show yet. */
export class Unsettled {
  readonly #byKey = new Map<string, Map<string, ObjectRef>>();

  add(key: string, ref: ObjectRef): void {
    const refs = this.#byKey.get(key) ?? new Map<string, ObjectRef>();
    refs.set(refKey(ref), ref);
    this.#byKey.set(key, refs);
  }

  /** What is still not fresh; settled objects are forgotten. */
  of(key: string, writer: KubeWriter): readonly ObjectRef[] {
    const refs = this.#byKey.get(key);
    if (refs === undefined) return [];
    for (const [name, ref] of refs) {
      if (writer.fresh(ref)) refs.delete(name);
    }
    if (refs.size === 0) this.#byKey.delete(key);
    return [...refs.values()];
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}
