import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { openDatabase } from '../sqlite/database.ts';
import { NotifierState } from './state.ts';
import { type FlushTrace, Traces, type Verdict } from './traces.ts';

const MINUTE = 60_000;

function setup() {
  const db = openDatabase(':memory:', { addon: undefined });
  new NotifierState(db);
  const traces = new Traces(db);
  const look = (minutes: number, verdict: Verdict = { kind: 'passed' }, groupKey = 'g'): FlushTrace => ({
    groupKey,
    groupLabels: labelsFromObject({ alertname: 'A' }),
    route: '{}',
    receiver: 'w',
    at: minutes * MINUTE,
    lastAt: minutes * MINUTE,
    count: 1,
    nextFlushAt: (minutes + 1) * MINUTE,
    alerts: [{ fingerprint: 'f', status: 'firing', verdict }],
    unnamed: 0,
    integrations: [],
  });
  return {
    db,
    traces,
    look,
    written: () => (db.prepare('SELECT total_changes() AS n').get() as { n: number }).n,
    /** As another process would find them: minutes of the last look, and looks. */
    stored: () => new Traces(db).ofAlert('f').map(({ lastAt, count }) => [lastAt / MINUTE, count]),
    shown: () => traces.ofAlert('f').map(({ lastAt, count }) => [lastAt / MINUTE, count]),
  };
}

test('looks alike share a row, which is written every five minutes; who asks sees them all', () => {
  const { traces, look, written, stored, shown } = setup();
  const row = traces.record(look(0));
  const before = written();
  for (const minute of [1, 2, 3, 4]) expect(traces.record(look(minute))).toBe(row);
  expect(written()).toBe(before);
  expect([stored(), shown()]).toEqual([[[0, 1]], [[4, 5]]]);
  traces.record(look(5));
  expect(written()).toBe(before + 1);
  expect(stored()).toEqual([[5, 6]]);
});

test('a row is brought up to date by a look that decides otherwise, with its group and at the end', () => {
  const { traces, look, stored, shown } = setup();
  const inhibited: Verdict = { kind: 'muted', intervals: ['night'] };
  traces.record(look(0));
  traces.record(look(1));
  traces.record(look(2, inhibited));
  expect(stored()).toEqual([
    [2, 1],
    [1, 2],
  ]);
  traces.record(look(3, inhibited));
  traces.record(look(3, inhibited, 'other'));
  traces.record(look(4, inhibited, 'other'));
  expect(shown()).toEqual([
    [4, 2],
    [3, 2],
    [1, 2],
  ]);
  traces.forgetGroup('other');
  expect(stored()).toEqual([
    [4, 2],
    [2, 1],
    [1, 2],
  ]);
  traces.save();
  expect(stored()).toEqual(shown());
});
