/** Columns as wide as their widest cell, three blanks between them; the last one is not padded. */
export function formatTable(rows: readonly (readonly string[])[], gap = 3): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, visibleWidth(cell));
  }
  return rows.map((row) => formatRow(row, widths, ' '.repeat(gap))).join('\n');
}

function formatRow(row: readonly string[], widths: readonly number[], gap: string): string {
  return row
    .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - visibleWidth(cell)))
    .join(gap)
    .trimEnd();
}

const COLOUR_CODES = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;]*m`, 'g');

/** How many columns a text takes on a terminal: colours take none. */
export function visibleWidth(text: string): number {
  return Array.from(text.replace(COLOUR_CODES, '')).length;
}
