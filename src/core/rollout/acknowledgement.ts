import { findCondition } from '../../api/conditions.ts';
import type { EventNotice } from '../../api/kube-write.ts';
import type { ManagedFieldsEntry } from '../../api/kube-object.ts';
import type { RolloutCondition } from '../../api/rollout.ts';
import { formatTimestamp, parseTimestampMs } from '../../lib/timestamp.ts';
import { commandsOf } from './commands.ts';
import { positionOf, type Position } from './position.ts';
import { isAbout, isKnown, newSkip, SEPARATOR, skipWords, writerOf } from './known-commands.ts';
import type { World } from './world.ts';

export interface AcknowledgementInput {
  /** Where the pass ended. */
  readonly position: Position;
  /** What the moves of the chart have to tell. */
  readonly notices: readonly EventNotice[];
  /** Another version was taken up: commands were about the one before. */
  readonly superseded: boolean;
}

export interface Acknowledgement {
  readonly notices: readonly EventNotice[];
  /** What users asked for last; undefined when nobody asked for anything yet. */
  readonly condition: RolloutCondition | undefined;
}

/**
 * Tells of each command once, with the name of the program that wrote it, as far as the API server knows that. What the
 * status write changes shows most of them to be new; one that stands for a while is known by the condition `Command`,
 * which CRDs of others keep, too. It is True as long as something that was asked for stands.
 */
export function acknowledge(world: World, input: AcknowledgementInput): Acknowledgement {
  const before = findCondition(world.status.conditions, 'Command');
  const fresh = ordersOf(world, input);
  const notices = fresh.map((order): EventNotice => ({
    type: 'Normal',
    reason: 'RolloutCommand',
    message: told(order),
  }));
  return {
    notices,
    condition: conditionAfter(world, { before, fresh, standing: standingAfter(world, input.position) }),
  };
}

interface Order {
  /** In the words of the message: `promote full`, `skip to step 2 of 5`. */
  readonly what: string;
  /** Who wrote it, and when, if the API server knows. */
  readonly writer: ManagedFieldsEntry | undefined;
  readonly ignored?: string;
}

/** The commands that this pass takes up, in the order in which they count. */
function ordersOf(world: World, input: AcknowledgementInput): readonly Order[] {
  // What is there when the Rollout is seen first was declared, not commanded.
  if (world.status.conditions === undefined) return [];
  return [
    ...abortOrder(world, input),
    ...retryOrder(world, input),
    ...fullPromotionOrder(world, input),
    ...advanceOrder(world, input),
    ...restartOrder(world, input),
    ...pauseOrder(world),
  ];
}

function abortOrder(world: World, { position, superseded }: AcknowledgementInput): readonly Order[] {
  if (!commandsOf(world).includes('ABORT')) return [];
  const ignored = superseded ? NEW_VERSION : position.abort ? undefined : NO_UPDATE;
  return [{ what: 'abort', writer: writerOf(world, 'status.abort'), ignored }];
}

function retryOrder(world: World, { superseded }: AcknowledgementInput): readonly Order[] {
  if (superseded || !commandsOf(world).includes('RETRY')) return [];
  return [{ what: 'retry', writer: writerOf(world, 'status.abort') }];
}

function fullPromotionOrder(world: World, { position, superseded }: AcknowledgementInput): readonly Order[] {
  if (world.status.promoteFull !== true || isKnown(world, 'promote full')) return [];
  const writer = writerOf(world, 'status.promoteFull');
  return [{ what: 'promote full', writer, ignored: whyNotPromoted(world, { position, superseded }) }];
}

function whyNotPromoted(
  world: World,
  { position, superseded }: Pick<AcknowledgementInput, 'position' | 'superseded'>,
): string | undefined {
  if (superseded) return NEW_VERSION;
  if (position.abort) return ABORTED;
  const { stableRS, currentPodHash } = world.status;
  return stableRS !== undefined && stableRS === currentPodHash ? NO_UPDATE : undefined;
}

const NO_UPDATE = 'no update is under way';
const NEW_VERSION = 'there is a newer version by now';
const ABORTED = 'the update is aborted; retry it first';

/** A step that was skipped, else a pause that was ended. */
function advanceOrder(world: World, input: AcknowledgementInput): readonly Order[] {
  if (input.superseded) return [];
  const skip = newSkip(world);
  if (skip !== undefined) {
    const { position } = input;
    const aborted = position.abort ? ABORTED : undefined;
    const ignored = position.currentHash === position.stableHash && !wasUnderWay(world) ? NO_UPDATE : aborted;
    return [{ what: skip, writer: writerOf(world, 'status.currentStepIndex'), ignored }];
  }
  const resumed = input.notices.some(({ reason }) => reason === 'RolloutResumed');
  const cleared = positionOf(world.status).pauses.length === 0 && world.status.promoteFull !== true;
  return resumed && cleared ? [{ what: 'promote', writer: writerOf(world, 'status.pauseConditions') }] : [];
}

