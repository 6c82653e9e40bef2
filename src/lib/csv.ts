/**
 * Rows of comma-separated values (RFC 4180): fields in double quotes may hold commas, line ends and doubled quotes. Empty
 * lines are rows without fields. Never throws; a quote that is not closed runs to the end.
 */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  let started = false;
  const endField = (): void => {
    row.push(field);
    field = '';
  };
  const endRow = (): void => {
    if (started) endField();
    rows.push(row);
    row = [];
    started = false;
  };
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else quoted = false;
    } else if (char === '\n') endRow();
    else if (char !== '\r') {
      started = true;
      if (char === '"') quoted = true;
      else if (char === ',') endField();
      else field += char;
    }
  }
  if (started) endRow();
  return rows;
}
