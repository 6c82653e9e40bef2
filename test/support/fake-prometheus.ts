import { createServer, type Server } from 'node:http';

/** A server that speaks Prometheus' query API and answers what a test tells it to. */
export interface FakePrometheus {
  readonly url: string;
  /** The answer to every query that contains `part`; the last one told wins. */
  answer(part: string, answer: FakeAnswer): void;
  readonly queries: readonly string[];
  close(): Promise<void>;
}

export type FakeAnswer =
  | { readonly value: number }
  | { readonly vector: readonly number[] }
  | { readonly status: number; readonly body: string }
  | 'hang';

export async function startFakePrometheus(): Promise<FakePrometheus> {
  const answers = new Map<string, FakeAnswer>();
  const queries: string[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const body = new URLSearchParams(Buffer.concat(parts).toString('utf8'));
      const query =
        new URL(incoming.url ?? '/', 'http://127.0.0.1').searchParams.get('query') ?? body.get('query') ?? '';
      queries.push(query);
      const answer = [...answers].reverse().find(([part]) => query.includes(part))?.[1] ?? constantOf(query);
      if (answer === 'hang') return;
      if ('status' in answer) {
        outgoing.writeHead(answer.status, { 'content-type': 'text/plain' }).end(answer.body);
        return;
      }
      const values = 'value' in answer ? [answer.value] : answer.vector;
      const result = values.map((value, index) => ({
        metric: { series: `${index}` },
        value: [Date.now() / 1_000, String(value)],
      }));
      outgoing
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    answer: (part, answer) => {
      answers.delete(part);
      answers.set(part, answer);
    },
    queries,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What nobody said anything about has no data; only constants are what they are. */
function constantOf(query: string): FakeAnswer {
  const constant = /\bvector\(([-.\d]+)\)/.exec(query)?.[1];
  return constant === undefined ? { vector: [] } : { value: Number(constant) };
}
