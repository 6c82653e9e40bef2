/**
 * A three-way merge of lines: the change from `base` to `theirs`, carried out on `ours`.
 * Both differences are taken against `base` by longest common subsequences; changes that touch different lines of `base` are combined,
 * also when they are neighbours. Undefined when both changed the same lines in different ways.
 */
export function mergeText(texts: {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}): string | undefined {
  if (texts.ours === texts.base) return texts.theirs;
  if (texts.theirs === texts.base || texts.theirs === texts.ours) return texts.ours;
  const base = lines(texts.base);
  const ours = hunks(base, lines(texts.ours));
  const theirs = hunks(base, lines(texts.theirs));
  if (ours === undefined || theirs === undefined) return undefined;
  const merged: string[] = [];
  let at = 0;
  let left = 0;
  let right = 0;
  while (left < ours.length || right < theirs.length) {
    const mine = ours[left];
    const other = theirs[right];
    if (mine !== undefined && other !== undefined && collide(mine, other)) {
      if (!sameHunk(mine, other)) return undefined;
      right += 1;
      continue;
    }
    const next = other === undefined || (mine !== undefined && comesFirst(mine, other)) ? mine : other;
    if (next === undefined) break;
    merged.push(...base.slice(at, next.start), ...next.lines);
    at = next.end;
    if (next === mine) left += 1;
    else right += 1;
  }
  return [...merged, ...base.slice(at)].join('');
}

/** Lines `start` up to but not including `end` of the base are replaced by `lines`. */
interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
}

/** Above this many cells the table of the longest common subsequence is not built: such a document is reported as a conflict. */
const CELLS_MAX = 25_000_000;

function lines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function collide(left: Hunk, right: Hunk): boolean {
  if (left.start === left.end && right.start === right.end) return left.start === right.start;
  return left.start < right.end && right.start < left.end;
}

function sameHunk(left: Hunk, right: Hunk): boolean {
  return left.start === right.start && left.end === right.end && left.lines.join('') === right.lines.join('');
}

/** An insertion goes before a replacement that starts at the same line. */
function comesFirst(left: Hunk, right: Hunk): boolean {
  return left.start < right.start || (left.start === right.start && left.end <= right.end);
}

function hunks(from: readonly string[], to: readonly string[]): readonly Hunk[] | undefined {
  let head = 0;
  while (head < from.length && head < to.length && from[head] === to[head]) head += 1;
  let tail = 0;
  while (
    tail < from.length - head &&
    tail < to.length - head &&
    from[from.length - 1 - tail] === to[to.length - 1 - tail]
  )
    tail += 1;
  const middleFrom = from.slice(head, from.length - tail);
  const middleTo = to.slice(head, to.length - tail);
  if ((middleFrom.length + 1) * (middleTo.length + 1) > CELLS_MAX) return undefined;
  return collect(middleFrom, middleTo, head);
}

function collect(from: readonly string[], to: readonly string[], offset: number): readonly Hunk[] {
  const width = to.length + 1;
  const lengths = commonLengths(from, to);
  const found: Hunk[] = [];
  let row = 0;
  let column = 0;
  while (row < from.length || column < to.length) {
    if (row < from.length && column < to.length && from[row] === to[column]) {
      row += 1;
      column += 1;
      continue;
    }
    const startRow = row;
    const startColumn = column;
    while (
      (row < from.length || column < to.length) &&
      !(row < from.length && column < to.length && from[row] === to[column])
    ) {
      const down = row < from.length ? (lengths[(row + 1) * width + column] ?? 0) : -1;
      const right = column < to.length ? (lengths[row * width + column + 1] ?? 0) : -1;
      if (down >= right) row += 1;
      else column += 1;
    }
    found.push({ start: offset + startRow, end: offset + row, lines: to.slice(startColumn, column) });
  }
  return found;
}

/** For each pair of suffixes the length of their longest common subsequence. */
function commonLengths(from: readonly string[], to: readonly string[]): Uint32Array {
  const width = to.length + 1;
  const lengths = new Uint32Array((from.length + 1) * width);
  for (let row = from.length - 1; row >= 0; row -= 1) {
    for (let column = to.length - 1; column >= 0; column -= 1) {
      const at = row * width + column;
      lengths[at] =
        from[row] === to[column]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  return lengths;
}
