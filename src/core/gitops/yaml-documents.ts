/** One document of a YAML file as a range of whole lines, so that it can be replaced without touching anything else. */
export interface YamlDocument {
  /** The lines between the separators, with their line ends. */
  readonly text: string;
  /** The first line of `text` in the file, from 1. */
  readonly line: number;
  /** Offsets of `text` in the file. */
  readonly start: number;
  readonly end: number;
}

/**
 * The documents of a file. YAML forbids a line that starts with `---` or `...` inside of any document, also within block scalars, so
 * lines are enough to split by. What follows `---` on its line belongs to the document.
 */
export function splitDocuments(text: string): readonly YamlDocument[] {
  const documents: YamlDocument[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at);
    const next = lineEnd < 0 ? text.length : lineEnd + 1;
    const content = text.slice(at, next);
    if (/^(---|\.\.\.)(\s|$)/.test(content)) {
      documents.push({ text: text.slice(start, at), line: startLine, start, end: at });
      const inline = content.startsWith('---') && /^---[ \t]+[^\s#]/.test(content);
      start = inline ? at + 3 : next;
      startLine = inline ? line : line + 1;
    }
    at = next;
    line += 1;
  }
  documents.push({ text: text.slice(start), line: startLine, start, end: text.length });
  return documents.filter((document) => !isBlank(document.text));
}

/** The file without one document and the separator before it; undefined when no other document is left. */
export function removeDocument(text: string, document: YamlDocument): string | undefined {
  if (splitDocuments(text).length <= 1) return undefined;
  const before = text.slice(0, document.start);
  const after = text.slice(document.end);
  const head = before.replace(/(^|\n)---[^\n]*\n?$/, '$1');
  if (isBlank(head)) return after.replace(/^---[^\n]*\n/, '');
  return `${head}${after}`;
}

/** The file with one more document at its end. */
export function appendDocument(text: string, document: string): string {
  const base = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return isBlank(base) ? document : `${base}---\n${document}`;
}

/** Only comments, directives and white space. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(#.*|%.*)?$/.test(line));
}
