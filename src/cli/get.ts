import { KINDS } from '../api/kinds.ts';
import type { AnalysisRun } from '../api/analysis.ts';
import type { Experiment } from '../api/experiment.ts';
import type { KubeObject, ObjectRef } from '../api/kube-object.ts';
import type { Rollout } from '../api/rollout.ts';
import { follow } from './follow.ts';
import { readObject, refOf } from './objects.ts';
import { formatData, type OutputFormat } from './output.ts';
import { readRelatives, watchRelatives, type Relatives } from './relatives.ts';
import type { Session } from './session.ts';
import { targetOf } from './target.ts';
import { watchObject } from './watch-object.ts';
import { analysisRunNode, experimentNode, rolloutNode } from './view/nodes.ts';
import { formatAnalysisRun, formatExperiment } from './view/measured.ts';
import { formatOverview } from './view/overview.ts';
import { rolloutView } from './view/rollout-view.ts';
import { formatTree, type TreeNode } from './view/tree.ts';

export interface GetOptions {
  readonly words: readonly string[];
  readonly watch: boolean;
  readonly output: OutputFormat;
  readonly timeoutMs?: number;
}

/** The verb `get`: an object and everything that belongs to it, once or as it changes. */
export async function getVerb(session: Session, options: GetOptions): Promise<number> {
  const { kind, name } = targetOf(options.words, { kinds: [KINDS.rollout, KINDS.experiment, KINDS.analysisRun] });
  const ref = refOf(session, kind, name);
  const object = await readObject(session, ref);
  const relatives = await readRelatives(session);
  if (!options.watch) {
    session.terminal.print(shown(session, options, object, relatives));
    return 0;
  }
  return watch(session, options, ref, { first: object, relatives });
}

async function watch(
  session: Session,
  options: GetOptions,
  ref: ObjectRef,
  { first, relatives }: { readonly first: KubeObject; readonly relatives: Relatives },
): Promise<number> {
  const { terminal } = session;
  let changed = (): void => undefined;
  let last = '';
  const own = watchObject(session, { ref, first, changed: () => changed() });
  const read = watchRelatives(session, { first: relatives, changed: () => changed() });
  const end = await follow(session, {
    timeoutMs: options.timeoutMs,
    subscribe: (run) => {
      changed = run;
    },
    look: () => {
      const object = own.current();
      if (object === undefined) {
        terminal.print(`${ref.kind.kind.toLowerCase()} '${ref.name}' was deleted`);
        return 'enough';
      }
      const frame = shown(session, options, object, read());
      if (terminal.live) terminal.redraw(frame);
      // Without a screen each state is printed once; ages alone are no news.
      else if (withoutAges(frame) !== withoutAges(last)) terminal.print(`${frame}\n`);
      last = frame;
      return 'more';
    },
  });
  own.stop();
  return end === 'timeout' ? 1 : 0;
}

function withoutAges(frame: string): string {
  return frame.replace(/\b(\d+[ydhms])+\b/g, '').replace(/ +/g, ' ');
}

function shown(session: Session, options: GetOptions, object: KubeObject, relatives: Relatives): string {
  const { terminal, place, clock } = session;
  const nowMs = clock.nowMs();
  const { output } = options;
  const format = { place, paint: terminal.paint, columns: terminal.columns };
  const { head, node, view } = presented(object, relatives, nowMs, format);
  if (output === 'json' || output === 'yaml')
    return formatData({ context: place.context, ...view, tree: dataOf(node) }, output);
  const tree = formatTree(node, { paint: terminal.paint, wide: output === 'wide' });
  return [head, tree, ...hiddenLines(session, relatives.hidden)].join('\n\n');
}

interface Presented {
  readonly head: string;
  readonly node: TreeNode;
  readonly view: object;
}

/** The kind of an object tells its type. */
function presented(
  object: KubeObject,
  relatives: Relatives,
  nowMs: number,
  format: Parameters<typeof formatOverview>[1],
): Presented {
  switch (object.kind) {
    case KINDS.experiment.kind: {
      const experiment = object as Experiment;
      const { node } = experimentNode(experiment, relatives, nowMs);
      return { head: formatExperiment(experiment, format), node, view: { status: experiment.status } };
    }
    case KINDS.analysisRun.kind: {
      const run = object as AnalysisRun;
      const node = analysisRunNode(run, relatives, nowMs);
      return { head: formatAnalysisRun(run, { ...format, nowMs }), node, view: { status: run.status } };
    }
    default: {
      const rollout = object as Rollout;
      const view = rolloutView(rollout, relatives);
      return { head: formatOverview(view, format), node: rolloutNode(rollout, relatives, nowMs), view };
    }
  }
}

function hiddenLines({ place }: Session, hidden: readonly string[]): readonly string[] {
  if (hidden.length === 0) return [];
  return [`Not shown, as you may not list them in namespace ${place.namespace}: ${hidden.join(', ')}`];
}

/** The tree for programs: no icons, no colours. */
function dataOf(node: TreeNode): object {
  return {
    name: node.name,
    kind: node.kind === '' ? 'Revision' : node.kind,
    status: node.mark?.text,
    info: node.info.map(({ text }) => text),
    detail: node.detail === '' ? undefined : node.detail,
    children: node.children.map(dataOf),
  };
}
