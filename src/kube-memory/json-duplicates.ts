/**
 * Paths of keys that a JSON text gives twice in one object (`spec.ports[0].name`), each once; JSON.parse keeps the last one in silence.
 * The text must be valid JSON.
 */
export function duplicateFields(text: string): readonly string[] {
  const found = new Set<string>();
  const frames: Frame[] = [];
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token !== null; token = TOKEN.exec(text)) {
    const frame = frames.at(-1);
    const [mark, key] = [token[0], token[1]];
    if (mark === '{') frames.push({ keys: new Set(), path: pathOf(frame), key: '', index: 0 });
    else if (mark === '[') frames.push({ keys: undefined, path: pathOf(frame), key: '', index: 0 });
    else if (mark === '}' || mark === ']') frames.pop();
    else if (mark === ',' && frame !== undefined) frame.index++;
    else if (key !== undefined && frame?.keys !== undefined) {
      frame.key = String(JSON.parse(`"${key}"`));
      if (frame.keys.has(frame.key)) found.add(pathOf(frame));
      frame.keys.add(frame.key);
    }
  }
  return [...found];
}

/** An object (with its keys so far) or a list, and where it is. */
interface Frame {
  readonly keys: Set<string> | undefined;
  readonly path: string;
  key: string;
  index: number;
}

/** A key with its colon, any other string (skipped as a whole), or a mark of structure. */
const TOKEN = /"((?:[^"\\]|\\.)*)"\s*:|"(?:[^"\\]|\\.)*"|[{}[\],]/g;

function pathOf(frame: Frame | undefined): string {
  if (frame === undefined) return '';
  if (frame.keys === undefined) return `${frame.path}[${frame.index}]`;
  return frame.path === '' ? frame.key : `${frame.path}.${frame.key}`;
}
