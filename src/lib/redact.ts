import { base64 } from './base64.ts';

/** A text shorter than this is in many others by chance, and is looked for as a word of its own. */
const WORD_LENGTH_MIN = 4;
/** Digits that are fewer than this are in many numbers by chance, and are looked for as a number of their own. */
const NUMBER_LENGTH_MIN = 8;

/**
 * Hides every secret in a text, however it is written there; longest first so that no part of one stays. A very short one
 * is hidden where it stands by itself: within words and numbers nobody could tell it from them.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = new Set([...new Set(secrets)].flatMap(formsOf));
  let result = text;
  for (const form of [...forms].toSorted((left, right) => right.length - left.length)) {
    if (form !== '') result = result.replaceAll(placesOf(form), '*****');
  }
  return result;
}

function placesOf(form: string): string | RegExp {
  const isNumber = /^\d+$/.test(form);
  if (form.length >= (isNumber ? NUMBER_LENGTH_MIN : WORD_LENGTH_MIN)) return form;
  const before = isNumber ? String.raw`(?<!\d|\d\.|\d[eE][+-]?)` : '';
  const after = isNumber ? String.raw`(?!\d|\.\d|[eE][+-]?\d)` : '';
  const isWord = form.length < WORD_LENGTH_MIN;
  const noWordBefore = isWord ? String.raw`(?<![\p{L}\p{N}_])` : '';
  const noWordAfter = isWord ? String.raw`(?![\p{L}\p{N}_])` : '';
  return new RegExp(
    `${before}${noWordBefore}${form.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)}${noWordAfter}${after}`,
    'gu',
  );
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
