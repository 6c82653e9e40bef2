const INT_MAX = (1n << 63n) - 1n;
const INT_MIN = -(1n << 63n);

/** What Go's strconv says about an integer text: the value, or why not. */
export function parseIntegerText(
  text: string,
  style: 'decimal' | 'prefixed',
): bigint | 'invalid syntax' | 'value out of range' {
  const pattern = style === 'decimal' ? /^[+-]?[0-9]+$/ : /^0([xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)$/;
  if (!pattern.test(text)) return 'invalid syntax';
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  // More digits than any 64-bit number has, in any base: not worth computing.
  const value = digits.length > 100 ? INT_MAX + 1n : BigInt(digits);
  const signed = negative ? -value : value;
  return signed > INT_MAX || signed < INT_MIN ? 'value out of range' : signed;
}

/** What Go's strconv says about a floating-point text; `inf`, `infinity` and `nan` are numbers, hexadecimal forms are not read. */
export function parseFloatText(text: string): number | 'invalid syntax' | 'value out of range' {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) return 'invalid syntax';
  const value = Number(text);
  return Number.isFinite(value) ? value : 'value out of range';
}

/** A 64-bit integer with Go's wrap-around. */
export function wrapInt(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** Go's conversion of a float to int on amd64: truncation; what does not fit gives the smallest integer. */
export function truncateToInt(value: number): bigint {
  if (!Number.isFinite(value)) return INT_MIN;
  const whole = BigInt(Math.trunc(value));
  return whole > INT_MAX || whole < INT_MIN ? INT_MIN : whole;
}

/** From this power of ten on, Go's %v writes an exponent. */
const PLAIN_EXPONENT_MAX = 6;

/** A float as Go prints it with %v: shortest digits, with an exponent below 1e-4 and from 1e6 on. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  if (Number(exponent) >= -4 && Number(exponent) < PLAIN_EXPONENT_MAX) return String(value);
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}

/** A float as Go prints it with the format `f` and all digits it needs: never an exponent. */
export function formatDecimal(value: number): string {
  if (!Number.isFinite(value)) return formatFloat(value);
  const text = String(value);
  return text.includes('e') ? withoutExponent(text) : text;
}

function withoutExponent(text: string): string {
  const [mantissa = '', exponentText = '0'] = text.split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponentText);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
