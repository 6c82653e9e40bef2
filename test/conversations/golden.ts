import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, Conversation, Exchange, Json } from './conversation.ts';
import { packer } from './delta.ts';
import type { Printed } from './kubectl.ts';

const FOLDER = join(import.meta.dirname, '..', 'golden', 'conversations');

/** What a real API server answered, as it was recorded. */
export function readGolden(topic: string): readonly Conversation[] {
  const conversations = JSON.parse(readFileSync(fileOf(topic), 'utf8')) as readonly Conversation[];
  return conversations.map(({ title, exchanges }) => ({ title, exchanges: mapped(exchanges, packer().unpack) }));
}

/** One exchange a line, so that a change of one answer is a change of one line; each object whole only once. */
export function writeGolden(topic: string, conversations: readonly Conversation[]): void {
  const texts = conversations.map(({ title, exchanges }) => {
    const lines = mapped(exchanges, packer().pack).map((exchange) => JSON.stringify(exchange));
    return `{"title":${JSON.stringify(title)},"exchanges":[\n${lines.join(',\n')}\n]}`;
  });
  writeFileSync(fileOf(topic), `[\n${texts.join(',\n')}\n]\n`);
}

export function recordedTopics(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** Every document of a conversation in order: what was sent, what was answered, what watches told. */
function mapped(exchanges: readonly Exchange[], change: (document: Json) => Json): readonly Exchange[] {
  return exchanges.map(({ ask, answer }) => ({
    ask: ask.body === undefined ? ask : { ...ask, body: change(ask.body as Json) },
    answer: mappedAnswer(answer, change),
  }));
}

function mappedAnswer(answer: Answer, change: (document: Json) => Json): Answer {
  const { body, events, ...rest } = answer;
  return {
    ...rest,
    ...(body === undefined ? {} : { body: change(body as Json) }),
    ...(events === undefined
      ? {}
      : { events: events.map(({ type, object }) => ({ type, object: change(object as Json) })) }),
  };
}

function fileOf(topic: string): string {
  return join(FOLDER, `${topic}.json`);
}

const PRINTED = join(FOLDER, '..', 'kubectl.json');

/** What kubectl printed at a real API server, command by command. */
export function readPrinted(): readonly Printed[] {
  return JSON.parse(readFileSync(PRINTED, 'utf8')) as readonly Printed[];
}

export function writePrinted(printed: readonly Printed[]): void {
  writeFileSync(PRINTED, `[\n${printed.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`);
}
