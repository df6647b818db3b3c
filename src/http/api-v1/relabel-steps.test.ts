import { expect, test } from 'vitest';
import { explainRelabel } from '../../scraper/relabel-steps.ts';
import { scrapeJob } from '../../testing/scrape-job.ts';
import { answerError } from '../envelope.ts';
import { relabelStepsRoutes } from './relabel-steps.ts';

async function ask(
  query: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const job = scrapeJob({
    relabel_configs: [
      { target_label: '__address__', replacement: 'example.com:443' },
      { source_labels: ['__address__'], regex: 'example\\.com:.*', action: 'drop' },
    ],
  });
  const app = relabelStepsRoutes({
    explain: (pool, labels) => (pool === 'testpool' ? explainRelabel(job, labels) : undefined),
  });
  app.onError(answerError);
  const response = await app.request(`/targets/relabel_steps?${new URLSearchParams(query)}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('the steps are in the shape of upstream', async () => {
  const labels = JSON.stringify({ job: 'test', __address__: 'localhost:9090' });
  const { status, body } = await ask({ scrapePool: 'testpool', labels });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'success',
    data: {
      steps: [
        {
          rule: { action: 'replace', replacement: 'example.com:443', target_label: '__address__' },
          output: { job: 'test', __address__: 'example.com:443' },
          keep: true,
        },
        { rule: { action: 'drop', source_labels: ['__address__'] }, output: {}, keep: false },
      ],
      outcome: { reason: 'dropped by relabel_configs' },
    },
  });
});

test.each<[Record<string, string>, string]>([
  [{}, 'no scrapePool parameter provided'],
  [{ scrapePool: 'testpool' }, 'no labels parameter provided'],
  [{ scrapePool: 'other', labels: '{}' }, 'error retrieving scrape config: scrape pool "other" not found'],
  [{ scrapePool: 'testpool', labels: '[]' }, 'error parsing labels: expected label names with values'],
  [{ scrapePool: 'testpool', labels: '{"a":1}' }, 'error parsing labels: a: expected a text, got 1'],
])('%j is refused', async (query, error) => {
  expect(await ask(query)).toEqual({ status: 400, body: { status: 'error', errorType: 'bad_data', error } });
});
