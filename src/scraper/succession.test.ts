import { expect, test } from 'vitest';
import { type Labels, labelsFromObject } from '../model/labels.ts';
import { collectingAppender } from '../testing/collecting-appender.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { Succession } from './succession.ts';
import type { Target } from './target.ts';

const labels = labelsFromObject({ job: 'web', instance: 'i' });

function setup() {
  const appender = collectingAppender();
  const clock = fakeClock(10_000);
  let inUse: Labels[] = [];
  return {
    succession: new Succession(clock, () => inUse),
    /** A source with a sample, as a target leaves it. */
    source(key: string, timestamp: number) {
      const source = appender.source(key);
      source.begin(timestamp);
      source.set(source.slot(labelsFromObject({ __name__: 'a', job: 'web' })), 1);
      source.commit();
      return source;
    },
    use(...some: Labels[]) {
      inUse = some;
    },
    rows: () => appender.samples('a{job="web"}').map(({ timestamp, value }) => [timestamp, value]),
    openSources: () => appender.openSources(),
  };
}
const target = (key: string) => ({ key, labels }) as Target;

test('what leaves is looked at when all changes are done, and ends when nobody has its labels', async () => {
  const { succession, source, rows, use, openSources } = setup();
  await succession.during(async () => {
    await succession.during(async () => succession.leave(target('old'), source('old', 1000)));
    expect(rows()).toEqual([[1000, 1]]);
    use(labels);
  });
  expect(rows()).toEqual([[1000, 1]]);
  use();
  await succession.during(async () => {});
  expect(rows()).toEqual([
    [1000, 1],
    [10_000, 'stale'],
  ]);
  expect(openSources()).toEqual([]);
});

test('it ends just before the first row of another target with its labels, once', () => {
  const { succession, source, rows } = setup();
  succession.leave(target('old'), source('old', 1000));
  succession.succeed(labelsFromObject({ job: 'other' }), 2000);
  succession.succeed(labels, 3000);
  succession.succeed(labels, 4000);
  expect(rows()).toEqual([
    [1000, 1],
    [2999, 'stale'],
  ]);
});

test('a source that is wanted again, and a second one with the same labels, end at once', () => {
  const { succession, source, rows, openSources } = setup();
  succession.leave(target('old'), source('old', 1000));
  succession.claim('other');
  expect(openSources()).toEqual(['old']);
  succession.leave(target('second'), source('second', 2000));
  expect(openSources()).toEqual(['old']);
  succession.claim('old');
  expect(openSources()).toEqual([]);
  expect(rows().filter(([, value]) => value === 'stale')).toEqual([[10_000, 'stale']]);
});

test('a change that fails does not keep what left waiting', async () => {
  const { succession, source, openSources } = setup();
  const change = succession.during(async () => {
    succession.leave(target('old'), source('old', 1000));
    throw new Error('disk gone');
  });
  await expect(change).rejects.toThrow('disk gone');
  expect(openSources()).toEqual([]);
});
