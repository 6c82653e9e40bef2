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
    ...lineOf((block.fields ?? []).map((field) => (field.text ?? '').replace('\n', ': '))),
    ...lineOf((block.elements ?? []).map((element) => element.text ?? '')),
  ]);
  return texts.length > 0 ? texts : lineOf([message.text]);
}

/** Parts side by side; marks of bold type are left out, and what is escaped on the way is itself again. */
function lineOf(parts: readonly string[]): string[] {
  const text = parts.filter((part) => part !== '').join('   ');
  if (text === '') return [];
  return [
    text
      .replaceAll(/\*([^*\n]+)\*/g, '$1')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&'),
  ];
}
