import type { RecordedCall } from '../support/recording-proxy.ts';
import type { Ask, Exchange, Json, WatchEvent } from './conversation.ts';
import { parsed, warningsIn } from './play.ts';
import type { Symbols } from './symbols.ts';

/** What went through a proxy as a conversation in this namespace, told with symbols. */
export function conversationOf(calls: readonly RecordedCall[], symbols: Symbols): readonly Exchange[] {
  const exchanges = calls.map((call, index) => exchangeOf(call, symbols, index));
  const watched = calls.map((call) => (call.isWatch && call.status === 200 ? eventsIn(call.text()) : undefined));
  for (const events of watched) if (events !== undefined) symbols.learn(events as unknown as Json);
  return exchanges.map(({ ask, answer }, index) => {
    const events = watched[index]?.map(({ type, object }) => ({ type, object: symbols.ofAnswer(object as Json) }));
    return { ask, answer: { ...answer, ...(events === undefined ? {} : { events }) } };
  });
}

function exchangeOf(call: RecordedCall, symbols: Symbols, place: number): Exchange {
  const ask = askOf(call, symbols);
  const body = call.isWatch && call.status === 200 ? undefined : parsed(call.text());
  if (body !== undefined) symbols.learn(body, place);
  const type = call.answerType === 'application/json' ? {} : { type: call.answerType };
  return {
    ask,
    answer: {
      status: call.status,
      ...type,
      ...(call.warning === undefined ? {} : { warnings: warningsIn(call.warning) }),
      ...(body === undefined ? {} : { body: symbols.ofAnswer(body) }),
    },
  };
}

function askOf(call: RecordedCall, symbols: Symbols): Ask {
  const body = parsed(call.body);
  return {
    call: symbols.ofCall(call.call),
    ...(call.type === undefined || call.type === 'application/json' ? {} : { type: call.type }),
    ...(call.accept === 'application/json' ? {} : { accept: call.accept }),
    agent: call.agent.split(' ')[0] ?? '',
    ...(body === undefined ? {} : { body: symbols.ofAsk(body) }),
    ...(call.isWatch && call.isOver() ? { left: true } : {}),
  };
}

function eventsIn(text: string): readonly WatchEvent[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as WatchEvent).filter(({ type }) => type !== 'BOOKMARK');
}

/** Whether an answer is about objects: not discovery, OpenAPI, versions and health, which say what a server is. */
export function isAboutObjects({ call }: Pick<RecordedCall, 'call'>): boolean {
  return !/^\w+ \/(api|apis|openapi\/.*|version|healthz|livez|readyz|api\/v1|apis\/[^/]+(\/[^/]+)?)\/?(\?.*)?$/.test(
    call,
  );
}
