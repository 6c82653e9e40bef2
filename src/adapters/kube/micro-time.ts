/** RFC 3339 with six digits, as `metav1.MicroTime` is written. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
