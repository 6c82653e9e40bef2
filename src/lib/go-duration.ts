/** Nanoseconds of a Go duration string, or why it is none, in Go's words. */
export function parseDurationNs(text: string): bigint | string {
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  const invalid = `time: invalid duration ${JSON.stringify(text)}`;
  if (body === '') return invalid;
  let totalNs = 0n;
  let at = 0;
  const number = /(\d*)(\.\d*)?/y;
  const unit = /[^.\d]+/y;
  while (at < body.length) {
    number.lastIndex = at;
    const [digits = '', whole = '', fraction = ''] = number.exec(body) ?? [];
    if (digits === '' || digits === '.') return invalid;
    unit.lastIndex = at + digits.length;
    const name = unit.exec(body)?.[0];
    if (name === undefined) return `time: missing unit in duration ${JSON.stringify(text)}`;
    const scale = UNIT_NS.get(name);
    if (scale === undefined) return `time: unknown unit ${JSON.stringify(name)} in duration ${JSON.stringify(text)}`;
    totalNs += BigInt(whole === '' ? '0' : whole) * BigInt(scale) + BigInt(Math.trunc(Number(`0${fraction}`) * scale));
    at += digits.length + name.length;
  }
  if (totalNs >= 1n << 63n) return invalid;
  return text.startsWith('-') ? -totalNs : totalNs;
}

const UNIT_NS: ReadonlyMap<string, number> = new Map([
  ['ns', 1],
  ['us', 1e3],
  ['µs', 1e3],
  ['μs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
  ['m', 60e9],
  ['h', 3_600e9],
]);
