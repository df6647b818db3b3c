import type { ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { collectingAppender } from '../testing/collecting-appender.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { httpTarget, sendPage } from '../testing/http-target.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createScrapeManager } from './manager.ts';

type Answer = (response: ServerResponse) => void;

/** How a series that was scraped comes to its end. */
interface End {
  /** What the exporter answers from then on. */
  readonly answer?: Answer;
  /** What is configured from then on, beside a job of that name with this target; no job at all with `undefined`. */
  readonly keys?: Readonly<Record<string, unknown>> | undefined;
  /** What `up` is afterwards. */
  readonly up: 1 | 0 | 'stale';
}

const page =
  (text: string): Answer =>
  (response) =>
    sendPage(response, text);
const ENDS: Readonly<Record<string, End>> = {
  'the page is without it': { answer: page('b 1\n'), up: 1 },
  'the page is empty': { answer: page(''), up: 1 },
  'the page is no page': { answer: page('a 1\n}{\n'), up: 0 },
  'the page is of another type': {
    answer: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('a 1\n'),
    up: 0,
  },
  'the answer is an error': { answer: (response) => response.writeHead(500).end('a 1\n'), up: 0 },
  'the connection is cut': { answer: (response) => response.destroy(), up: 0 },
  'there is no answer in time': { answer: () => {}, up: 0 },
  'the answer stops in the middle': {
    answer: (response) => response.writeHead(200, { 'content-type': 'text/plain' }).write('a 1\n'),
    up: 0,
  },
  'the page passes a limit': { answer: page('a 1\nb 1\nc 1\nd 1\n'), up: 0 },
  'another sample limit': { keys: { sample_limit: 1 }, up: 0 },
  'another body limit': { keys: { body_size_limit: '2B' }, up: 0 },
  'too many targets': {
    keys: { target_limit: 1, static_configs: [{ targets: ['127.0.0.1:1'] }] },
    up: 0,
  },
  'metric relabelling drops it': {
    keys: { metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'a', action: 'drop' }] },
    up: 1,
  },
  'metric relabelling renames it': {
    keys: { metric_relabel_configs: [{ target_label: 'zone', replacement: 'z' }] },
    up: 1,
  },
  'relabelling drops the target': { keys: { relabel_configs: [{ action: 'drop' }] }, up: 'stale' },
  'relabelling renames the target': {
    keys: { relabel_configs: [{ target_label: 'zone', replacement: 'z' }] },
    up: 'stale',
  },
  'the target is gone': { keys: { own_target: false }, up: 'stale' },
  'the job is gone': { keys: undefined, up: 'stale' },
};

test.each(Object.entries(ENDS))('%s', async (_, end) => {
  let answer = page('a 1\nb 1\n');
  await using target = await httpTarget((__, response) => answer(response));
  const clock = fakeClock();
  const appender = collectingAppender();
  const registry = new Registry();
  const manager = createScrapeManager({ appender, clock, log: silentLog(), registry, version: '1' });
  const inFlight = registry.getSingleMetric('belfry_scrapes_in_flight')!;
  const isHanging = async (): Promise<boolean> => (await inFlight.get()).values[0]!.value > 0;
  /** Lets two intervals pass; scrapes get as many turns of the event loop as they need, but for those that never end. */
  const twoRounds = async (): Promise<void> => {
    for (let step = 0; step < 120; step++) {
      await clock.advance(250);
      for (let turn = 0; turn < 200 && (await isHanging()); turn++) await new Promise(setImmediate);
    }
  };
  const apply = ({ own_target = true, static_configs = [], ...keys }: Record<string, unknown> = {}) => {
    const own = own_target ? [{ targets: [target.address], labels: { instance: 'i' } }] : [];
    const groups = [...own, ...(static_configs as object[])];
    return manager.apply([scrapeJob({ sample_limit: 3, static_configs: groups, ...keys })]);
  };
  const values = (metric: string) =>
    appender.samples(`${metric}{instance="i", job="job"}`).map(({ value }) => value);
  await apply();
  await twoRounds();
  expect([values('a'), values('up')]).toEqual([
    [1, 1],
    [1, 1],
  ]);
  if (end.answer) answer = end.answer;
  if ('keys' in end) await (end.keys ? apply(end.keys) : manager.apply([]));
  await twoRounds();
  await twoRounds();
  expect(values('a')).toEqual([1, 1, 'stale']);
  const [, , ...ups] = values('up');
  if (end.up === 'stale') expect(ups).toEqual(['stale']);
  else expect([ups.length >= 3, ...new Set(ups)]).toEqual([true, end.up]);
  await manager.stop();
});
