import type { SlackMessage } from './slack-server.ts';

interface Block {
  readonly text?: { readonly text?: string };
  readonly fields?: readonly { readonly text?: string }[];
  readonly elements?: readonly { readonly text?: string }[];
}

/** A message as Slack shows it, as lines: its blocks where it has some, else its text. */
export function shownMessage(message: Pick<SlackMessage, 'text' | 'sent'>): string[] {
  const blocks = Array.isArray(message.sent['blocks']) ? (message.sent['blocks'] as readonly Block[]) : [];
  const texts = blocks.flatMap((block) => [
    ...lineOf([block.text?.text ?? '']),
    ...pairsOf(block.fields ?? []).flatMap((pair) =>
      lineOf(pair.map((field) => (field.text ?? '').replace('\n', ': '))),
    ),
    ...lineOf((block.elements ?? []).map((element) => element.text ?? '')),
  ]);
  return texts.length > 0 ? texts : lineOf([message.text]);
}

/** Slack shows fields in two columns. */
function pairsOf<T>(fields: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(fields.length / 2) }, (_unused, row) => fields.slice(row * 2, row * 2 + 2));
}

/**
 * Parts side by side; marks of bold type are left out, and what is escaped on the way is itself again.
 * Commits are shortened, as people write them.
 */
function lineOf(parts: readonly string[]): string[] {
  const text = parts.filter((part) => part !== '').join('   ');
  if (text === '') return [];
  return [
    text
      .replaceAll(/\*([^*\n]+)\*/g, '$1')
      .replaceAll(/\b([0-9a-f]{12})[0-9a-f]{28}\b/g, '$1')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
  ];
}
