import { expect, test } from 'vitest';
import { withAsked } from './asked.ts';

const address = 'http://belfry/api/v1/rules';
const answer = async (text: string): Promise<Response> => new Response(text);

test('what was asked for before the scripts were there is taken once, and not when it is old', async () => {
  let now = 0;
  const get = (): typeof fetch =>
    withAsked(
      new Map([[address, answer('early')]]),
      () => now,
      () => answer('late'),
    );
  const fetchFn = get();
  const text = async (fetchFn: typeof fetch): Promise<string> => (await fetchFn(new URL(address))).text();
  expect(await text(fetchFn)).toBe('early');
  expect(await text(fetchFn)).toBe('late');
  const tooLate = get();
  now = 5000;
  expect(await text(tooLate)).toBe('late');
});
