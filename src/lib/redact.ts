import { base64 } from './base64.ts';

/** Hides every secret in a text, however it is written there; longest first so that no part of one stays. */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = new Set([...new Set(secrets)].flatMap(formsOf));
  let result = text;
  for (const form of [...forms].toSorted((left, right) => right.length - left.length)) {
    if (form !== '') result = result.replaceAll(form, '*****');
  }
  return result;
}

/** As it is, as headers carry it, and as JSON (that of the API too), URLs, forms and credentials of a header write it. */
function formsOf(secret: string): readonly string[] {
  const trimmed = secret.trim();
  return [...new Set([secret, trimmed])].flatMap((text) => {
    const json = JSON.stringify(text).slice(1, -1);
    const inUrl = encodeURIComponent(text.toWellFormed());
    const inForm = new URLSearchParams({ s: text }).toString().slice(2);
    return [text, json, json.replace(/[<>&]/g, escaped), inUrl, inForm, base64(text)];
  });
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
