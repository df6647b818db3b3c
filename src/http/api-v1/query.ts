import { Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { QueryPool } from '../../query/pool.ts';
import type { QueryTask } from '../../query/protocol.ts';
import { ApiError } from '../envelope.ts';
import { ParameterError, readDuration, readLimit, readParams, readTime } from '../params.ts';

export interface QueryRouteDeps {
  readonly queries: QueryPool;
  readonly clock: Clock;
  /** Reads a series selector. @throws Error with PromQL's text */
  readonly parseSelector: (text: string) => readonly Matcher[];
}

/** Upstream's cap on the points of one series in an answer. */
const MAX_POINTS = 11_000;
/** More `match[]` than anyone writes. */
const MAX_SELECTORS = 100;
/** Series seen this long count as those of the head, as upstream's head holds two to three hours. */
const CARDINALITY_MS = 2 * 3_600_000;
/** Bounds of time in label queries without start and end, Unix ms. */
const MIN_TIME = -8_640_000_000_000_000;
const MAX_TIME = 8_640_000_000_000_000;

/** `/query`, `/query_range`, `/labels`, `/label/<name>/values`, `/series` of /api/v1, by GET and by POSTed form. */
export function queryRoutes(deps: QueryRouteDeps): Hono {
  const app = new Hono();

  const answer = async (task: QueryTask, params: URLSearchParams, signal: AbortSignal): Promise<Response> => {
    const timeoutMs = params.get('timeout') ? readDuration(params, 'timeout') : undefined;
    const { status, body, retryAfterSeconds } = await deps.queries.run(task, signal, timeoutMs);
    return new Response(body as Uint8Array<ArrayBuffer>, {
      status,
      headers: {
        'content-type': 'application/json',
        ...(retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {}),
      },
    });
  };

  const selectors = (params: URLSearchParams): (readonly Matcher[])[] => {
    const texts = params.getAll('match[]');
    if (texts.length > MAX_SELECTORS) {
      throw new ParameterError('match[]', `expected at most ${MAX_SELECTORS} selectors, got ${texts.length}`);
    }
    return texts.map((text) => {
      try {
        return deps.parseSelector(text);
      } catch (error) {
        throw new ParameterError('match[]', (error as Error).message);
      }
    });
  };

  /** The API's bounds are inclusive, ours half-open: one ms is added to the end. */
  const bounds = (params: URLSearchParams) => {
    const from = readTime(params, 'start', MIN_TIME);
    const to = readTime(params, 'end', MAX_TIME) + 1;
    if (to <= from) throw new ParameterError('end', 'end timestamp must not be before start timestamp');
    return { from, to };
  };

  app.on(['GET', 'POST'], '/query', async (c) => {
    const params = await readParams(c);
    const now = deps.clock.now();
    return answer(
      {
        kind: 'instant',
        expr: params.get('query') ?? '',
        timestamp: readTime(params, 'time', now),
        ...common(params),
      },
      params,
      c.req.raw.signal,
    );
  });

  app.on(['GET', 'POST'], '/query_range', async (c) => {
    const params = await readParams(c);
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
    if ((endMs - startMs) / stepMs > MAX_POINTS) {
      throw new ApiError(
        'bad_data',
        'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
      );
    }
    return answer(
      { kind: 'range', expr: params.get('query') ?? '', startMs, endMs, stepMs, ...common(params) },
      params,
      c.req.raw.signal,
    );
  });

  app.on(['GET', 'POST'], '/series', async (c) => {
    const params = await readParams(c);
    const sets = selectors(params);
    if (sets.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
    return answer(
      { kind: 'series', sets, range: bounds(params), ...limitOf(params) },
      params,
      c.req.raw.signal,
    );
  });

  app.on(['GET', 'POST'], '/labels', async (c) => {
    const params = await readParams(c);
    return answer(
      { kind: 'labelNames', sets: selectors(params), range: bounds(params), ...limitOf(params) },
      params,
      c.req.raw.signal,
    );
  });

  app.get('/label/:name/values', async (c) => {
    const params = await readParams(c);
    const name = unescapeName(c.req.param('name'));
    if (name === '') throw new ApiError('bad_data', 'invalid label name: ""');
    return answer(
      { kind: 'labelValues', name, sets: selectors(params), range: bounds(params), ...limitOf(params) },
      params,
      c.req.raw.signal,
    );
  });

  app.get('/status/tsdb', async (c) => {
    const params = await readParams(c);
    const now = deps.clock.now();
    const range = { from: now - CARDINALITY_MS, to: now + 1 };
    return answer({ kind: 'cardinality', range, limit: readLimit(params) ?? 10 }, params, c.req.raw.signal);
  });

  return app;
}

function common(params: URLSearchParams): { lookbackMs?: number; limit?: number; stats?: boolean } {
  return {
    ...(params.get('lookback_delta') ? { lookbackMs: readDuration(params, 'lookback_delta') } : {}),
    ...(params.get('stats') ? { stats: true } : {}),
    ...limitOf(params),
  };
}

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
