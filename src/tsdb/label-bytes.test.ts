import { afterEach, expect, test } from 'vitest';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { contents, storeBench } from './store.fixture.ts';

const bench = storeBench();
afterEach(bench.clean);

const HOUR = 3_600_000;
const DAY = Date.UTC(2026, 0, 2);

/** Label sets that only a format which puts bytes between values would mix up. */
const LABEL_SETS: readonly Readonly<Record<string, string>>[] = [
  { a: '1', b: '2' },
  { a: '1\0b\x002' },
  { a: '1\xffb\xff2' },
  { a: '\0' },
  { a: '\0\0' },
  { a: '\0b', c: '\0' },
  { a: '1,b=2' },
  { 'x.\0': '\0' },
];
const SERIES = LABEL_SETS.map((labels) => labelsFromObject({ __name__: 'm', ...labels }));

test('label values of any characters stay apart through log, restart, hot and sealed days', async () => {
  const expected = Object.fromEntries(
    SERIES.map((labels, i) => [formatSeries(labels), [[DAY, String(i)]]] as const),
  );
  const dir = bench.directory();
  let store = bench.open(dir, { clock: fakeClock(DAY) });
  const source = store.source('a');
  source.begin(DAY);
  for (const [i, labels] of SERIES.entries()) source.set(source.slot(labels), i);
  source.commit();
  await store.committed();
  expect(contents(store)).toEqual(expected);
  await bench.close(store);
  store = bench.open(dir, { clock: fakeClock(DAY) });
  expect(contents(store)).toEqual(expected);
  await store.flush();
  expect(contents(store)).toEqual(expected);
  await bench.close(store);
  store = bench.open(dir, { clock: fakeClock(DAY + 40 * HOUR) });
  await store.flush();
  expect(contents(store)).toEqual(expected);
  const one = { name: 'a', op: '=', value: '\0' } as const;
  expect(contents(store, 'appended', [one])).toEqual({ [formatSeries(SERIES[3]!)]: [[DAY, '3']] });
  expect(contents(store, 'appended', [{ ...one, op: '=~', value: '\\x00+' }])).toEqual({
    [formatSeries(SERIES[3]!)]: [[DAY, '3']],
    [formatSeries(SERIES[4]!)]: [[DAY, '4']],
  });
});
