import { humanDuration } from '../../lib/human-duration.ts';
import { formatTable } from '../table.ts';
import { markText, type Mark } from './mark.ts';
import type { Colour, Paint } from './paint.ts';

/** An object with what belongs to it, as it is shown. */
export interface TreeNode {
  readonly icon: string;
  readonly name: string;
  readonly colour?: Colour;
  /** Empty for a heading such as `revision:2`. */
  readonly kind: string;
  readonly mark?: Mark;
  readonly ageMs?: number;
  readonly info: readonly Info[];
  /** Shown with `-o wide` only. */
  readonly detail?: string;
  readonly children: readonly TreeNode[];
}

export interface Info {
  readonly text: string;
  readonly colour?: Colour;
}

export interface TreeFormat {
  readonly paint: Paint;
  readonly wide: boolean;
}

/** The tree with its columns aligned. */
export function formatTree(root: TreeNode, { paint, wide }: TreeFormat): string {
  const header = ['NAME', 'KIND', 'STATUS', 'AGE', 'INFO', ...(wide ? ['DETAIL'] : [])];
  return formatTable([header, ...rowsOf(root, { paint, wide, own: '', below: '' })], 2);
}

interface Placed extends TreeFormat {
  /** What stands before the node itself, and before what is below it. */
  readonly own: string;
  readonly below: string;
}

function rowsOf(node: TreeNode, placed: Placed): readonly (readonly string[])[] {
  const { paint, wide, own, below } = placed;
  const row = [
    `${paint(own, 'dim')}${node.icon} ${paint(node.name, node.colour)}`,
    node.kind,
    node.mark === undefined ? '' : markText(node.mark, paint),
    node.ageMs === undefined ? '' : humanDuration(node.ageMs),
    node.info.map(({ text, colour }) => paint(text, colour)).join(','),
    ...(wide ? [node.detail ?? ''] : []),
  ];
  const last = node.children.length - 1;
  const children = node.children.flatMap((child, index) =>
    rowsOf(child, {
      paint,
      wide,
      own: below + (index === last ? '└──' : '├──'),
      below: below + (index === last ? '   ' : '│  '),
    }),
  );
  return [row, ...children];
}
