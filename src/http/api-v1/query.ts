import { Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import type { HttpAnswer, QueryPool } from '../../query/pool.ts';
import type { QueryTask } from '../../query/protocol.ts';
import { workerAnswer } from '../compress.ts';
import { ApiError } from '../envelope.ts';
import { MAX_TIME, ParameterError, readDuration, readLimit, readParams, readTime } from '../params.ts';

export interface QueryRouteDeps {
  readonly queries: QueryPool;
  readonly clock: Clock;
}

/** Upstream's cap on the points of one series in an answer. */
const MAX_POINTS = 11_000;
/** More `match[]` than anyone writes. */
const MAX_SELECTORS = 100;
/** Upstream's cap on each list of `/status/tsdb`. */
const MAX_CARDINALITY_ROWS = 10_000;
/** Series seen this long count as those of the head, as upstream's head holds two to three hours. */
const CARDINALITY_MS = 2 * 3_600_000;
/** Bounds of time in label queries without start and end, Unix ms. */
const MIN_TIME = -MAX_TIME;

/** An endpoint of /api/v1 that a query worker answers. */
export interface QueryEndpoint {
  /** By GET and, where upstream has it, by POSTed form. */
  readonly methods: readonly string[];
  /** Whether `timeout` is one of its parameters. */
  readonly takesTimeout?: boolean;
  /**
   * What is asked for.
   * @param now Unix ms
   * @throws ApiError or ParameterError
   */
  task(params: URLSearchParams, now: number): QueryTask;
}

const BOTH = ['GET', 'POST'] as const;

/** By their path below /api/v1. */
export const queryEndpoints: ReadonlyMap<string, QueryEndpoint> = new Map<string, QueryEndpoint>([
  [
    '/query',
    {
      methods: BOTH,
      takesTimeout: true,
      task: (params, now) => ({
        kind: 'instant',
        ...limitOf(params),
        timestamp: readTime(params, 'time', now),
        ...evaluated(params),
      }),
    },
  ],
  ['/query_range', { methods: BOTH, takesTimeout: true, task: rangeTask }],
  [
    '/query_exemplars',
    {
      methods: BOTH,
      task(params) {
        const range = bounds(params);
        if (range.to === range.from)
          throw new ApiError('bad_data', 'end timestamp must not be before start timestamp');
        return { kind: 'exemplars', expr: params.get('query') ?? '', range };
      },
    },
  ],
  [
    '/format_query',
    { methods: BOTH, task: (params) => ({ kind: 'format', expr: params.get('query') ?? '' }) },
  ],
  ['/parse_query', { methods: BOTH, task: (params) => ({ kind: 'parse', expr: params.get('query') ?? '' }) }],
  [
    '/series',
    {
      methods: BOTH,
      task(params) {
        const match = selectors(params);
        if (match.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
        return { kind: 'series', match, ...limitOf(params), range: bounds(params) };
      },
    },
  ],
  [
    '/labels',
    {
      methods: BOTH,
      task: (params) => ({
        kind: 'labelNames',
        match: selectors(params),
        ...limitOf(params),
        range: bounds(params),
      }),
    },
  ],
  ['/status/tsdb/blocks', { methods: ['GET'], task: () => ({ kind: 'blocks' }) }],
  [
    '/status/tsdb',
    {
      methods: ['GET'],
      task: (params, now) => ({
        kind: 'cardinality',
        range: { from: now - CARDINALITY_MS, to: now + 1 },
        limit: cardinalityLimit(params.get('limit') ?? ''),
      }),
    },
  ],
]);

function cardinalityLimit(text: string): number {
  if (text === '') return 10;
  if (!/^\+?\d+$/.test(text) || Number(text) < 1)
    throw new ApiError('bad_data', 'limit must be a positive number');
  if (Number(text) > MAX_CARDINALITY_ROWS)
    throw new ApiError('bad_data', `limit must not exceed ${MAX_CARDINALITY_ROWS}`);
  return Number(text);
}

function rangeTask(params: URLSearchParams): QueryTask {
  const limit = limitOf(params);
  const startMs = readTime(params, 'start');
  const endMs = readTime(params, 'end');
  if (endMs < startMs) throw new ParameterError('end', 'end timestamp must not be before start time');
  const stepMs = Math.round(readDuration(params, 'step'));
  if (stepMs <= 0) {
    throw new ParameterError(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (Math.floor((endMs - startMs) / stepMs) > MAX_POINTS) {
    throw new ApiError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  return { kind: 'range', ...limit, ...evaluated(params), startMs, endMs, stepMs };
}

/** The API's bounds are inclusive, ours half-open: one ms is added to the end. An end before the start leaves nothing. */
function bounds(params: URLSearchParams) {
  const from = readTime(params, 'start', MIN_TIME);
  return { from, to: Math.max(from, readTime(params, 'end', MAX_TIME) + 1) };
}

/** Runs what an endpoint is asked for. @throws ApiError or ParameterError */
export function runQuery(
  { queries, clock }: QueryRouteDeps,
  endpoint: QueryEndpoint,
  params: URLSearchParams,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const task = endpoint.task(params, clock.now());
  const hasTimeout = endpoint.takesTimeout === true && params.get('timeout');
  return queries.run(task, signal, hasTimeout ? readDuration(params, 'timeout') : undefined);
}

/** The endpoints of /api/v1 that are answered by a query worker. */
export function queryRoutes(deps: QueryRouteDeps): Hono {
  const app = new Hono();
  for (const [path, endpoint] of queryEndpoints) {
    app.on([...endpoint.methods], path, async (c) =>
      workerAnswer(c, await runQuery(deps, endpoint, await readParams(c), c.req.raw.signal)),
    );
  }
  app.get('/label/:name/values', async (c) => {
    const params = await readParams(c);
    const name = unescapeName(c.req.param('name'));
    if (name === '') throw new ApiError('bad_data', 'invalid label name: ""');
    const task = {
      kind: 'labelValues',
      name,
      match: selectors(params),
      ...limitOf(params),
      range: bounds(params),
    } as const;
    return workerAnswer(c, await deps.queries.run(task, c.req.raw.signal));
  });
  return app;
}

/** Selectors as written; the worker parses them. */
export function selectors(params: URLSearchParams): readonly string[] {
  const match = params.getAll('match[]');
  if (match.length > MAX_SELECTORS) {
    throw new ParameterError('match[]', `expected at most ${MAX_SELECTORS} selectors, got ${match.length}`);
  }
  return match;
}

function evaluated(params: URLSearchParams) {
  const stats = params.get('stats');
  return {
    expr: params.get('query') ?? '',
    ...(params.get('lookback_delta') ? { lookbackMs: lookbackOf(params) } : {}),
    ...(stats ? { stats: stats === 'all' ? ('all' as const) : ('basic' as const) } : {}),
    ...(stats && stats !== 'true' && stats !== 'all' ? { warnings: [deprecatedStats(stats)] } : {}),
    ...(params.get('explain') === 'true' ? { explain: true } : {}),
  };
}

function lookbackOf(params: URLSearchParams): number {
  try {
    return readDuration(params, 'lookback_delta');
  } catch (error) {
    if (!(error instanceof ParameterError)) throw error;
    throw new ApiError('bad_data', `error parsing lookback delta duration: ${error.problem}`);
  }
}

const deprecatedStats = (value: string): string =>
  `value ${JSON.stringify(value)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`;

function limitOf(params: URLSearchParams): { limit?: number } {
  const limit = readLimit(params);
  return limit === undefined ? {} : { limit };
}

/** Reads upstream's escaping of UTF-8 label names in paths: `U__` and then `_xx_` per odd character, `__` for an underscore. */
function unescapeName(name: string): string {
  if (!name.startsWith('U__')) return name;
  const body = name.slice(3);
  let out = '';
  for (let i = 0; i < body.length; ) {
    if (body[i] !== '_') {
      out += body[i++];
      continue;
    }
    if (body[i + 1] === '_') {
      out += '_';
      i += 2;
      continue;
    }
    const match = /^_([0-9a-fA-F]{1,6})_/.exec(body.slice(i));
    const code = match ? Number.parseInt(match[1]!, 16) : Number.NaN;
    if (!match || code > 0x10ffff) return name;
    out += String.fromCodePoint(code);
    i += match[0].length;
  }
  return out;
}
