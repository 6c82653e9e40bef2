import { rolloutChart } from '../src/core/machine/rollout-chart.ts';

type Node = typeof rolloutChart.root;

/** The page that draws the chart of an update, made from the chart itself. */
export function statechartPage(): string {
  return [
    '# How an update moves',
    '',
    'Made from `src/core/machine/rollout-chart.ts` by `npm run generate`; do not edit.',
    '',
    'The controller rebuilds the state from `status` on every pass, so it survives restarts. One pass takes as many moves',
    'as the world allows. A spec that is invalid, a missing object and `spec.paused` are no states: they hold back every',
    'move that leads forward, and none that leads back to stable.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${rolloutChart.root.initial.target?.[0]?.key ?? ''}`,
    ...everywhere(),
    ...drawn(rolloutChart.root, 1),
    '```',
    '',
    '| State | Meaning |',
    '| --- | --- |',
    ...described(rolloutChart.root),
    '',
  ].join('\n');
}

/** Moves that are possible from every state. */
function everywhere(): readonly string[] {
  return [
    '  state "from every state" as anywhere',
    ...moves(rolloutChart.root).map(({ to, label }) => `  anywhere --> ${to}: ${label}`),
  ];
}

function drawn(node: Node, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  return Object.values(node.states).flatMap((child) => {
    const inner = Object.keys(child.states).length === 0 ? [] : nested(child, depth);
    return [...inner, ...moves(child).map(({ to, label }) => `${indent}${child.key} --> ${to}: ${label}`)];
  });
}

function nested(node: Node, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  return [
    `${indent}state ${node.key} {`,
    `${indent}  [*] --> ${node.initial.target?.[0]?.key ?? ''}`,
    ...drawn(node, depth + 1),
    `${indent}}`,
  ];
}

interface Move {
  readonly to: string;
  readonly label: string;
}

function moves(node: Node): readonly Move[] {
  const byEvent = [...node.transitions.values()].flat();
  return [...byEvent, ...(node.always ?? [])].flatMap((transition) => {
    const to = transition.target?.[0]?.key;
    if (to === undefined) return [];
    const eventType: string = transition.eventType;
    const event = eventType === 'OBSERVED' ? '' : words(eventType);
    const guard = typeof transition.guard === 'string' ? words(transition.guard) : '';
    return [{ to, label: [event, guard].filter((part) => part !== '').join(', ') || 'otherwise' }];
  });
}

/** `stepIsScaled` and `PROMOTE_FULL` as people would write them. */
function words(name: string): string {
  return name
    .replace(/_/g, ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

function described(node: Node): readonly string[] {
  return Object.values(node.states).flatMap((child) => [
    `| ${child.path.join('.')} | ${child.description ?? ''} |`,
    ...described(child),
  ]);
}
