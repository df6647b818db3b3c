import { Hono } from 'hono';
import type { RelabelExplanation } from '../../scraper/relabel-steps.ts';
import { ApiError, success } from '../envelope.ts';

export interface RelabelStepsSource {
  /** What the relabelling of a scrape pool makes of these labels; undefined when there is no such pool. */
  explain(scrapePool: string, labels: Readonly<Record<string, string>>): RelabelExplanation | undefined;
}

/** `/targets/relabel_steps` of /api/v1. */
export function relabelStepsRoutes(source: RelabelStepsSource): Hono {
  const app = new Hono();
  app.get('/targets/relabel_steps', (c) => {
    const pool = c.req.query('scrapePool') ?? '';
    if (pool === '') throw new ApiError('bad_data', 'no scrapePool parameter provided');
    const text = c.req.query('labels') ?? '';
    if (text === '') throw new ApiError('bad_data', 'no labels parameter provided');
    const explanation = source.explain(pool, readLabels(text));
    if (!explanation) {
      const problem = `scrape pool ${JSON.stringify(pool)} not found`;
      throw new ApiError('bad_data', `error retrieving scrape config: ${problem}`);
    }
    return success(c, explanation);
  });
  return app;
}

function readLabels(text: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ApiError('bad_data', `error parsing labels: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError('bad_data', 'error parsing labels: expected label names with values');
  }
  for (const [name, label] of Object.entries(value)) {
    if (typeof label !== 'string')
      throw new ApiError(
        'bad_data',
        `error parsing labels: ${name}: expected a text, got ${JSON.stringify(label)}`,
      );
  }
  return value as Record<string, string>;
}
