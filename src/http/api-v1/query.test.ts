import { expect, test } from 'vitest';
import type { QueryPool } from '../../query/pool.ts';
import type { QueryTask } from '../../query/protocol.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { answerError } from '../envelope.ts';
import { queryEndpoints, queryRoutes, selectors } from './query.ts';

const taskOf = (path: string, fields: Record<string, string>) =>
  queryEndpoints.get(path)!.task(new URLSearchParams(fields), 0);

test('a range has 11,000 steps at most, those of any start and step', () => {
  const range = (end: string, step: string) => taskOf('/query_range', { query: 'a', start: '5', end, step });
  expect(range('11005.9', '1')).toMatchObject({ kind: 'range', startMs: 5000, endMs: 11_005_900 });
  for (const [end, step] of [
    ['11006', '1'],
    ['1e9', '1'],
    ['16.002', '0.001'],
  ] as const) {
    expect(() => range(end, step)).toThrow('exceeded maximum resolution of 11,000 points');
  }
  expect(() => range('6', '0.00005')).toThrow('zero or negative');
});

test('a request has a hundred selectors at most', () => {
  const params = (count: number) =>
    new URLSearchParams(Array.from({ length: count }, (): [string, string] => ['match[]', 'a']));
  expect(selectors(params(100))).toHaveLength(100);
  expect(() => selectors(params(101))).toThrow('expected at most 100 selectors, got 101');
});

test('the end of what is listed is inclusive, as upstream', () => {
  expect(taskOf('/series', { 'match[]': 'up', start: '1', end: '2' })).toMatchObject({
    range: { from: 1000, to: 2001 },
  });
});

test.each([
  ['job', 'job'],
  ['U__a_2e_b__c', 'a.b_c'],
  ['U___10ffff_', '\u{10ffff}'],
  // What escapes nothing that exists is taken as it is written.
  ['U___110000_', 'U___110000_'],
  ['U__a_b', 'U__a_b'],
])('the label of /label/%s/values is %j', async (written, name) => {
  const asked: QueryTask[] = [];
  const queries = {
    async run(task: QueryTask) {
      asked.push(task);
      return { status: 200, contentType: 'application/json', body: [Buffer.from('{}')] };
    },
  } as unknown as QueryPool;
  const app = queryRoutes({ queries, clock: fakeClock() });
  expect((await app.request(`/label/${written}/values`)).status).toBe(200);
  expect(asked).toMatchObject([{ kind: 'labelValues', name }]);
});

test('a label without a name is a mistake', async () => {
  const app = queryRoutes({ queries: {} as QueryPool, clock: fakeClock() });
  app.onError(answerError);
  const answer = await app.request('/label/U__/values');
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ errorType: 'bad_data', error: 'invalid label name: ""' });
});
