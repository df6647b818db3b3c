import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { collectingAppender } from './collecting-appender.ts';

const a = labelsFromObject({ __name__: 'a' });
const b = labelsFromObject({ __name__: 'b' });

test('a row holds what was set first, and what is absent from it becomes stale', () => {
  const appender = collectingAppender();
  const source = appender.source('k');
  const [slotA, slotB] = [source.slot(a), source.slot(b)];
  expect(source.begin(1000)).toBe(true);
  expect(source.set(slotA, 1)).toBe(true);
  expect(source.set(slotA, 2)).toBe(false);
  source.set(slotB, 3);
  expect(source.commit()).toEqual({ appended: 2, seriesAdded: 2, wentStale: 0 });
  source.begin(2000);
  source.set(slotB, 4);
  expect(source.commit()).toEqual({ appended: 1, seriesAdded: 0, wentStale: 1 });
  source.begin(3000);
  expect(source.commit()).toEqual({ appended: 0, seriesAdded: 0, wentStale: 1 });
  expect(appender.samples('a')).toEqual([
    { timestamp: 1000, value: 1 },
    { timestamp: 2000, value: 'stale' },
  ]);
  expect(appender.current()).toEqual({});
});

test('rows come in the order of time; an aborted one leaves nothing', () => {
  const appender = collectingAppender();
  const source = appender.source('k');
  source.begin(1000);
  source.abort();
  expect(source.begin(1000)).toBe(true);
  source.set(source.slot(a), 1);
  source.commit();
  expect(source.begin(1000)).toBe(false);
  expect(source.markAllStale(999)).toEqual({ appended: 0, seriesAdded: 0, wentStale: 0 });
  expect(source.markAllStale(2000).wentStale).toBe(1);
});

test('slots of absent series are given back and reused; a kept number is found out', () => {
  const source = collectingAppender().source('k');
  const [slotA, slotB] = [source.slot(a), source.slot(b)];
  source.begin(1000);
  source.set(slotB, 1);
  source.commit();
  expect(source.releaseUnused()).toEqual([slotA]);
  expect(() => source.labelsOfSlot(slotA)).toThrow('no series has slot');
  expect(source.slot(labelsFromObject({ __name__: 'c' }))).toBe(slotA);
});

test('a source opened again knows its last row; opened twice it is a mistake', () => {
  const appender = collectingAppender();
  const first = appender.source('k');
  first.begin(1000);
  first.set(first.slot(a), 1);
  first.commit();
  expect(() => appender.source('k')).toThrow('source "k" is open already');
  first.close();
  expect(appender.openSources()).toEqual([]);
  const again = appender.source('k');
  again.begin(2000);
  expect(again.commit().wentStale).toBe(1);
});

test('samples with their own timestamps', () => {
  const appender = collectingAppender();
  expect(appender.append(a, 1000, 1)).toBe('ok');
  expect(appender.append(a, 1000, 1)).toBe('duplicate');
  expect(appender.append(a, 1000, 2)).toBe('conflict');
  expect(appender.append(a, 500, 3)).toBe('ok');
  expect(appender.appendStale(a, 2000)).toBe('ok');
  expect(appender.samples('a').map(({ value }) => value)).toEqual([3, 1, 'stale']);
});
