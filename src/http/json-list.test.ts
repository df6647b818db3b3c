import { expect, test } from 'vitest';
import { jsonList } from './json-list.ts';

const never = { isDue: () => false, pause: async () => {} };

test('a short list is one JSON array with its length', async () => {
  const answer = await jsonList([{ a: 1 }, { a: 'ü' }], never);
  expect(answer.headers.get('content-length')).toBe('20');
  expect(await answer.text()).toBe('[{"a":1},{"a":"ü"}]');
  expect(await (await jsonList([], never)).text()).toBe('[]');
});

test('a long list is written in slices, and items are taken only as they are written', async () => {
  let taken = 0;
  const atPause: number[] = [];
  function* items() {
    for (; taken < 100; taken++) yield { i: taken };
  }
  const answer = await jsonList(items(), {
    isDue: () => true,
    async pause() {
      atPause.push(taken);
    },
  });
  expect(atPause).toEqual([15, 31, 47, 63, 79, 95]);
  expect(await answer.json()).toEqual(Array.from({ length: 100 }, (_, i) => ({ i })));
});
