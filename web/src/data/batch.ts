import type { PageClock } from '../clock.ts';
import { type Api, ApiError, errorOfAnswer, matrixAnswer, type QueryRange, vectorAnswer } from './api.ts';
import type { Answer, MatrixSeries, QueryResult } from './api-types.ts';

/** What asks expressions: the API itself, one request each, or a batch. */
export type Queries = Pick<Api, 'query' | 'queryRange'>;

/** One query as `/api/batch` takes it; Unix seconds. */
interface BatchQuery extends Partial<QueryRange> {
  readonly query: string;
  readonly time?: number;
  readonly columns?: true;
}

interface Waiting {
  readonly query: BatchQuery;
  readonly signal: AbortSignal | undefined;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** A line of the answer. */
interface BatchLine {
  readonly i: number;
  readonly status: number;
  readonly answer: unknown;
}

/** Most queries of one request. */
const MAX_QUERIES = 400;

/**
 * Gathers what is asked within one turn of the browser's loop into one request, the same question only once, and hands each its
 * answer as soon as the server has it. When nobody waits any more, the request is cancelled, and with it what the server evaluates.
 * @param onAnswer told when all questions of a request have their answer
 */
export function createBatch(
  base: string,
  clock: PageClock,
  fetchFn: typeof fetch = fetch,
  onAnswer: () => void = () => {},
): Queries {
  let waiting: Waiting[] = [];
  const ask = (query: BatchQuery, signal: AbortSignal | undefined): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) clock.after(0, flush);
      waiting.push({ query, signal, resolve, reject });
    });
  const flush = (): void => {
    const all = waiting.filter(({ signal }) => signal?.aborted !== true);
    for (const one of waiting) if (one.signal?.aborted) one.reject(gone());
    waiting = [];
    const questions = [...Map.groupBy(all, ({ query }) => JSON.stringify(query)).values()];
    for (let at = 0; at < questions.length; at += MAX_QUERIES)
      void send(new URL('api/batch', base), questions.slice(at, at + MAX_QUERIES), fetchFn, onAnswer);
  };
  return {
    query: async (expr, time, signal): Promise<Answer<QueryResult>> =>
      vectorAnswer(await ask({ query: expr, ...(time === undefined ? {} : { time }) }, signal)),
    queryRange: async (expr, range, signal, { columns } = {}): Promise<Answer<readonly MatrixSeries[]>> =>
      matrixAnswer(await ask({ query: expr, ...range, ...(columns ? { columns: true } : {}) }, signal)),
  };
}

const gone = (): DOMException => new DOMException('nobody waits for the answer any more', 'AbortError');

/** @param questions each with everyone who asked it */
async function send(
  address: URL,
  questions: readonly (readonly Waiting[])[],
  fetchFn: typeof fetch,
  onAnswer: () => void,
): Promise<void> {
  const open = new Set(questions.flat());
  const controller = new AbortController();
  const leave = (): void => {
    for (const one of open) {
      if (!one.signal?.aborted) continue;
      open.delete(one);
      one.reject(gone());
    }
    if (open.size === 0) controller.abort();
  };
  for (const { signal } of open) signal?.addEventListener('abort', leave, { once: true });
  const settle = ({ i, status, answer }: BatchLine): void => {
    for (const one of questions[i] ?? []) {
      if (!open.delete(one)) continue;
      if (status < 400) one.resolve(answer);
      else one.reject(errorOfAnswer(status, answer));
    }
  };
  try {
    const response = await fetchFn(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ queries: questions.map(([first]) => first!.query) }),
      redirect: 'error',
      credentials: 'same-origin',
      signal: controller.signal,
    });
    if (!response.ok || !response.body) {
      const text = await response.text();
      throw errorOfAnswer(response.status, text);
    }
    for await (const line of linesOf(response.body)) settle(JSON.parse(line) as BatchLine);
    if (open.size === 0) onAnswer();
    throw new ApiError(0, 'The answer ended too early: is a proxy in between?');
  } catch (error) {
    const problem = error instanceof ApiError ? error : new ApiError(0, 'Belfry does not answer.');
    for (const one of open) one.reject(one.signal?.aborted ? gone() : problem);
  } finally {
    for (const { signal } of questions.flat()) signal?.removeEventListener('abort', leave);
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    let from = 0;
    for (let end = value.indexOf('\n'); end >= 0; end = value.indexOf('\n', from)) {
      rest.push(value.slice(from, end));
      yield rest.join('');
      rest = [];
      from = end + 1;
    }
    if (from < value.length) rest.push(value.slice(from));
  }
}
