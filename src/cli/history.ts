import { REVISION_HISTORY_ANNOTATION } from '../api/labels.ts';
import { KINDS } from '../api/kinds.ts';
import type { Rollout } from '../api/rollout.ts';
import type { ReplicaSet } from '../api/workloads.ts';
import { annotationOf } from '../core/rollout/replica-set.ts';
import { revisionOf, templateAsWritten } from '../core/rollout/revisions.ts';
import { humanDuration } from '../lib/human-duration.ts';
import { parseTimestampMs } from '../lib/timestamp.ts';
import { deedOn, explained } from './kube-failure.ts';
import { readRollout } from './objects.ts';
import { formatData, type OutputFormat } from './output.ts';
import { ownedBy } from './relatives.ts';
import { CommandError, placeText, type Session } from './session.ts';
import { formatTable } from './table.ts';
import { targetOf } from './target.ts';
import { imagesOf, replicaSetTags } from './view/nodes.ts';

const CHANGE_CAUSE_ANNOTATION = 'kubernetes.io/change-cause';

export interface HistoryOptions {
  readonly words: readonly string[];
  /** Shows the pod template of this one. */
  readonly revision?: number;
  readonly output: OutputFormat;
}

interface Revision {
  readonly revision: number;
  /** Numbers that the same version had before. */
  readonly before: string;
  readonly replicaSet: string;
  readonly created?: string;
  readonly replicas: number;
  readonly images: readonly string[];
  readonly roles: readonly string[];
  readonly changeCause: string;
}

/** The verb `history`: the versions that are kept, and which of them is stable. */
export async function historyVerb(session: Session, options: HistoryOptions): Promise<number> {
  const { name } = targetOf(options.words, { kinds: [KINDS.rollout] });
  const rollout = await readRollout(session, name);
  const replicaSets = await revisionsOf(session, rollout);
  const { terminal } = session;
  if (options.revision !== undefined) {
    const format = options.output === 'json' ? 'json' : 'yaml';
    terminal.print(formatData(templateAsWritten(revisionNamed(replicaSets, options.revision)), format));
    return 0;
  }
  const revisions = replicaSets.map((replicaSet) => describe(rollout, replicaSet));
  if (options.output === 'json' || options.output === 'yaml') {
    terminal.print(formatData(revisions, options.output));
    return 0;
  }
  terminal.note(`Revisions of rollout '${name}' in ${placeText(session.place)}`);
  terminal.print(table(session, revisions));
  return 0;
}

/** The ReplicaSets of a Rollout, the newest revision first. */
export async function revisionsOf(session: Session, rollout: Rollout): Promise<readonly ReplicaSet[]> {
  const { place, reader } = session;
  const kind = KINDS.replicaSet;
  const found = await explained(place, deedOn('list', { kind }), () =>
    reader.list(kind, { namespace: place.namespace }),
  );
  const owned = ownedBy(found as readonly ReplicaSet[], rollout.metadata.uid);
  return [...owned].sort((left, right) => revisionOf(right) - revisionOf(left));
}

/** By its number, or by one that the same version had before it came back. Throws CommandError with those that there are. */
export function revisionNamed(replicaSets: readonly ReplicaSet[], revision: number): ReplicaSet {
  const found =
    replicaSets.find((replicaSet) => revisionOf(replicaSet) === revision) ??
    replicaSets.find((replicaSet) => earlierNumbers(replicaSet).includes(String(revision)));
  if (found !== undefined) return found;
  const known = replicaSets.map(revisionOf).join(', ');
  throw new CommandError(`there is no revision ${revision} any more; there is ${known === '' ? 'none' : known}`);
}

function earlierNumbers(replicaSet: ReplicaSet): readonly string[] {
  return (annotationOf(replicaSet, REVISION_HISTORY_ANNOTATION) ?? '').split(',').map((number) => number.trim());
}

function describe(rollout: Rollout, replicaSet: ReplicaSet): Revision {
  return {
    revision: revisionOf(replicaSet),
    before: annotationOf(replicaSet, REVISION_HISTORY_ANNOTATION) ?? '',
    replicaSet: replicaSet.metadata.name,
    created: replicaSet.metadata.creationTimestamp,
    replicas: replicaSet.status?.replicas ?? 0,
    images: imagesOf(replicaSet),
    roles: replicaSetTags(rollout, replicaSet),
    changeCause: annotationOf(replicaSet, CHANGE_CAUSE_ANNOTATION) ?? '',
  };
}

function table({ clock, terminal }: Session, revisions: readonly Revision[]): string {
  const nowMs = clock.nowMs();
  const rows = revisions.map((revision) => [
    String(revision.revision),
    terminal.paint(revision.roles.join(', ') || '-', revision.roles.includes('stable') ? 'green' : undefined),
    revision.replicaSet,
    String(revision.replicas),
    humanDuration(nowMs - (parseTimestampMs(revision.created) ?? nowMs)),
    revision.images.join(', '),
    [revision.changeCause || '-', revision.before === '' ? '' : `(was revision ${revision.before})`].join(' ').trim(),
  ]);
  return formatTable([['REVISION', 'ROLE', 'REPLICASET', 'PODS', 'AGE', 'IMAGES', 'CHANGE-CAUSE'], ...rows], 2);
}
