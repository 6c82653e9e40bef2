/** A message as Slack shows it: the three characters that must be escaped on the way are themselves again. */
export function shownText(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
