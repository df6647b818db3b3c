import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { type Queryable, ViewChangedError } from '../model/queryable.ts';
import { MemoryStorage } from '../testing/memory-queryable.ts';
import { ruleEvaluation } from './rule-service.ts';

test('a rule under which data was deleted or moved is evaluated anew', () => {
  const store = new MemoryStorage();
  store.append(labelsFromObject({ __name__: 'up' }), 1000, 1);
  let views = 0;
  const open = new Set<object>();
  const queryable: Queryable = {
    querier(budget) {
      const querier = store.querier(budget);
      open.add(querier);
      const isFirst = ++views === 1;
      return {
        select(matchers, range) {
          if (isFirst) throw new ViewChangedError();
          return querier.select(matchers, range);
        },
        series: (sets, range) => querier.series(sets, range),
        labelNames: (sets, range) => querier.labelNames(sets, range),
        labelValues: (name, sets, range) => querier.labelValues(name, sets, range),
        close: () => void open.delete(querier),
      };
    },
  };
  const evaluate = ruleEvaluation({
    queryable,
    settings: {
      lookbackMs: 300_000,
      defaultSubqueryStepMs: 60_000,
      delayedNameRemoval: false,
      useStartTimestamps: false,
      typeAndUnitLabels: false,
    },
    limits: { maxSamples: 10_000, maxBytes: 1e8, maxResultBytes: 1e8, timeoutMs: 60_000 },
    expand: () => () => ({}) as never,
    monotonic: () => 0,
  });
  const { samples } = evaluate({ expr: 'up == 1', timestamp: 2000, timeoutMs: 1000 } as Parameters<
    typeof evaluate
  >[0]);
  expect(samples).toMatchObject([{ value: 1 }]);
  expect([views, open.size]).toEqual([2, 0]);
});
