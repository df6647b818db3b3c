import { expect, test } from 'vitest';
import type { RuleEvaluationResult } from '../model/evaluation.ts';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject, NO_LABELS } from '../model/labels.ts';
import { ruleColumns, ruleResult } from './rule-columns.ts';

const histogram: Histogram = {
  schema: 0,
  count: 3,
  sum: 7,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [3],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

const across = (result: RuleEvaluationResult): RuleEvaluationResult =>
  ruleResult(structuredClone(ruleColumns(result)));

test.each<[string, RuleEvaluationResult]>([
  ['nothing', { samples: [], warnings: ['PromQL warning: x (1:1)'] }],
  ['a scalar', { samples: [{ labels: NO_LABELS, value: -0 }], warnings: [] }],
  [
    'series, one of them a histogram',
    {
      samples: [
        { labels: labelsFromObject({ __name__: 'x', job: 'a', site: 'a' }), value: Number.NaN },
        { labels: labelsFromObject({ __name__: 'x', job: 'b' }), value: 7, histogram },
        { labels: labelsFromObject({ 'zwölf.🦉': 'x' }), value: Number.NEGATIVE_INFINITY },
      ],
      warnings: [],
    },
  ],
  [
    'alerts with their templates expanded',
    {
      samples: [
        {
          labels: labelsFromObject({ job: 'a' }),
          value: 1,
          expandedLabels: { severity: 'page', job: '' },
          expandedAnnotations: {},
        },
        {
          labels: labelsFromObject({ job: 'b' }),
          value: 2,
          // Own properties whatever they are called.
          expandedLabels: JSON.parse('{"__proto__":"page"}') as Record<string, string>,
          expandedAnnotations: { summary: 'job b is down', '2': 'two', '1': 'one' },
        },
      ],
      warnings: [],
    },
  ],
])('a result with %s comes over a port as it was', (_, result) => {
  expect(across(result)).toStrictEqual(result);
  expect(JSON.stringify(across(result))).toBe(JSON.stringify(result));
});

test('a text that many samples have crosses once', () => {
  const samples = Array.from({ length: 50 }, (_, i) => ({
    labels: labelsFromObject({ instance: `host-${i % 5}`, job: 'load' }),
    value: i,
  }));
  const { texts } = ruleColumns({ samples, warnings: [] });
  expect(texts).toEqual(['instance', 'host-0', 'job', 'load', 'host-1', 'host-2', 'host-3', 'host-4']);
});
