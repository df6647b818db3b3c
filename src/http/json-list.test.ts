import { expect, test } from 'vitest';
import { arrayPieces, slicedJson } from './json-list.ts';

const never = { isDue: () => false, pause: async () => {} };

test('a short list is one JSON array with its length', async () => {
  const answer = await slicedJson(arrayPieces(['{"a":1}', '{"a":"ü"}']), never);
  expect(answer.headers.get('content-length')).toBe('20');
  expect(await answer.text()).toBe('[{"a":1},{"a":"ü"}]');
  expect(await (await slicedJson(arrayPieces([]), never)).text()).toBe('[]');
});

test('a long list is written in slices, and items are taken only as they are written', async () => {
  let taken = 0;
  const atPause: number[] = [];
  function* items() {
    for (; taken < 100; taken++) yield `{"i":${taken}}`;
  }
  const answer = await slicedJson(arrayPieces(items()), {
    isDue: () => true,
    async pause() {
      atPause.push(taken);
    },
  });
  expect(atPause).toEqual([15, 31, 47, 63, 79, 95]);
  expect(await answer.json()).toEqual(Array.from({ length: 100 }, (_, i) => ({ i })));
});

test('a long list is made of short chunks, whose strings are cheap to turn into bytes', async () => {
  const items = Array.from({ length: 1000 }, () => JSON.stringify('x'.repeat(250)));
  const answer = await slicedJson(arrayPieces(items), never);
  const sizes: number[] = [];
  for await (const chunk of answer.body!) sizes.push(chunk.length);
  expect(sizes.length).toBeGreaterThan(5);
  expect(Math.max(...sizes)).toBeLessThan(40_000);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(Number(answer.headers.get('content-length')));
});
