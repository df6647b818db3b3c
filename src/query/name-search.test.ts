import { expect, test } from 'vitest';
import { type NameSearch, searchNames } from './name-search.ts';

const NAMES = [
  'go_goroutines',
  'http_req_total',
  'http_requests_total',
  'node_http_requests',
  'Größe',
  'up',
].sort();

function search(terms: string[], options: Partial<NameSearch> = {}) {
  return searchNames(
    NAMES,
    {
      terms,
      algorithm: 'subsequence',
      threshold: 0,
      isCaseSensitive: true,
      order: 'ascending',
      limit: 100,
      ...options,
    },
    () => {},
  );
}

const textsOf = (...args: Parameters<typeof search>): string[] =>
  search(...args).found.map(({ text }) => text);

test('without terms all names fit, sorted either way, and it is said when there are more', () => {
  expect(textsOf([])).toEqual(NAMES);
  expect(textsOf([''], { order: 'descending' })).toEqual(NAMES.toReversed());
  expect(search([], { limit: 2 })).toEqual({
    found: NAMES.slice(0, 2).map((text) => ({ text, score: 1 })),
    hasMore: true,
  });
  expect(search([], { limit: NAMES.length }).hasMore).toBe(false);
});

test('characters in order fit; what begins with the term is best, unbroken runs are better than gaps', () => {
  expect(textsOf(['httprt'], { order: 'score' })).toEqual([
    'http_req_total',
    'http_requests_total',
    'node_http_requests',
  ]);
  expect(search(['http'], { order: 'score' }).found).toEqual([
    { text: 'http_req_total', score: 1 },
    { text: 'http_requests_total', score: 1 },
    // 5 characters before a run of 4, 9 after it, of 18: (16 - 5/18 - 9/36) / 16, a thousandth less for not being all of it.
    { text: 'node_http_requests', score: expect.closeTo(((16 - 5 / 18 - 9 / 36) / 16) * 0.999, 12) },
  ]);
  expect(textsOf(['ptth'])).toEqual([]);
});

test('a threshold leaves out what fits badly', () => {
  expect(textsOf(['gg'])).toEqual(['go_goroutines']);
  expect(textsOf(['gg'], { threshold: 0.6 })).toEqual([]);
});

test('case counts or not, in any alphabet', () => {
  expect(textsOf(['größe'])).toEqual([]);
  expect(textsOf(['GRÖSSE', 'größe'], { isCaseSensitive: false })).toEqual(['Größe']);
});

test('any of the terms will do, and the best of their scores counts', () => {
  expect(search(['u', 'up'], { order: 'score' }).found[0]).toEqual({ text: 'up', score: 1 });
  expect(textsOf(['goroutines', 'up'], { algorithm: 'jarowinkler' })).toEqual(['go_goroutines', 'up']);
});

test('Jaro and Winkler: a part of the name, the sooner the better, or alike enough', () => {
  const algorithm = 'jarowinkler';
  expect(search(['_http'], { algorithm }).found).toEqual([
    // 4 characters in, of the 13 it could be.
    { text: 'node_http_requests', score: expect.closeTo(1 - (0.9 * 4) / 13, 12) },
  ]);
  expect(textsOf(['http_requst_total'], { algorithm })).toEqual([]);
  const { found } = search(['http_requst_total'], { algorithm, threshold: 0.9, order: 'score' });
  // 17 characters match in order, 4 stand in front: 17/17, 17/19 and 1, a third of each, and four tenths of what lacks.
  const jaro = (1 + 17 / 19 + 1) / 3;
  expect(found[0]).toEqual({
    text: 'http_requests_total',
    score: expect.closeTo(jaro + 0.4 * (1 - jaro), 12),
  });
});
