import { expect, test } from 'vitest';
import { createLogTail, KEPT_EVENTS } from '../log-tail.ts';
import { createLog } from '../logging.ts';
import { logRoutes } from './log.ts';

function logged() {
  const tail = createLogTail();
  const log = createLog({ level: 'info', format: 'logfmt', out: () => {}, tail });
  const app = logRoutes({ tail });
  const ask = async (query: string) => {
    const answer = await app.request(`/log${query}`);
    return answer.status === 200
      ? ((await answer.json()) as { id: number; at: number; level: string; text: string }[])
      : [answer.status, await answer.json()];
  };
  return { tail, log, ask };
}

test('what was logged is listed from the newest, as logfmt writes it', async () => {
  const { log, ask } = logged();
  const before = Date.now();
  log.child({ component: 'scraper' }).warn({ job: 'a b' }, 'scrape failed');
  log.debug({}, 'not at this level');
  log.error({ error: 'x' }, 'worse');
  expect(await ask('')).toEqual([
    { id: 2, at: expect.any(Number), level: 'error', text: 'msg=worse error=x' },
    { id: 1, at: expect.any(Number), level: 'warn', text: 'component=scraper msg="scrape failed" job="a b"' },
  ]);
  const [{ at }] = (await ask('?limit=1')) as [{ at: number }];
  expect(at).toBeGreaterThanOrEqual(before - 1);
  expect(at).toBeLessThanOrEqual(Date.now());
});

test('by level, by words, by time', async () => {
  const { tail, ask } = logged();
  tail.add({ at: 1000, level: 'info', text: 'msg=ready' });
  tail.add({ at: 2000, level: 'warn', text: 'msg="Scrape failed"' });
  tail.add({ at: 3000, level: 'error', text: 'msg="scrape lost"' });
  const ids = async (query: string) => ((await ask(query)) as { id: number }[]).map(({ id }) => id);
  expect(await ids('?level=warn')).toEqual([3, 2]);
  expect(await ids('?search=SCRAPE')).toEqual([3, 2]);
  expect(await ids('?search=scrape&level=error')).toEqual([3]);
  expect(await ids('?from=1000&to=2000')).toEqual([2, 1]);
  expect(await ids('?from=1001&limit=1')).toEqual([3]);
  expect(await ids('?limit=-5')).toEqual([3]);
});

test('the newest two thousand are kept, long lines in part', async () => {
  const { tail, ask } = logged();
  for (let i = 1; i <= KEPT_EVENTS + 5; i++) tail.add({ at: i, level: 'info', text: `n=${i}` });
  const all = tail.list({ level: 'debug', search: '', from: 0, to: Infinity, limit: Infinity });
  expect([all.length, all[0]!.text, all.at(-1)!.text]).toEqual([KEPT_EVENTS, `n=${KEPT_EVENTS + 5}`, 'n=6']);
  tail.add({ at: 1, level: 'info', text: 'x'.repeat(5000) });
  expect(((await ask('?limit=1')) as { text: string }[])[0]!.text).toBe(`${'x'.repeat(2000)}…`);
});

test.each([
  ['?level=loud', 'level: expected debug, info, warn, error, got "loud"'],
  ['?from=yesterday', 'from: expected a number (times are Unix ms)'],
])('%s is refused', async (query, error) => {
  expect(await logged().ask(query)).toEqual([400, { error }]);
});
