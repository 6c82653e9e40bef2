/** The value of a Kubernetes quantity (`500m`, `1Gi`, `2e3`) as a number, or undefined when it is not one. */
export function parseQuantity(text: string | number): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))([a-zA-Z]*|[eE][+-]?\d+)$/.exec(String(text));
  if (match === null) return undefined;
  const base = Number(match[1]);
  const suffix = match[2] ?? '';
  const scale = SUFFIXES.get(suffix);
  if (scale !== undefined) return base * scale;
  return /^[eE][+-]?\d+$/.test(suffix) ? base * 10 ** Number(suffix.slice(1)) : undefined;
}

const SUFFIXES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
  ['Ki', 2 ** 10],
  ['Mi', 2 ** 20],
  ['Gi', 2 ** 30],
  ['Ti', 2 ** 40],
  ['Pi', 2 ** 50],
  ['Ei', 2 ** 60],
]);
