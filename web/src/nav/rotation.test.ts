import { expect, test } from 'vitest';
import { nextBoard, rotationOf } from './rotation.ts';

const query = (text: string): URLSearchParams => new URLSearchParams(text);

test.each([
  ['kiosk&rotate=30s&boards=a,b', { everyMs: 30_000, boards: ['a', 'b'] }],
  ['rotate=1s&boards=a,b', { everyMs: 5000, boards: ['a', 'b'] }],
  ['rotate=soon&boards=a,b', undefined],
  ['rotate=30s&boards=a', undefined],
  ['kiosk', undefined],
])('%s', (text, expected) => {
  expect(rotationOf(query(text))).toEqual(expected);
});

test('the next dashboard follows, the first after the last, with range and variables but not one panel’s state', () => {
  const rotation = rotationOf(query('rotate=30s&boards=a,b%20c'))!;
  expect(
    nextBoard(rotation, '/d/a/title', query('kiosk&from=now-6h&var-job=x&var-job=y&viewPanel=3&only-1=z')),
  ).toBe('/d/b%20c/?kiosk=&from=now-6h&var-job=x&var-job=y');
  expect(nextBoard(rotation, '/d/b%20c/', query(''))).toBe('/d/a/?');
  expect(nextBoard(rotation, '/', query(''))).toBe('/d/a/?');
});