function wasUnderWay({ status }: World): boolean {
  return status.stableRS !== status.currentPodHash;
}

function restartOrder(world: World, { position, superseded }: AcknowledgementInput): readonly Order[] {
  const wish = world.rollout.spec.restartAt ?? undefined;
  const what = `restart at ${wish}`;
  if (parseTimestampMs(wish) === undefined || wish === world.status.restartedAt || isKnown(world, what)) return [];
  const ignored = superseded && position.restartedAt === wish ? 'the newer version brings new pods anyway' : undefined;
  return [{ what, writer: writerOf(world, 'spec.restartAt'), ignored }];
}

function pauseOrder(world: World): readonly Order[] {
  const known = isKnown(world, 'pause') || world.status.message === 'manually paused';
  const paused = world.rollout.spec.paused === true;
  if (paused === known) return [];
  return [{ what: paused ? 'pause' : 'resume', writer: writerOf(world, 'spec.paused') }];
}

/** Commands that are not done with this pass, in their words. */
function standingAfter(world: World, position: Position): readonly string[] {
  const { restartAt, paused } = world.rollout.spec;
  const skip = skipWords(world);
  const isThere = position.stepIndex === world.status.currentStepIndex && position.currentHash !== position.stableHash;
  return [
    ...(position.abort ? ['abort'] : []),
    ...(position.promoteFull ? ['promote full'] : []),
    ...(skip !== undefined && isThere ? [skip] : []),
    ...(restartAt === undefined || restartAt === null || restartAt === position.restartedAt
      ? []
      : [`restart at ${restartAt}`]),
    ...(paused === true ? ['pause'] : []),
  ];
}

interface ConditionInput {
  readonly before: RolloutCondition | undefined;
  readonly fresh: readonly Order[];
  readonly standing: readonly string[];
}

/**
 * While something stands, the message is what stands and what came last; else what came last stays to be read. What stands
 * no more goes at once, or the same command would not be told when it is given again.
 */
function conditionAfter(world: World, { before, fresh, standing }: ConditionInput): RolloutCondition | undefined {
  const stands = (entry: string): boolean => standing.some((what) => isAbout(entry, what));
  const known = before?.status === 'True' ? before.message.split(SEPARATOR) : [];
  const news = fresh.map(told);
  const last = news.length === 0 ? known.filter((entry) => isDoneAtOnce(entry)).slice(-1) : [];
  const entries = [...known.filter((entry) => stands(entry)), ...last, ...news];
  if (entries.length === 0)
    return before === undefined ? undefined : { ...before, ...statusSince(world, before, 'False') };
  const now = formatTimestamp(world.nowMs);
  return {
    type: 'Command',
    reason: reasonOf(entries.at(-1) ?? ''),
    message: entries.join(SEPARATOR),
    lastUpdateTime: fresh.length > 0 ? (fresh.at(-1)?.writer?.time ?? now) : (before?.lastUpdateTime ?? now),
    ...statusSince(world, before, entries.some(stands) ? 'True' : 'False'),
  };
}

/** Nothing of it stands in spec or status once it is taken up. */
function isDoneAtOnce(entry: string): boolean {
  return ['promote', 'retry', 'resume'].some((what) => isAbout(entry, what));
}

function statusSince(
  world: World,
  before: RolloutCondition | undefined,
  status: RolloutCondition['status'],
): Pick<RolloutCondition, 'status' | 'lastTransitionTime'> {
  const isSame = before?.status === status;
  return { status, lastTransitionTime: isSame ? before.lastTransitionTime : formatTimestamp(world.nowMs) };
}

/** `Accepted promote full by kubectl` */
function told({ what, writer, ignored }: Order): string {
  const by = writer?.manager === undefined ? '' : ` by ${writer.manager.replaceAll(SEPARATOR, ' ')}`;
  return ignored === undefined ? `Accepted ${what}${by}` : `Ignored ${what}${by}: ${ignored}`;
}

/** A reason is one word: `PromoteFull`. */
function reasonOf(entry: string): string {
  const command = COMMANDS.find((one) => entry.split(' ').slice(1).join(' ').startsWith(one)) ?? '';
  return command.replaceAll(/(?:^| )([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

const COMMANDS = ['abort', 'retry', 'promote full', 'promote', 'skip', 'restart', 'pause', 'resume'];
