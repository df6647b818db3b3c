import { expect, test } from 'vitest';
import { targetPageRoutes } from './target-page.ts';

const PAGE = { format: 'text', bytes: 4, text: 'a 1\n' } as const;

test('a target shows its page, or why it has none', async () => {
  const app = targetPageRoutes({
    look(job, url) {
      if (job !== 'web') return undefined;
      return url === 'http://a/metrics'
        ? Promise.resolve(PAGE)
        : Promise.reject(new Error('connection refused'));
    },
  });
  const ask = async (query: string) => {
    const answer = await app.request(`/targets/page${query}`);
    return [answer.status, await answer.json()];
  };
  expect(await ask('?scrapePool=web&scrapeUrl=http://a/metrics')).toEqual([200, PAGE]);
  expect(await ask('?scrapePool=web&scrapeUrl=http://b')).toEqual([502, { error: 'connection refused' }]);
  expect(await ask('?scrapePool=x&scrapeUrl=http://a/metrics')).toEqual([
    404,
    { error: 'there is no target http://a/metrics in "x"' },
  ]);
  expect(await ask('?scrapeUrl=u')).toEqual([400, { error: 'expected a scrapePool, got none' }]);
  expect(await ask('?scrapePool=web')).toEqual([400, { error: 'expected a scrapeUrl, got none' }]);
});

test('four at once, not more', async () => {
  const { promise, resolve } = Promise.withResolvers<typeof PAGE>();
  const app = targetPageRoutes({ look: () => promise });
  const ask = () => app.request('/targets/page?scrapePool=a&scrapeUrl=b');
  const first = Array.from({ length: 4 }, ask);
  expect((await ask()).status).toBe(429);
  resolve(PAGE);
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await ask()).status).toBe(200);
});
