/** The trailers of a commit message: `Key: value` lines of its last paragraph, keys in lower case, the last of equal keys. */
export function trailersOf(message: string): ReadonlyMap<string, string> {
  const paragraphs = message.trimEnd().split(/\n\s*\n/);
  const last = paragraphs.at(-1) ?? '';
  const found = new Map<string, string>();
  for (const line of last.split('\n')) {
    const match = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line);
    if (match !== null) found.set((match[1] ?? '').toLowerCase(), (match[2] ?? '').trim());
  }
  return found;
}
