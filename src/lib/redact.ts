/** Hides every secret in a text, longest first so that no part of one stays. */
export function redact(text: string, secrets: readonly string[]): string {
  let result = text;
  for (const secret of secrets.toSorted((left, right) => right.length - left.length)) {
    if (secret !== '') result = result.replaceAll(secret, '*****');
  }
  return result;
}
