import { Hono } from 'hono';
import type { MetricMetadata } from '../../model/queryable.ts';
import { bytesOf, type HttpAnswer } from '../../query/pool.ts';
import type { SearchTask } from '../../query/protocol.ts';
import { workerAnswer } from '../compress.ts';
import { ApiError } from '../envelope.ts';
import { booleanOf, type ParameterError, readParams, readTime } from '../params.ts';
import { type QueryRouteDeps, selectors } from './query.ts';

export interface SearchRouteDeps extends QueryRouteDeps {
  /** What is known of a metric. */
  readonly metadata: () => ReadonlyMap<string, MetricMetadata>;
}

/** Upstream's defaults and bounds. */
const DEFAULT_RESULTS = 100;
const MAX_RESULTS = 10_000;
const MAX_TERMS = 32;
const DEFAULT_RANGE_MS = 3_600_000;

/** `/search/metric_names`, `/search/label_names` and `/search/label_values` of /api/v1: answers are lines of JSON, mistakes the usual envelope. */
export function searchRoutes(deps: SearchRouteDeps): Hono {
  const app = new Hono();
  const both = ['GET', 'POST'];
  const ask = (params: URLSearchParams, of: Pick<SearchTask, 'label' | 'field'>, signal: AbortSignal) =>
    deps.queries.run({ ...searchTask(params, deps.clock.now()), ...of }, signal);
  app.on(both, '/search/metric_names', async (c) => {
    const params = await readParams(c);
    const isDescribed = flag(params, 'include_metadata', false);
    const answer = await ask(params, { label: '__name__', field: 'name' }, c.req.raw.signal);
    return workerAnswer(
      c,
      isDescribed && answer.status === 200 ? described(answer, deps.metadata()) : answer,
    );
  });
  app.on(both, '/search/label_names', async (c) =>
    workerAnswer(c, await ask(await readParams(c), { label: undefined, field: 'name' }, c.req.raw.signal)),
  );
  app.on(both, '/search/label_values', async (c) => {
    const params = await readParams(c);
    const label = params.get('label') ?? '';
    if (label === '') throw new ApiError('bad_data', 'missing required parameter "label"');
    return workerAnswer(c, await ask(params, { label, field: 'value' }, c.req.raw.signal));
  });
  return app;
}

/** As upstream's errors of searches, which do not name the parameter twice. @throws ApiError */
function timeOf(params: URLSearchParams, name: string, fallback: number): number {
  try {
    return readTime(params, name, fallback);
  } catch (error) {
    throw refusal((error as ParameterError).problem);
  }
}

/** @throws ApiError or ParameterError */
function searchTask(params: URLSearchParams, now: number): Omit<SearchTask, 'label' | 'field'> {
  const from = timeOf(params, 'start', now - DEFAULT_RANGE_MS);
  const to = timeOf(params, 'end', now) + 1;
  if (to <= from) throw refusal('end timestamp must not be before start timestamp');
  const terms = params.getAll('search[]');
  if (terms.length > MAX_TERMS)
    throw refusal(`too many search[] terms: got ${terms.length}, maximum is ${MAX_TERMS}`);
  const algorithm = params.get('fuzz_alg') || 'subsequence';
  if (algorithm !== 'subsequence' && algorithm !== 'jarowinkler') {
    throw refusal(
      `unsupported fuzz_alg ${JSON.stringify(algorithm)}: must be one of [subsequence jarowinkler]`,
    );
  }
  return {
    kind: 'search',
    match: selectors(params),
    range: { from, to },
    terms,
    algorithm,
    threshold: wholeNumber(params, 'fuzz_threshold', 0, 0, 100, 'must be 0-100') / 100,
    isCaseSensitive: flag(params, 'case_sensitive', true),
    includesScore: flag(params, 'include_score', false),
    order: orderOf(params, terms.length > 0),
    limit: limitOf(params),
    batchSize: wholeNumber(
      params,
      'batch_size',
      DEFAULT_RESULTS,
      1,
      Number.MAX_SAFE_INTEGER,
      'must be a positive integer',
    ),
  };
}

function orderOf(params: URLSearchParams, hasTerms: boolean): SearchTask['order'] {
  const by = params.get('sort_by') ?? '';
  const direction = params.get('sort_dir') ?? '';
  if (direction !== '' && by === '') throw refusal('sort_dir is only valid when sort_by is set');
  if (direction !== '' && by === 'score') throw refusal('sort_dir is not supported for sort_by=score');
  if (!['', 'asc', 'dsc'].includes(direction))
    throw refusal(`invalid sort_dir ${JSON.stringify(direction)}: must be "asc" or "dsc"`);
  if (by === 'score' && !hasTerms) throw refusal('sort_by=score requires search[] to be set');
  if (!['', 'alpha', 'score'].includes(by))
    throw refusal(`invalid sort_by ${JSON.stringify(by)}: must be "alpha" or "score"`);
  return by === 'score' ? 'score' : direction === 'dsc' ? 'descending' : 'ascending';
}

function limitOf(params: URLSearchParams): number {
  const limit = wholeNumber(
    params,
    'limit',
    DEFAULT_RESULTS,
    1,
    Number.MAX_SAFE_INTEGER,
    'must be a positive integer',
  );
  if (limit > MAX_RESULTS) throw refusal(`limit ${limit} exceeds the maximum of ${MAX_RESULTS}`);
  return limit;
}

function wholeNumber(
  params: URLSearchParams,
  name: string,
  fallback: number,
  least: number,
  most: number,
  wanted: string,
): number {
  const text = params.get(name) ?? '';
  if (text === '') return fallback;
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least && number <= most))
    throw refusal(`invalid ${name} ${JSON.stringify(text)}: ${wanted}`);
  return number;
}

function flag(params: URLSearchParams, name: string, fallback: boolean): boolean {
  const text = params.get(name) ?? '';
  const value = booleanOf(text, fallback);
  if (value !== undefined) return value;
  throw refusal(`invalid ${name} ${JSON.stringify(text)}: must be boolean`);
}

const refusal = (message: string): ApiError => new ApiError('bad_data', message);

/** The answer with what is known of each metric; at most MAX_RESULTS of them. */
function described(answer: HttpAnswer, metadata: ReadonlyMap<string, MetricMetadata>): HttpAnswer {
  const joined = Buffer.concat(answer.body, bytesOf(answer)).toString();
  answer.release?.();
  const lines = joined.split('\n').map((text) => {
    if (!text.startsWith('{"results"')) return text;
    const line = JSON.parse(text) as { results: { name: string }[] };
    return JSON.stringify({ ...line, results: line.results.map((one) => withMetadata(one, metadata)) });
  });
  return { ...answer, body: [new TextEncoder().encode(lines.join('\n'))], release: undefined };
}

function withMetadata<T extends { readonly name: string }>(
  result: T,
  metadata: ReadonlyMap<string, MetricMetadata>,
): T & Partial<MetricMetadata> {
  const { type, help, unit } = metadata.get(result.name) ?? {};
  return { ...result, ...(type && { type }), ...(help && { help }), ...(unit && { unit }) };
}
