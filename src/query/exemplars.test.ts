import { expect, test } from 'vitest';
import type { ExemplarQueryable } from '../model/exemplar.ts';
import { labelsFromObject } from '../model/labels.ts';
import { writeExemplars } from './exemplars.ts';
import { JsonWriter } from './json.ts';

const budget = { samples() {}, bytes() {}, check() {} };

function answer(expr: string, queryable: ExemplarQueryable): unknown {
  const writer = new JsonWriter({ maxBytes: 1e6, charge() {} });
  writeExemplars(writer, queryable, { kind: 'exemplars', expr, range: { from: 0, to: 10_000 } }, budget);
  return JSON.parse(Buffer.concat(writer.finish()).toString());
}

test('exemplars are those of every selector of the expression, as upstream writes them', () => {
  const asked: unknown[] = [];
  const queryable: ExemplarQueryable = {
    exemplars(sets, range) {
      asked.push(sets, range);
      return [
        {
          labels: labelsFromObject({ __name__: 'a_total', job: 'x' }),
          exemplars: [
            {
              labels: labelsFromObject({ trace_id: 'EpTxMJ40fUus7aGY' }),
              value: 6,
              timestamp: 1_600_096_945_479,
            },
            { labels: labelsFromObject({}), value: Number.POSITIVE_INFINITY, timestamp: 2000 },
          ],
        },
      ];
    },
  };
  expect(answer('rate(a_total{job="x"}[5m] offset 1m) / on() sum(max_over_time(b[1h:]))', queryable)).toEqual(
    {
      status: 'success',
      data: [
        {
          seriesLabels: { __name__: 'a_total', job: 'x' },
          exemplars: [
            { labels: { trace_id: 'EpTxMJ40fUus7aGY' }, value: '6', timestamp: 1600096945.479 },
            { labels: {}, value: '+Inf', timestamp: 2 },
          ],
        },
      ],
    },
  );
  expect(asked).toEqual([
    [
      [
        { name: 'job', op: '=', value: 'x' },
        { name: '__name__', op: '=', value: 'a_total' },
      ],
      [{ name: '__name__', op: '=', value: 'b' }],
    ],
    { from: 0, to: 10_000 },
  ]);
});

test('an expression that is none is refused', () => {
  expect(() => answer('rate(', { exemplars: () => [] })).toThrow(/1:6: parse error/);
});
