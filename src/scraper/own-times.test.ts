import { expect, test } from 'vitest';
import type { SampleAppender } from '../model/appender.ts';
import { labelsFromObject } from '../model/labels.ts';
import { OwnTimes } from './own-times.ts';

const NOW = 1_700_000_000_000;

test('a sample may be ten minutes ahead of its page and no more, as upstream has it; the store is not asked about others', () => {
  const asked: number[] = [];
  const times = new OwnTimes({} as SampleAppender, false);
  const store = (timestamp: number): boolean =>
    times.store(labelsFromObject({ __name__: 'm' }), timestamp, NOW, () => {
      asked.push(timestamp);
      return 'ok';
    });
  expect(store(NOW + 600_000)).toBe(true);
  expect(store(NOW + 600_001)).toBe(false);
  expect(asked).toEqual([NOW + 600_000]);
});
