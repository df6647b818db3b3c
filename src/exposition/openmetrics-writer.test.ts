import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { familyOf, writeFamily, writeSeconds, writeSeries } from './openmetrics-writer.ts';

test('any time in ms is read back as it was, with the float arithmetic of other readers', () => {
  expect(writeSeconds(1767225600101)).toMatch(/^1767225600\.101/);
  expect(writeSeconds(1767225600000)).toBe('1767225600');
  expect(writeSeconds(-1500)).toBe('-1.500');
  fc.assert(
    fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (timestamp) => {
      const text = writeSeconds(timestamp);
      expect(Math.trunc(Number(text) * 1000)).toBe(timestamp);
      // Those who round instead of cutting off come to the same.
      if (!text.endsWith('5') || text.length < 16) expect(Math.round(Number(text) * 1000)).toBe(timestamp);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  [{ __name__: 'up' }, 'up'],
  [{ __name__: 'up', job: 'a"b\\c\nd' }, 'up{job="a\\"b\\\\c\\nd"}'],
  [{ __name__: 'not legacy', 'a.b': 'c' }, '{"not legacy","a.b"="c"}'],
])('a series %j is written %s', (labels, text) => {
  expect(writeSeries(labelsFromObject(labels as Record<string, string>))).toBe(text);
});

test('families of samples, and how they are declared', () => {
  const counter = { type: 'counter', help: 'Requests.\nAll', unit: '' } as const;
  const metadata = new Map([
    ['http_requests', counter],
    ['old_total', counter],
  ]);
  expect(familyOf('http_requests_total', metadata)).toBe('http_requests');
  expect(familyOf('old_total', metadata)).toBe('old_total');
  expect(familyOf('x_count', metadata)).toBe('x_count');
  expect(writeFamily('old_total', counter)).toBe('# TYPE old counter\n# HELP old Requests.\\nAll\n');
  expect(writeFamily('t_seconds', { type: 'gauge', help: '', unit: 'seconds' })).toBe(
    '# TYPE t_seconds gauge\n# UNIT t_seconds seconds\n',
  );
  expect(writeFamily('x', undefined)).toBe('');
});
