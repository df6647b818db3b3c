import { expect, test } from 'vitest';
import { seriesNames } from './series-names.ts';

test.each([
  [[], { names: [], common: '' }],
  [[{ __name__: 'up', job: 'a' }], { names: ['up{job="a"}'], common: '' }],
  [
    [
      { __name__: 'cpu', job: 'a', mode: 'idle' },
      { __name__: 'cpu', job: 'a', mode: 'user' },
    ],
    { names: ['{mode="idle"}', '{mode="user"}'], common: 'cpu{job="a"}' },
  ],
  [[{ job: 'a' }, { job: 'a', mode: 'user' }], { names: ['{}', '{mode="user"}'], common: '{job="a"}' }],
  [[{ job: 'a' }, { job: 'b' }], { names: ['{job="a"}', '{job="b"}'], common: '' }],
])('%j', (series, expected) => {
  expect(seriesNames(series as never)).toEqual(expected);
});
