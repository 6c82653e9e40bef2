import type { VersionCount } from '../load/load-statistics.ts';
import type { RevisionView, RolloutView } from '../story/rollout-view.ts';
import type { Places, World } from '../story/world.ts';
import { bar, paint, renderLine } from './segments.ts';
import type { Color, Segment } from './segments.ts';

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly colors: boolean;
  readonly places: Places;
  /** Shown in the last line: the first that fits. */
  readonly keys: readonly string[];
}

type Line = readonly Segment[];

const LABEL_WIDTH = 10;
/** Names, weights and measured numbers beside a bar need this much. */
const BESIDE_BAR = 70;
const BAR_WIDTH = { min: 8, max: 30 };
const COMMITS_SHOWN = 5;
const SLACK_SHOWN = 7;

/** The whole screen as lines: a pure function of what the demo knows. */
export function renderFrame(world: World, options: FrameOptions): string[] {
  const lines: Line[] = [
    [
      paint('Headgate', 'bold'),
      paint('  '),
      paint(world.headline, 'cyan'),
      paint(`  ${clockOf(world.elapsedMs)}`, 'dim'),
    ],
    [],
    ...trafficLines(world, options.columns),
    [],
    ...rolloutLines(world),
    ...measurementLines(world),
    [],
    ...podLines(world.revisions),
    loadLine(world),
    [],
    ...world.commits
      .slice(0, COMMITS_SHOWN)
      .map((commit, index) => [
        label(index === 0 ? 'Git' : ''),
        paint(commit.sha.slice(0, 8), 'yellow'),
        paint(` ${commit.subject}`),
        paint(`  ${commit.author}`, 'dim'),
      ]),
    ...slackLines(world.slack),
    [],
    controllerLine(world),
    [label('Look'), paint(`kubectl --kubeconfig ${options.places.kubeconfigPath} -n demo get rollouts,pods -w`, 'dim')],
    [
      label(''),
      paint(
        `Prometheus ${options.places.prometheusUrl}   gateway ${options.places.gatewayUrl}   git ${options.places.repository}`,
        'dim',
      ),
    ],
  ];
  const body = lines.slice(0, Math.max(0, options.rows - 2));
  return [...body, [], [paint(fitting(options), 'bold')]].map((line) => renderLine(line, options));
}

function fitting({ keys, columns }: FrameOptions): string {
  return keys.find((line) => line.length <= columns) ?? keys.at(-1) ?? '';
}

function trafficLines(world: World, columns: number): Line[] {
  const { rollout, weights } = world;
  if (rollout === undefined || weights === undefined)
    return [[label('Traffic'), paint('nothing is deployed yet', 'dim')]];
  const canary = world.revisions.find((revision) => revision.role === 'canary');
  const stable = world.revisions.find((revision) => revision.role === 'stable');
  const total = weights.stable + weights.canary;
  const width = Math.max(BAR_WIDTH.min, Math.min(BAR_WIDTH.max, columns - BESIDE_BAR));
  const side = (name: string, weight: number, revision: RevisionView | undefined, color: Color): Line => [
    label(name === 'stable' ? 'Traffic' : ''),
    paint(`${name.padEnd(7)}${(revision?.tag ?? '-').padEnd(12)}`),
    paint(bar(total === 0 ? 0 : weight / total, width), color),
    paint(` ${String(weight).padStart(3)} %`),
    ...measuredShare(world, revision?.tag),
  ];
  return [
    side('stable', weights.stable, stable, 'green'),
    side('canary', weights.canary, canary, rollout.aborted ? 'red' : 'yellow'),
  ];
}

function measuredShare(world: World, tag: string | undefined): Segment[] {
  if (tag === undefined) return [];
  const { byVersion } = world.load.recent;
  const all = [...byVersion.values()].reduce((sum, count) => sum + count.answered, 0);
  const own = byVersion.get(tag);
  if (all === 0) return [];
  const share = Math.round(((own?.answered ?? 0) / all) * 100);
  return [paint(`   measured ${String(share).padStart(3)} %`, 'dim'), ...errorRate(own)];
}

