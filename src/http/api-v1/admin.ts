import { type Context, Hono } from 'hono';
import type { Backups } from '../../backup/backups.ts';
import { formatSeries } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import { parseSelector } from '../../promql/parse.ts';
import { compileMatcher } from '../../tsdb/matching.ts';
import type { Deletion } from '../../tsdb/partition/deletion.ts';
import type { Store } from '../../tsdb/store.ts';
import { ApiError, success } from '../envelope.ts';
import { booleanOf, ParameterError, readParams, readTime } from '../params.ts';

/** More `match[]`, and more text in them, than anyone writes. */
const MAX_SELECTORS = 100;
const MAX_SELECTOR_CHARACTERS = 64 * 1024;
/** Bounds of time without start and end, Unix ms. */
const MIN_TIME = -8_640_000_000_000_000;
const MAX_TIME = 8_640_000_000_000_000;

export interface AdminDeps {
  readonly store: Pick<Store, 'delete'>;
  readonly backups: Pick<Backups, 'snapshot'>;
}

/** `/admin/tsdb/*` of /api/v1. Upstream has these behind a flag; here they are always on, for those who may administer. */
export function adminRoutes({ store, backups }: AdminDeps): Hono {
  const app = new Hono();
  const remove = async (c: Context, isPreview: boolean) => {
    const deletion = deletionOf(await readParams(c));
    try {
      return await store.delete(deletion, isPreview);
    } catch (error) {
      throw new ApiError('internal', `nothing was deleted: ${(error as Error).message}`);
    }
  };
  app.on(['POST', 'PUT'], '/admin/tsdb/delete_series', async (c) => {
    await remove(c, false);
    return c.body(null, 204);
  });
  app.on(['GET', 'POST'], '/admin/tsdb/delete_series/preview', async (c) => {
    const { examples, ...counts } = await remove(c, true);
    return success(c, { ...counts, bytesAfter: undefined, examples: examples.map(formatSeries) });
  });
  // A deletion frees its room by itself: there never are tombstones.
  app.on(['POST', 'PUT'], '/admin/tsdb/clean_tombstones', (c) => c.body(null, 204));
  app.on(['POST', 'PUT'], '/admin/tsdb/snapshot', async (c) => {
    const text = (await readParams(c)).get('skip_head') ?? '';
    const skipHead = booleanOf(text, false);
    if (skipHead === undefined) {
      throw new ParameterError('skip_head', `unable to parse boolean ${JSON.stringify(text)}`);
    }
    try {
      return success(c, { name: await backups.snapshot(skipHead) });
    } catch (error) {
      throw new ApiError('internal', `create snapshot: ${(error as Error).message}`);
    }
  });
  return app;
}

/** @throws ParameterError */
function deletionOf(params: URLSearchParams): Deletion {
  const texts = params.getAll('match[]');
  if (texts.length === 0) throw new ApiError('bad_data', 'no match[] parameter provided');
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  if (texts.length > MAX_SELECTORS || characters > MAX_SELECTOR_CHARACTERS) {
    throw new ParameterError(
      'match[]',
      `expected at most ${MAX_SELECTORS} selectors of ${MAX_SELECTOR_CHARACTERS} characters together`,
    );
  }
  return {
    selectors: texts.map(matchersOf),
    // Both ends count upstream; our ranges are half-open.
    range: { from: readTime(params, 'start', MIN_TIME), to: readTime(params, 'end', MAX_TIME) + 1 },
  };
}

function matchersOf(text: string): readonly Matcher[] {
  try {
    const matchers = parseSelector(text);
    for (const matcher of matchers) compileMatcher(matcher);
    return matchers;
  } catch (error) {
    throw new ParameterError('match[]', (error as Error).message);
  }
}
