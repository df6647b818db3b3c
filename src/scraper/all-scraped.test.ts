import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { collectingAppender } from '../testing/collecting-appender.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { httpTarget, sendPage } from '../testing/http-target.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { silentLog } from '../testing/silent-log.ts';
import { allScraped } from './all-scraped.ts';
import { advanceUntil } from './discovery/discoverer.fixture.ts';
import { createScrapeManager } from './manager.ts';

test('it is waited for the targets that discovery finds', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  let answer = (): void => {};
  await using server = await httpTarget((_, response) => {
    answer = () =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify([{ targets: [target.address] }]));
  });
  const clock = fakeClock();
  const manager = createScrapeManager({
    appender: collectingAppender(),
    clock,
    log: silentLog(),
    registry: new Registry(),
    version: '1.2.3',
  });
  let isDone = false;
  void allScraped(clock, manager).then(() => {
    isDone = true;
  });
  await clock.advance('1s');
  const http_sd_configs = [{ url: `http://${server.address}/` }];
  await manager.apply([scrapeJob({ http_sd_configs })]);
  await advanceUntil(clock, '10ms', () => server.requests.length === 1);
  await clock.advance('1s');
  expect(isDone).toBe(false);
  answer();
  await advanceUntil(clock, '10ms', () => manager.targets().active.length === 1);
  expect(isDone).toBe(false);
  await advanceUntil(clock, '250ms', () => isDone);
  expect(target.requests.length).toBeGreaterThan(0);
  await manager.stop();
});