function errorRate(count: VersionCount | undefined): Segment[] {
  if (count === undefined || count.answered === 0) return [];
  const percent = (count.failed / count.answered) * 100;
  return [paint('   errors '), paint(`${percent.toFixed(1)} %`, percent > 5 ? 'red' : 'green')];
}

function rolloutLines({ rollout }: World): Line[] {
  if (rollout === undefined) return [];
  const message = rollout.message === '' ? [] : [paint(`  ${rollout.message}`, 'dim')];
  return [
    [label('Rollout'), paint(rollout.phase, phaseColor(rollout.phase)), ...message],
    [label('Steps'), ...stepSegments(rollout)],
  ];
}

function phaseColor(phase: string): Color {
  if (phase === 'Healthy' || phase === 'Successful') return 'green';
  return phase === 'Degraded' || phase === 'Failed' || phase === 'Error' ? 'red' : 'yellow';
}

function stepSegments(rollout: RolloutView): Segment[] {
  const updating = rollout.currentHash !== rollout.stableHash && !rollout.aborted;
  const at = updating ? (rollout.stepIndex ?? 0) : undefined;
  return rollout.steps.flatMap((step, index): Segment[] => {
    const gap = paint(index === 0 ? '' : '  ');
    if (rollout.aborted) return [gap, paint(`· ${step}`, 'dim')];
    if (at === undefined || index < at) return [gap, paint(`✓ ${step}`, 'green')];
    return [gap, index === at ? paint(`▸ ${step}`, 'yellow') : paint(`· ${step}`, 'dim')];
  });
}

function measurementLines({ measurements }: World): Line[] {
  return measurements.map(({ metric, phase, value }, index) => [
    label(index === 0 ? 'Analysis' : ''),
    paint(`${metric.padEnd(14)} `),
    paint(phase.padEnd(12), phaseColor(phase)),
    paint(shortValue(value), 'dim'),
  ]);
}

function shortValue(value: string): string {
  return value.replace(/\d+\.\d{5,}/g, (digits) => Number(digits).toFixed(4)).slice(0, 60);
}

function podLines(revisions: readonly RevisionView[]): Line[] {
  return revisions.map((revision, index) => [
    label(index === 0 ? 'Pods' : ''),
    paint(`revision ${revision.revision.padEnd(3)} ${revision.tag.padEnd(12)}`),
    paint('●'.repeat(revision.ready), revision.role === 'stable' ? 'green' : 'yellow'),
    paint('○'.repeat(Math.max(0, revision.pods - revision.ready)), 'dim'),
    paint(`  ${revision.ready}/${revision.wanted} ${revision.role}`, 'dim'),
  ]);
}

function loadLine({ load }: World): Line {
  const recent = [...load.recent.byVersion.values()].reduce((sum, count) => sum + count.answered, 0);
  const perSecond = Math.round(recent / load.recent.seconds);
  return [
    label('Requests'),
    paint(`${load.requests}  (${perSecond}/s)   `),
    paint(`lost ${load.lost}`, load.lost === 0 ? 'green' : 'red'),
  ];
}

function slackLines(slack: readonly string[]): Line[] {
  const lines = slack.flatMap((message) => message.split('\n')).filter((line) => line.trim() !== '');
  const shown = lines.slice(-SLACK_SHOWN);
  return shown.map((line, index) => [label(index === 0 ? 'Slack' : ''), paint(line, 'magenta')]);
}

function controllerLine({ controller }: World): Line {
  const state = controller.pid === undefined ? paint('starting', 'yellow') : paint(`process ${controller.pid}`);
  return [
    label('Controller'),
    state,
    paint(controller.restarts === 0 ? '' : `  started again ${controller.restarts} times`, 'dim'),
  ];
}

function label(text: string): Segment {
  return paint(text.padEnd(LABEL_WIDTH + 1), 'dim');
}

function clockOf(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
