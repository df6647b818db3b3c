import { expect, test } from 'vitest';
import type { PageClock } from '../clock.ts';
import { createBatch } from './batch.ts';

/** A clock whose timers fire when the test says so. */
function heldClock(): PageClock & { turn(): Promise<void> } {
  let due: (() => void)[] = [];
  return {
    now: () => 0,
    every: () => () => undefined,
    after(_, fire) {
      due.push(fire);
      return () => undefined;
    },
    async turn() {
      for (const fire of due.splice(0)) fire();
      await new Promise<void>((resolve) => setTimeout(resolve));
      due = [];
    },
  };
}

interface Sent {
  readonly url: string;
  readonly queries: readonly { query: string }[];
  readonly signal: AbortSignal;
  write(text: string): void;
  end(): void;
}

function heldServer() {
  const sent: Sent[] = [];
  const fetchFn = async (url: URL, init: RequestInit): Promise<Response> => {
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
    });
    init.signal?.addEventListener('abort', () => controller.error(new DOMException('', 'AbortError')));
    sent.push({
      url: String(url),
      queries: (JSON.parse(init.body as string) as { queries: { query: string }[] }).queries,
      signal: init.signal!,
      write: (text) => controller.enqueue(new TextEncoder().encode(text)),
      end: () => controller.close(),
    });
    return new Response(body);
  };
  return { sent, fetchFn: fetchFn as unknown as typeof fetch };
}

const line = (i: number, value: string): string =>
  `${JSON.stringify({ i, status: 200, answer: { data: { resultType: 'scalar', result: [0, value] } } })}\n`;
const RANGE = { start: 0, end: 60, step: 15 };

test('what is asked in one turn goes in one request, the same question once', async () => {
  const clock = heldClock();
  const { sent, fetchFn } = heldServer();
  const { query } = createBatch('http://belfry/prefix/', clock, fetchFn);
  const asked = [query('a', 5), query('b', 5), query('a', 5)];
  await clock.turn();
  expect(sent.map(({ url, queries }) => [url, queries])).toEqual([
    [
      'http://belfry/prefix/api/batch',
      [
        { query: 'a', time: 5 },
        { query: 'b', time: 5 },
      ],
    ],
  ]);
  const whole = line(1, '2') + line(0, '1');
  sent[0]!.write(whole.slice(0, 30));
  sent[0]!.write(whole.slice(30));
  const values = (await Promise.all(asked)).map(({ data }) => data.result);
  expect(values).toEqual([
    [0, '1'],
    [0, '2'],
    [0, '1'],
  ]);
  sent[0]!.end();
});

test('an answer is there before the others, and an error is only its own', async () => {
  const clock = heldClock();
  const { sent, fetchFn } = heldServer();
  const { query, queryRange } = createBatch('http://belfry/', clock, fetchFn);
  const first = query('sum(', undefined);
  const second = queryRange('up', RANGE);
  await clock.turn();
  sent[0]!.write(`${JSON.stringify({ i: 0, status: 400, answer: { error: 'unclosed parenthesis' } })}\n`);
  await expect(first).rejects.toThrow('unclosed parenthesis');
  sent[0]!.end();
  await expect(second).rejects.toThrow('The answer ended too early');
});

test('the request goes on while someone waits and is cancelled with the last', async () => {
  const clock = heldClock();
  const { sent, fetchFn } = heldServer();
  const { query } = createBatch('http://belfry/', clock, fetchFn);
  const [one, other] = [new AbortController(), new AbortController()];
  const asked = [query('a', 1, one.signal), query('b', 1, other.signal)];
  await clock.turn();
  one.abort();
  await expect(asked[0]).rejects.toThrow('nobody waits');
  expect(sent[0]!.signal.aborted).toBe(false);
  other.abort();
  await expect(asked[1]).rejects.toThrow('nobody waits');
  expect(sent[0]!.signal.aborted).toBe(true);
});
